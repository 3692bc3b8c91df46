-- What operators did, with whom it was and why: only ever added to.

CREATE TABLE audit (
    audit_id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    actor TEXT COLLATE "C" NOT NULL,
    act TEXT NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    corp_id TEXT COLLATE "C",
    reason TEXT NOT NULL DEFAULT '',
    before JSONB NOT NULL DEFAULT '{}',
    after JSONB NOT NULL DEFAULT '{}',
    CONSTRAINT audit_pkey PRIMARY KEY (audit_id)
);
COMMENT ON TABLE audit IS 'one row per act of an operator, in the same transaction as the act; never changed, never removed';
COMMENT ON COLUMN audit.actor IS 'operator (API_TOKEN), operator:<name>, or api';
COMMENT ON COLUMN audit.act IS 'what was done: approve, reject, retry, pause, ...';
COMMENT ON COLUMN audit.target IS 'what it was done to: plan:<id>, event:<id>, corp:<corpid>, ...';
COMMENT ON COLUMN audit.before IS 'what it was, as far as the act changes it; ids and states only';
COMMENT ON COLUMN audit.after IS 'what it is then';
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_target ON audit (target, audit_id);
