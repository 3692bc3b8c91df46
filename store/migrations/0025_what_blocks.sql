-- What a mailbox, or a class of endpoints, was refused with: the console names it.

ALTER TABLE mailboxes ADD COLUMN error TEXT;
COMMENT ON COLUMN mailboxes.error IS 'what the last failure said, without any content; null once all went well';
ALTER TABLE mailboxes ADD COLUMN worker TEXT;
COMMENT ON COLUMN mailboxes.worker IS 'the process that made open_claim';
ALTER TABLE pauses ADD COLUMN errcode INTEGER;
COMMENT ON COLUMN pauses.errcode IS 'what WeCom refused with; null when it did not answer';

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
