-- What a resync would do, found out by doing it to a copy.

-- A plan reads beside a run of the same corp: one of each may be queued and running.
DROP INDEX runs_one_queued;
DROP INDEX runs_one_running;
CREATE UNIQUE INDEX runs_one_queued ON runs (corp_pk, (cause = 'plan')) WHERE state = 'queued';
CREATE UNIQUE INDEX runs_one_running ON runs (corp_pk, (cause = 'plan')) WHERE state = 'running';
COMMENT ON COLUMN runs.cause IS 'install, scope, scope_probe, schedule, gap, operator, drain, approval, failed_barrier, or plan: changes nothing';

CREATE TABLE rehearsals (
    run_id TEXT NOT NULL,
    corp_pk BIGINT NOT NULL,
    hash TEXT NOT NULL,
    calls_resync INTEGER NOT NULL,
    holds JSONB NOT NULL,
    groups JSONB NOT NULL,
    made_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT rehearsals_pkey PRIMARY KEY (run_id),
    CONSTRAINT rehearsals_run FOREIGN KEY (run_id) REFERENCES runs (run_id)
);
COMMENT ON TABLE rehearsals IS 'what came of a run with the cause plan; kept for a week';
COMMENT ON COLUMN rehearsals.hash IS 'of the plan that would wait, as in plans; else of all entries that would, or of all decisions';
COMMENT ON COLUMN rehearsals.calls_resync IS 'the calls to WeCom that a resync would cost';
COMMENT ON COLUMN rehearsals.holds IS 'the plans that would wait: kind, hash, how many, and the id where it waits already';
COMMENT ON COLUMN rehearsals.groups IS 'decisions that are one change: domain/grouping.py';
CREATE INDEX rehearsals_by_age ON rehearsals (made_at);
CREATE INDEX rehearsals_by_corp ON rehearsals (corp_pk);

CREATE TABLE rehearsed (
    run_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    corp_pk BIGINT NOT NULL,
    decision TEXT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    before JSONB NOT NULL,
    after JSONB NOT NULL,
    personal BYTEA,
    reason TEXT NOT NULL,
    held BOOLEAN NOT NULL,
    CONSTRAINT rehearsed_pkey PRIMARY KEY (run_id, position),
    CONSTRAINT rehearsed_rehearsal FOREIGN KEY (run_id) REFERENCES rehearsals (run_id) ON DELETE CASCADE
);
COMMENT ON TABLE rehearsed IS 'each decision of a rehearsal, as the journal would have it';
COMMENT ON COLUMN rehearsed.held IS 'the guard would let it wait, or lets it wait already';
COMMENT ON COLUMN rehearsed.personal IS '{"before": {...}, "after": {...}} of personal fields, sealed with the corp''s data key';
CREATE INDEX rehearsed_by_corp ON rehearsed (corp_pk);
