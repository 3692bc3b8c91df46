-- Removals that wait for a person because too many came at once.

CREATE TABLE plans (
    plan_id TEXT NOT NULL,
    corp_pk BIGINT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'held',
    hash TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    decided_at TIMESTAMPTZ,
    decided_by TEXT,
    run_id TEXT,
    CONSTRAINT plans_pkey PRIMARY KEY (plan_id),
    CONSTRAINT plans_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk),
    CONSTRAINT plans_kind CHECK (kind IN ('members', 'departments')),
    CONSTRAINT plans_state CHECK (state IN ('held', 'approved', 'rejected', 'superseded'))
);
COMMENT ON TABLE plans IS 'removals beyond the guard, frozen until somebody decides about them';
COMMENT ON COLUMN plans.hash IS 'SHA-256 of corp and sorted (kind, key, before): an approval must repeat it';
COMMENT ON COLUMN plans.decided_by IS 'api, cli, or the userid of the corp''s admin who pressed the button';
COMMENT ON COLUMN plans.run_id IS 'the run that an approval asked for';
CREATE INDEX plans_by_corp ON plans (corp_pk, created_at, plan_id);
CREATE INDEX plans_by_age ON plans (created_at, plan_id);

CREATE TABLE plan_entries (
    plan_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    corp_pk BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    decision TEXT NOT NULL,
    before JSONB NOT NULL,
    after JSONB NOT NULL,
    personal BYTEA,
    reason TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    CONSTRAINT plan_entries_pkey PRIMARY KEY (plan_id, position),
    CONSTRAINT plan_entries_plan FOREIGN KEY (plan_id) REFERENCES plans (plan_id),
    CONSTRAINT plan_entries_state CHECK (state IN ('waiting', 'applied', 'returned'))
);
COMMENT ON COLUMN plan_entries.before IS 'all fields of what would be removed; personal ones are in personal';
COMMENT ON COLUMN plan_entries.after IS 'its state and cause of removal afterwards';
COMMENT ON COLUMN plan_entries.personal IS 'personal fields of before and after, sealed with the corp''s data key';
COMMENT ON COLUMN plan_entries.reason IS 'why the removal was confirmed';
COMMENT ON COLUMN plan_entries.state IS 'returned: WeCom shows it again, so there is nothing to remove';
CREATE INDEX plan_entries_by_key ON plan_entries (corp_pk, key) WHERE state = 'waiting';
