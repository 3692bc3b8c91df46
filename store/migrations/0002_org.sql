-- The TAPD org model: companies, the corps linked to them, departments and members.

CREATE TABLE companies (
    company_id TEXT NOT NULL,
    name TEXT NOT NULL,
    edition TEXT NOT NULL DEFAULT 'standard',
    origin TEXT NOT NULL,
    event_secret BYTEA,
    unmatched TEXT,
    guard JSONB,
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT companies_pkey PRIMARY KEY (company_id),
    CONSTRAINT companies_edition CHECK (edition IN ('standard', 'professional', 'enterprise')),
    CONSTRAINT companies_origin CHECK (origin IN ('tapd', 'wecom')),
    CONSTRAINT companies_unmatched CHECK (unmatched IN ('ask', 'create'))
);
COMMENT ON COLUMN companies.origin IS 'tapd: existed before (way 1); wecom: made from a WeCom install (ways 2, 3)';
COMMENT ON COLUMN companies.event_secret IS 'the secret of TAPD''s item webhooks, sealed';
COMMENT ON COLUMN companies.guard IS 'overrides of GUARD_*: switch, removals, share, ceiling, window_hours';

CREATE TABLE corps (
    corp_pk BIGINT GENERATED ALWAYS AS IDENTITY,
    corp_id TEXT COLLATE "C" NOT NULL,
    state TEXT NOT NULL,
    name TEXT,
    company_id TEXT,
    agent_id BIGINT,
    auth_mode SMALLINT NOT NULL DEFAULT 0,
    scope JSONB NOT NULL DEFAULT '{}',
    permissions JSONB NOT NULL DEFAULT '[]',
    permanent_code BYTEA,
    data_key BYTEA,
    paused_by TEXT,
    due_at TIMESTAMPTZ,
    due_cause TEXT,
    scope_doubt_at TIMESTAMPTZ,
    scope_doubts SMALLINT NOT NULL DEFAULT 0,
    last_synced_at TIMESTAMPTZ,
    authorised_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    linked_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    CONSTRAINT corps_pkey PRIMARY KEY (corp_pk),
    CONSTRAINT corps_company FOREIGN KEY (company_id) REFERENCES companies (company_id),
    CONSTRAINT corps_state CHECK (state IN ('authorised', 'linked', 'paused', 'revoked')),
    CONSTRAINT corps_linked CHECK (state IN ('authorised', 'revoked') OR company_id IS NOT NULL)
);
COMMENT ON COLUMN corps.corp_id IS 'WeCom''s corpid; after a purge hmac:<hex> of it';
COMMENT ON COLUMN corps.scope IS 'get_auth_info as last read: departments, members, tags and extra_ of each';
COMMENT ON COLUMN corps.permissions IS 'get_permissions as last read';
COMMENT ON COLUMN corps.permanent_code IS 'sealed; null once revoked';
COMMENT ON COLUMN corps.data_key IS 'sealed key of this corp''s personal fields; destroying it makes them unreadable';
COMMENT ON COLUMN corps.paused_by IS 'operator, wecom (closed or inactive) or revoked_unconfirmed';
COMMENT ON COLUMN corps.scope_doubt_at IS 'look at the scope again then: an event said that it changed, the read showed the old one';
COMMENT ON COLUMN corps.scope_doubts IS 'how often that was decided in a row';
COMMENT ON COLUMN corps.due_at IS 'a full resync is wanted from then on';
CREATE UNIQUE INDEX corps_one_live ON corps (corp_id) WHERE state <> 'revoked';
CREATE UNIQUE INDEX corps_one_link ON corps (company_id) WHERE state IN ('linked', 'paused');
CREATE INDEX corps_by_corp_id ON corps (corp_id, corp_pk);

CREATE TABLE tags (
    corp_pk BIGINT NOT NULL,
    tag_id BIGINT NOT NULL,
    userids TEXT [] COLLATE "C" NOT NULL,
    department_ids BIGINT [] NOT NULL,
    CONSTRAINT tags_pkey PRIMARY KEY (corp_pk, tag_id),
    CONSTRAINT tags_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk)
);
COMMENT ON TABLE tags IS 'the tags of the scope as last read: they grant use to people and subtrees';

