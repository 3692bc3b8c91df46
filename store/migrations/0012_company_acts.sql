-- What company admins and operators did on a company's page, and what came of it.

CREATE TABLE company_acts (
    corp_pk BIGINT NOT NULL,
    act_id BIGINT GENERATED ALWAYS AS IDENTITY,
    form TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    done_by TEXT COLLATE "C" NOT NULL,
    done_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    told JSONB NOT NULL DEFAULT '{}',
    CONSTRAINT company_acts_pkey PRIMARY KEY (corp_pk, act_id),
    CONSTRAINT company_acts_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk),
    CONSTRAINT company_acts_once UNIQUE (corp_pk, form),
    CONSTRAINT company_acts_kind CHECK (kind IN ('invite', 'resolve', 'unlink'))
);
COMMENT ON TABLE company_acts IS 'one row per form that was sent from a company''s page; a purge drops them';
COMMENT ON COLUMN company_acts.form IS 'a random mark that each shown form carries: the same form sent twice acts once';
COMMENT ON COLUMN company_acts.done_by IS 'operator, or admin:<userid> of a company admin';
COMMENT ON COLUMN company_acts.told IS 'what the page says came of it: member_pks, userids, outcomes and account ids';
