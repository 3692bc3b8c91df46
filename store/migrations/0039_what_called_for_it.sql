-- Which event a notice or a run goes back to, for logs and traces; how often an alert began.

ALTER TABLE notices ADD COLUMN events BIGINT [] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN notices.events IS 'the mail that called for it; several where a digest gathers; empty where a run or a person did';

ALTER TABLE runs ADD COLUMN event_id BIGINT;
COMMENT ON COLUMN runs.event_id IS 'the mail that opened it; null where the clock or an operator did';

CREATE INDEX alerts_by_subject ON alerts (kind, subject, raised_at);