CREATE TABLE departments (
    corp_pk BIGINT NOT NULL,
    department_id BIGINT NOT NULL,
    parent_id BIGINT,
    sort_order BIGINT,
    name TEXT,
    fingerprint BYTEA NOT NULL,
    CONSTRAINT departments_pkey PRIMARY KEY (corp_pk, department_id),
    CONSTRAINT departments_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk)
);
COMMENT ON COLUMN departments.parent_id IS 'WeCom''s parent id, raw: it may name a department we do not see';
COMMENT ON COLUMN departments.fingerprint IS 'of all that WeCom owns in this row; says without comparing whether it differs';
COMMENT ON COLUMN departments.sort_order IS '0 to 2^32 - 1, larger sorts first';
CREATE INDEX departments_by_parent ON departments (corp_pk, parent_id);

CREATE TABLE members (
    corp_pk BIGINT NOT NULL,
    member_pk BIGINT GENERATED ALWAYS AS IDENTITY,
    userid TEXT COLLATE "C" NOT NULL,
    open_userid TEXT COLLATE "C",
    name TEXT,
    activation TEXT,
    department_ids BIGINT [] NOT NULL,
    department_orders BIGINT [] NOT NULL,
    main_department BIGINT,
    leads BIGINT [],
    direct_leaders TEXT [] COLLATE "C",
    details JSONB NOT NULL DEFAULT '{}',
    grounds TEXT [] COLLATE "C" NOT NULL,
    employment TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'active',
    removal TEXT,
    removed_at TIMESTAMPTZ,
    added_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    fingerprint BYTEA NOT NULL,
    CONSTRAINT members_pkey PRIMARY KEY (corp_pk, member_pk),
    CONSTRAINT members_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk),
    CONSTRAINT members_activation CHECK (activation IN ('active', 'disabled', 'pending', 'quit')),
    CONSTRAINT members_employment CHECK (employment IN ('working', 'left')),
    CONSTRAINT members_state CHECK (state IN ('active', 'removed')),
    CONSTRAINT members_removal CHECK ((state = 'removed') = (removal IS NOT NULL)),
    CONSTRAINT members_orders CHECK (cardinality(department_ids) = cardinality(department_orders))
);
COMMENT ON COLUMN members.userid IS 'the current userid, compared by bytes; hmac:<hex> after a purge';
COMMENT ON COLUMN members.department_ids IS 'ascending';
COMMENT ON COLUMN members.department_orders IS 'aligned to department_ids; null where not visible';
COMMENT ON COLUMN members.leads IS 'departments led; null when not visible';
COMMENT ON COLUMN members.direct_leaders IS 'userids; null when not visible';
COMMENT ON COLUMN members.fingerprint IS 'of all that WeCom owns in this row; says without comparing whether it differs';
COMMENT ON COLUMN members.details IS 'mobile, email and the like, only where WeCom shows them';
COMMENT ON COLUMN members.grounds IS 'why the person may use the app: department:<root>, direct, tag:<id>';
COMMENT ON COLUMN members.removal IS 'scope or deletion; decides how a return is treated';
CREATE UNIQUE INDEX members_one_active ON members (corp_pk, userid) WHERE state = 'active';
CREATE INDEX members_removed ON members (corp_pk, userid) WHERE state = 'removed';
CREATE INDEX members_by_department ON members USING gin (department_ids) WHERE state = 'active';

CREATE TABLE aliases (
    corp_pk BIGINT NOT NULL,
    userid TEXT COLLATE "C" NOT NULL,
    member_pk BIGINT NOT NULL,
    CONSTRAINT aliases_pkey PRIMARY KEY (corp_pk, userid),
    CONSTRAINT aliases_member FOREIGN KEY (corp_pk, member_pk) REFERENCES members (corp_pk, member_pk)
);
COMMENT ON TABLE aliases IS 'userids that a member had before; the current one is not among them';

CREATE TABLE installs (
    code_hash TEXT NOT NULL,
    state TEXT NOT NULL,
    corp_pk BIGINT,
    reason TEXT,
    seen_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    ended_at TIMESTAMPTZ,
    CONSTRAINT installs_pkey PRIMARY KEY (code_hash),
    CONSTRAINT installs_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk),
    CONSTRAINT installs_state CHECK (state IN ('waiting', 'exchanged', 'linked', 'refused', 'failed'))
);
COMMENT ON TABLE installs IS 'one row per auth code, keyed by its SHA-256, so that redirect and callback meet';
