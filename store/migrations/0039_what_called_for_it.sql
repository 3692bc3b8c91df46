-- Which event a notice or a run goes back to, for logs and traces; how often an alert began.

ALTER TABLE notices ADD COLUMN events BIGINT [] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN notices.events IS 'the mail that called for it; several where a digest gathers; empty where a run or a person did';

ALTER TABLE runs ADD COLUMN event_id BIGINT;
COMMENT ON COLUMN runs.event_id IS 'the mail that opened it; null where the clock or an operator did';

CREATE INDEX alerts_by_subject ON alerts (kind, subject, raised_at);

-- Pages of a large house: the events about one person, scheduled reads of a week, notices by state.
CREATE INDEX inbox_by_key ON inbox (mailbox, key, sent_at) WHERE state IN ('done', 'folded', 'ignored');
DROP INDEX inbox_settled;
CREATE INDEX runs_scheduled ON runs (created_at) INCLUDE (corp_pk, state, decisions) WHERE cause = 'schedule';
CREATE INDEX notices_by_state ON notices (corp_pk, state);
CREATE INDEX memberships_by_link ON memberships (company_id, account_id) WHERE origin = 'wecom';

-- What the audit says of a corp is sealed by the corp's data key, which a purge destroys.
ALTER TABLE audit ADD COLUMN corp_pk BIGINT;
ALTER TABLE audit ADD COLUMN sealed BYTEA;
COMMENT ON COLUMN audit.corp_pk IS 'the corp whose data key seals what it says';
COMMENT ON COLUMN audit.sealed IS 'target, corp, reason, before and after, sealed with the corp''s data key; HMACs stand for them in the open columns';
