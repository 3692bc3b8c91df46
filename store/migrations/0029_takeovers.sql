-- Who works on a mailbox, and who took over from whom.

ALTER TABLE mailboxes ADD COLUMN worker TEXT;
COMMENT ON COLUMN mailboxes.worker IS 'the process that made open_claim';

CREATE TABLE takeovers (
    taken_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    mailbox TEXT COLLATE "C" NOT NULL,
    dead_worker TEXT,
    worker TEXT NOT NULL,
    events INTEGER NOT NULL
);
COMMENT ON TABLE takeovers IS 'mail that a worker died over, and who took it over';
COMMENT ON COLUMN takeovers.dead_worker IS 'the process that had claimed it; null when it was not noted';
CREATE INDEX takeovers_by_time ON takeovers (taken_at);

CREATE INDEX plans_held ON plans (corp_pk, created_at) WHERE state = 'held';
