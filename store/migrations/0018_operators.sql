-- Operators who have a name, and a token of their own that ends alone.

CREATE TABLE operators (
    name TEXT COLLATE "C" NOT NULL,
    token_hash BYTEA NOT NULL,
    made_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT operators_pkey PRIMARY KEY (name),
    CONSTRAINT operators_by_token UNIQUE (token_hash)
);
COMMENT ON TABLE operators IS 'people who may sign in to the console with a token of their own';
COMMENT ON COLUMN operators.token_hash IS 'SHA-256 of the token, which is 32 random bytes: nobody else has it';
COMMENT ON COLUMN link_claims.said_by IS 'member, admin:<userid> of a company admin, operator, or operator:<name>';
COMMENT ON COLUMN company_acts.done_by IS 'operator, operator:<name>, or admin:<userid> of a company admin';
