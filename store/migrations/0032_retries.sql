-- Retrying everything that matches: counted first, then done at a pace, and stoppable.

CREATE TABLE retry_batches (
    batch_id TEXT NOT NULL,
    made_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    made_by TEXT COLLATE "C" NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    query TEXT NOT NULL,
    wanted JSONB NOT NULL,
    state TEXT NOT NULL DEFAULT 'ready',
    matching INTEGER NOT NULL,
    mailboxes INTEGER NOT NULL,
    keys INTEGER NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    per_minute INTEGER NOT NULL,
    last_id BIGINT NOT NULL DEFAULT 0,
    up_to_id BIGINT NOT NULL,
    starts_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    CONSTRAINT retry_batches_pkey PRIMARY KEY (batch_id),
    CONSTRAINT retry_batches_state CHECK (state IN ('ready', 'running', 'stopped', 'done'))
);
COMMENT ON TABLE retry_batches IS 'one dry run each: what it would retry; running once somebody starts it';
COMMENT ON COLUMN retry_batches.query IS 'as it was typed';
COMMENT ON COLUMN retry_batches.wanted IS 'what that means: fields of EventFilter';
COMMENT ON COLUMN retry_batches.matching IS 'failed and parked events that matched when they were counted';
COMMENT ON COLUMN retry_batches.keys IS 'people, departments and tags among them: as many questions at least';
COMMENT ON COLUMN retry_batches.last_id IS 'how far it is: events are retried in the order of their arrival, each once';
COMMENT ON COLUMN retry_batches.up_to_id IS 'what came later is not part of it';
CREATE INDEX retry_batches_running ON retry_batches (starts_at) WHERE state = 'running';
CREATE INDEX retry_batches_by_time ON retry_batches (made_at);
