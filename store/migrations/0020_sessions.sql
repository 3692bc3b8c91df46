-- Who is signed in: each session is a random id of which we know the hash, and ends here.

CREATE TABLE operator_sessions (
    session_hash BYTEA NOT NULL,
    operator_name TEXT COLLATE "C",
    token_mark BYTEA,
    began_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    seen_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT operator_sessions_pkey PRIMARY KEY (session_hash),
    CONSTRAINT operator_sessions_operator FOREIGN KEY (operator_name) REFERENCES operators (name) ON DELETE CASCADE,
    CONSTRAINT operator_sessions_token CHECK (num_nonnulls(operator_name, token_mark) = 1)
);
COMMENT ON TABLE operator_sessions IS 'browsers in which an operator is signed in to the console';
COMMENT ON COLUMN operator_sessions.session_hash IS 'SHA-256 of the cookie, which is 32 random bytes: nobody else has it';
COMMENT ON COLUMN operator_sessions.operator_name IS 'whose session it is; null when it was opened with API_TOKEN';
COMMENT ON COLUMN operator_sessions.token_mark IS 'HMAC of the API_TOKEN it was opened with, under a key of SECRET_KEYS: a new token ends it';
COMMENT ON COLUMN operator_sessions.seen_at IS 'when it was used last, to the minute';
CREATE INDEX operator_sessions_by_name ON operator_sessions (operator_name, seen_at);

CREATE TABLE member_sessions (
    session_hash BYTEA NOT NULL,
    corp_pk BIGINT NOT NULL,
    member_pk BIGINT NOT NULL,
    admin_until TIMESTAMPTZ,
    began_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    seen_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT member_sessions_pkey PRIMARY KEY (session_hash)
);
COMMENT ON TABLE member_sessions IS 'browsers in which WeCom has named a member';
COMMENT ON COLUMN member_sessions.session_hash IS 'SHA-256 of the cookie, which is 32 random bytes';
COMMENT ON COLUMN member_sessions.member_pk IS 'may have been merged into another member since: the session is over then';
COMMENT ON COLUMN member_sessions.admin_until IS 'so long WeCom''s answer that they are an admin of their corp counts; null when it said no, or was not asked';
COMMENT ON COLUMN member_sessions.seen_at IS 'when it was used last, to the minute';
CREATE INDEX member_sessions_by_member ON member_sessions (corp_pk, member_pk, seen_at);
