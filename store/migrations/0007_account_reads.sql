-- When TAPD is asked next for the people of a company, and how it went.

CREATE TABLE account_reads (
    company_id TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'new',
    error TEXT,
    strikes INTEGER NOT NULL DEFAULT 0,
    left_out INTEGER NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    read_at TIMESTAMPTZ,
    CONSTRAINT account_reads_pkey PRIMARY KEY (company_id),
    CONSTRAINT account_reads_company FOREIGN KEY (company_id) REFERENCES companies (company_id),
    CONSTRAINT account_reads_state CHECK (state IN ('new', 'read', 'refused', 'failed'))
);
COMMENT ON TABLE account_reads IS 'the daily reading of a company''s people from TAPD''s API';
COMMENT ON COLUMN account_reads.state IS 'read: the last one succeeded; refused: TAPD does not let our app; failed: no answer that decides anything';
COMMENT ON COLUMN account_reads.error IS 'why the last one did not succeed; names no person';
COMMENT ON COLUMN account_reads.strikes IS 'failures in a row';
COMMENT ON COLUMN account_reads.left_out IS 'people of the last list that could not be taken: TAPD told no usable id';
COMMENT ON COLUMN account_reads.due_at IS 'when it is read next; while one reads, when that one is taken for dead';
COMMENT ON COLUMN account_reads.read_at IS 'when a reading last succeeded';
CREATE INDEX account_reads_due ON account_reads (due_at);
