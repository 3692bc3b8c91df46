-- People in TAPD, and the companies they belong to.

CREATE TABLE accounts (
    account_id TEXT COLLATE "C" NOT NULL,
    nick TEXT,
    name TEXT,
    mobile TEXT,
    mobile_e164 TEXT COLLATE "C",
    email TEXT,
    email_folded TEXT COLLATE "C",
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT accounts_pkey PRIMARY KEY (account_id),
    CONSTRAINT accounts_mobile CHECK ((mobile IS NULL) = (mobile_e164 IS NULL)),
    CONSTRAINT accounts_email CHECK ((email IS NULL) = (email_folded IS NULL))
);
COMMENT ON TABLE accounts IS 'a person in TAPD, whatever companies they are in; a field that nobody has named is null';
COMMENT ON COLUMN accounts.account_id IS 'TAPD''s user id, compared by bytes';
COMMENT ON COLUMN accounts.nick IS 'how TAPD''s items name the person; may change';
COMMENT ON COLUMN accounts.name IS 'the person''s own name';
COMMENT ON COLUMN accounts.mobile IS 'as it was given';
COMMENT ON COLUMN accounts.mobile_e164 IS 'the same as +<country><number>, the form in which mobiles are compared';
COMMENT ON COLUMN accounts.email IS 'as it was given';
COMMENT ON COLUMN accounts.email_folded IS 'the same without regard to case and width, the form in which e-mails are compared';
COMMENT ON COLUMN accounts.changed_at IS 'when a field of this row was last set to something else';
CREATE INDEX accounts_by_mobile ON accounts (mobile_e164) WHERE mobile_e164 IS NOT NULL;
CREATE INDEX accounts_by_email ON accounts (email_folded) WHERE email_folded IS NOT NULL;

CREATE TABLE memberships (
    company_id TEXT NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    employment TEXT NOT NULL DEFAULT 'working',
    origin TEXT NOT NULL,
    joined_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    left_at TIMESTAMPTZ,
    CONSTRAINT memberships_pkey PRIMARY KEY (company_id, account_id),
    CONSTRAINT memberships_company FOREIGN KEY (company_id) REFERENCES companies (company_id),
    CONSTRAINT memberships_account FOREIGN KEY (account_id) REFERENCES accounts (account_id),
    CONSTRAINT memberships_employment CHECK (employment IN ('working', 'left')),
    CONSTRAINT memberships_origin CHECK (origin IN ('tapd', 'wecom'))
);
COMMENT ON TABLE memberships IS 'which account belongs to which company';
COMMENT ON COLUMN memberships.employment IS 'left: disabled or quit in WeCom, and still in the company';
COMMENT ON COLUMN memberships.origin IS 'tapd: named by TAPD''s side (API, import); wecom: made for a member';
COMMENT ON COLUMN memberships.joined_at IS 'when this membership became known here';
COMMENT ON COLUMN memberships.left_at IS 'when the membership ended: the member was removed; null while it lasts';
CREATE INDEX memberships_by_account ON memberships (account_id);
