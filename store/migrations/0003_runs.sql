-- Full reads, what they staged, and the journal of every effective difference.

CREATE TABLE runs (
    run_id TEXT NOT NULL,
    corp_pk BIGINT NOT NULL,
    cause TEXT NOT NULL,
    deep BOOLEAN NOT NULL DEFAULT false,
    state TEXT NOT NULL DEFAULT 'queued',
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    not_before TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    started_at TIMESTAMPTZ,
    read_started_at TIMESTAMPTZ,
    read_ended_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    worker UUID,
    worker_until TIMESTAMPTZ,
    strikes INTEGER NOT NULL DEFAULT 0,
    own_faults INTEGER NOT NULL DEFAULT 0,
    snapshot JSONB,
    pages_read INTEGER NOT NULL DEFAULT 0,
    pages_of INTEGER,
    decisions JSONB NOT NULL DEFAULT '{}',
    calls INTEGER NOT NULL DEFAULT 0,
    calls_least INTEGER NOT NULL DEFAULT 0,
    plan_id TEXT,
    error TEXT,
    CONSTRAINT runs_pkey PRIMARY KEY (run_id),
    CONSTRAINT runs_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk),
    CONSTRAINT runs_state CHECK (state IN ('queued', 'running', 'done', 'held', 'failed', 'cancelled'))
);
COMMENT ON COLUMN runs.cause IS 'install, scope, scope_probe, schedule, gap, operator, drain, approval or failed_barrier';
COMMENT ON COLUMN runs.worker IS 'who reads it now, until worker_until; a silent worker is replaced';
COMMENT ON COLUMN runs.strikes IS 'failures since it last got on, whoever''s fault; they set the wait';
COMMENT ON COLUMN runs.own_faults IS 'failures for a reason of its own; after five it is given up';
COMMENT ON COLUMN runs.snapshot IS 'scope, permissions and tags as read first; the read is thrown away if they change';
COMMENT ON COLUMN runs.decisions IS 'how many of each decision, by name';
COMMENT ON COLUMN runs.pages_of IS 'pages this read needs; null until the first answers tell';
CREATE UNIQUE INDEX runs_one_queued ON runs (corp_pk) WHERE state = 'queued';
CREATE UNIQUE INDEX runs_one_running ON runs (corp_pk) WHERE state = 'running';
CREATE INDEX runs_by_corp ON runs (corp_pk, created_at, run_id);
CREATE INDEX runs_by_age ON runs (created_at, run_id);
CREATE INDEX runs_open ON runs (not_before) WHERE state IN ('queued', 'running');

CREATE TABLE run_requests (
    corp_pk BIGINT NOT NULL,
    request_key TEXT NOT NULL,
    run_id TEXT NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT run_requests_pkey PRIMARY KEY (corp_pk, request_key),
    CONSTRAINT run_requests_run FOREIGN KEY (run_id) REFERENCES runs (run_id)
);
COMMENT ON TABLE run_requests IS 'Idempotency-Key of a resync request, kept 24 hours';

CREATE TABLE run_pages (
    run_id TEXT NOT NULL,
    page TEXT NOT NULL,
    rows INTEGER NOT NULL,
    complete BOOLEAN NOT NULL DEFAULT true,
    read_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT run_pages_pkey PRIMARY KEY (run_id, page),
    CONSTRAINT run_pages_run FOREIGN KEY (run_id) REFERENCES runs (run_id)
);
COMMENT ON COLUMN run_pages.complete IS 'false when WeCom refused to list it: it then proves nobody''s absence';
COMMENT ON TABLE run_pages IS 'rows that each page put into staging; apply refuses a run whose counts do not add up';

CREATE UNLOGGED TABLE staging (
    run_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    page TEXT NOT NULL,
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    key TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    value JSONB NOT NULL
);
COMMENT ON TABLE staging IS 'what a full read saw; unlogged: a crash empties it, and run_pages tells';
CREATE INDEX staging_by_key ON staging (run_id, kind, key, position DESC);
CREATE INDEX staging_by_page ON staging (run_id, page);

CREATE TABLE touched (
    corp_pk BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    touched_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT touched_pkey PRIMARY KEY (corp_pk, key)
);
COMMENT ON TABLE touched IS 'keys that drains asked about while a run was reading; the run asks them again';

CREATE SEQUENCE journal_ids AS BIGINT;

CREATE TABLE journal (
    corp_pk BIGINT NOT NULL,
    line_id BIGINT NOT NULL DEFAULT nextval('journal_ids'),
    at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    cause TEXT NOT NULL,
    run_id TEXT,
    decision TEXT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    reason TEXT NOT NULL,
    before JSONB,
    after JSONB,
    personal BYTEA,
    CONSTRAINT journal_pkey PRIMARY KEY (corp_pk, line_id, at)
) PARTITION BY RANGE (at);
COMMENT ON TABLE journal IS 'one line per effective difference, append-only; folding it gives the org';
COMMENT ON COLUMN journal.cause IS 'mail, run or operator';
COMMENT ON COLUMN journal.before IS 'the fields that changed, as they were; personal ones are in personal';
COMMENT ON COLUMN journal.personal IS '{"before": {...}, "after": {...}} of personal fields, sealed with the corp''s data key';
CREATE TABLE journal_rest PARTITION OF journal DEFAULT;
CREATE INDEX journal_by_time ON journal (corp_pk, at, line_id);
CREATE INDEX journal_by_key ON journal (corp_pk, key, line_id);
CREATE INDEX journal_by_run ON journal (run_id) WHERE run_id IS NOT NULL;

CREATE TABLE schedule (
    name TEXT NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT schedule_pkey PRIMARY KEY (name)
);
COMMENT ON TABLE schedule IS 'when each timed job is due next; claimed with SKIP LOCKED, so a missed run happens once';

CREATE TABLE pauses (
    owner TEXT NOT NULL,
    endpoint_class TEXT NOT NULL,
    until TIMESTAMPTZ NOT NULL,
    strikes INTEGER NOT NULL DEFAULT 1,
    reason TEXT NOT NULL,
    CONSTRAINT pauses_pkey PRIMARY KEY (owner, endpoint_class)
);
COMMENT ON TABLE pauses IS 'back-off of a corp''s endpoint class, or of the suite, after a failure of WeCom''s';
COMMENT ON COLUMN pauses.owner IS 'corp:<corpid> or suite';
