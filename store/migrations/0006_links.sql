-- Which account each member is, what people said about that, and what WeCom was asked.

CREATE TABLE links (
    corp_pk BIGINT NOT NULL,
    member_pk BIGINT NOT NULL,
    company_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    account_id TEXT COLLATE "C",
    asks TEXT,
    evidence JSONB NOT NULL DEFAULT '[]',
    holds BOOLEAN NOT NULL DEFAULT true,
    stale BOOLEAN NOT NULL DEFAULT false,
    former_account_id TEXT COLLATE "C",
    changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT links_pkey PRIMARY KEY (corp_pk, member_pk),
    CONSTRAINT links_member FOREIGN KEY (corp_pk, member_pk) REFERENCES members (corp_pk, member_pk),
    CONSTRAINT links_company FOREIGN KEY (company_id) REFERENCES companies (company_id),
    CONSTRAINT links_account FOREIGN KEY (account_id) REFERENCES accounts (account_id),
    CONSTRAINT links_state CHECK (state IN ('none', 'linked', 'pending', 'conflict', 'unlinked')),
    CONSTRAINT links_linked CHECK ((state = 'linked') = (account_id IS NOT NULL)),
    CONSTRAINT links_asks CHECK ((state = 'pending') = (asks IS NOT NULL)),
    CONSTRAINT links_kind CHECK (asks IN ('link', 'invite'))
);
COMMENT ON TABLE links IS 'how each member stands to the accounts of TAPD; a member without a row was not examined yet';
COMMENT ON COLUMN links.state IS 'none: waits for lookups since changed_at';
COMMENT ON COLUMN links.reason IS 'why it is so: domain/links.py, LinkReason';
COMMENT ON COLUMN links.account_id IS 'null unless linked';
COMMENT ON COLUMN links.asks IS 'what a pending member is asked: link or invite';
COMMENT ON COLUMN links.evidence IS 'what speaks for and against each account, ids and comparisons only';
COMMENT ON COLUMN links.holds IS 'false once the member was removed: the link of a tombstone blocks nobody';
COMMENT ON COLUMN links.stale IS 'the member changed since, so the link is to be examined again';
COMMENT ON COLUMN links.former_account_id IS 'what the corp''s withdrawal unlinked, for the day it comes back';
CREATE UNIQUE INDEX links_one_member ON links (company_id, account_id) WHERE state = 'linked' AND holds;
CREATE INDEX links_open ON links (corp_pk, member_pk) WHERE state <> 'linked';
CREATE INDEX links_former ON links (company_id, former_account_id) WHERE former_account_id IS NOT NULL;

CREATE TABLE link_claims (
    claim_id BIGINT GENERATED ALWAYS AS IDENTITY,
    corp_pk BIGINT NOT NULL,
    member_pk BIGINT NOT NULL,
    company_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    account_id TEXT COLLATE "C",
    said_by TEXT COLLATE "C" NOT NULL,
    said_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    taken_at TIMESTAMPTZ,
    CONSTRAINT link_claims_pkey PRIMARY KEY (corp_pk, claim_id),
    CONSTRAINT link_claims_member FOREIGN KEY (corp_pk, member_pk) REFERENCES members (corp_pk, member_pk),
    CONSTRAINT link_claims_company FOREIGN KEY (company_id) REFERENCES companies (company_id),
    CONSTRAINT link_claims_account FOREIGN KEY (account_id) REFERENCES accounts (account_id),
    CONSTRAINT link_claims_kind CHECK (kind IN ('proved', 'create', 'resolved', 'unlinked')),
    CONSTRAINT link_claims_named CHECK (
        kind = 'resolved' OR (kind = 'create') = (account_id IS NULL)
    )
);
COMMENT ON TABLE link_claims IS 'what people said about links, in the order they said it; the web writes it, workers decide by it';
COMMENT ON COLUMN link_claims.kind IS 'proved: signed in to the account; create: wants a new one; resolved: the match desk chose the account, or without one a new one; unlinked: left the account';
COMMENT ON COLUMN link_claims.said_by IS 'member, admin:<userid> of a company admin, or operator';
COMMENT ON COLUMN link_claims.taken_at IS 'when a worker decided by it';
CREATE INDEX link_claims_by_member ON link_claims (corp_pk, member_pk, claim_id);
CREATE INDEX link_claims_by_account ON link_claims (corp_pk, account_id);
CREATE INDEX link_claims_open ON link_claims (corp_pk) WHERE taken_at IS NULL;

CREATE TABLE lookups (
    lookup_id BIGINT GENERATED ALWAYS AS IDENTITY,
    corp_pk BIGINT NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    answer TEXT NOT NULL DEFAULT 'open',
    userid TEXT COLLATE "C",
    CONSTRAINT lookups_pkey PRIMARY KEY (corp_pk, lookup_id),
    CONSTRAINT lookups_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk),
    CONSTRAINT lookups_account FOREIGN KEY (account_id) REFERENCES accounts (account_id),
    CONSTRAINT lookups_answer CHECK (answer IN ('open', 'hit', 'miss')),
    CONSTRAINT lookups_hit CHECK ((answer = 'hit') = (userid IS NOT NULL))
);
COMMENT ON TABLE lookups IS 'questions to WeCom whose the mobile of an account is; the mobile itself stays with the account';
COMMENT ON COLUMN lookups.asked_at IS 'when it was reserved, before the question; one from before the account''s mobile changed counts for its day alone';
COMMENT ON COLUMN lookups.answer IS 'open until WeCom has answered; hit names a userid';
CREATE INDEX lookups_by_account ON lookups (corp_pk, account_id, lookup_id DESC);
CREATE INDEX lookups_by_time ON lookups (corp_pk, asked_at);
CREATE INDEX lookups_hits ON lookups (corp_pk, userid) WHERE answer = 'hit';

ALTER TABLE accounts ADD COLUMN mobile_changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp();
COMMENT ON COLUMN accounts.mobile_changed_at IS 'when the mobile was last set to another';
CREATE INDEX accounts_by_nick ON accounts (nick) WHERE nick IS NOT NULL;

ALTER TABLE corps ADD COLUMN lookups_due_at TIMESTAMPTZ;
ALTER TABLE corps ADD COLUMN lookups_blocked_until TIMESTAMPTZ;
COMMENT ON COLUMN corps.lookups_due_at IS 'when to ask for further mobiles, or to stop waiting for them';
COMMENT ON COLUMN corps.lookups_blocked_until IS 'WeCom said too many mobiles were wrong: ask for none before';

ALTER TABLE members ADD COLUMN match_mobile TEXT COLLATE "C";
ALTER TABLE members ADD COLUMN match_email TEXT COLLATE "C";
COMMENT ON COLUMN members.match_mobile IS 'the mobile in E.164; empty when shown as none, null when not visible or no mobile';
COMMENT ON COLUMN members.match_email IS 'the e-mail folded; empty when shown as none, null when not visible';
CREATE INDEX members_by_mobile ON members (corp_pk, match_mobile) WHERE state = 'active' AND match_mobile <> '';
CREATE INDEX members_by_email ON members (corp_pk, match_email) WHERE state = 'active' AND match_email <> '';
