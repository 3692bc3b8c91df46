-- What was out of step and when, told once when it begins and once when it is over.

CREATE TABLE alerts (
    alert_id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    corp_id TEXT COLLATE "C",
    reason TEXT NOT NULL,
    number BIGINT NOT NULL,
    raised_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    unseen_at TIMESTAMPTZ,
    recovered_at TIMESTAMPTZ,
    CONSTRAINT alerts_pkey PRIMARY KEY (alert_id)
);
COMMENT ON TABLE alerts IS 'one row from the transition into a problem until the transition out of it';
COMMENT ON COLUMN alerts.subject IS 'what tells it from others of its kind: corp, reason, plan or day; one is open at a time';
COMMENT ON COLUMN alerts.number IS 'how many when it was raised, as the overview counts';
COMMENT ON COLUMN alerts.unseen_at IS 'when it was looked for and not found; over once it is not found again';
CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE recovered_at IS NULL;
CREATE INDEX alerts_by_end ON alerts (recovered_at) WHERE recovered_at IS NOT NULL;

CREATE TABLE alert_switches (
    kind TEXT NOT NULL,
    is_told BOOLEAN NOT NULL,
    CONSTRAINT alert_switches_pkey PRIMARY KEY (kind)
);
COMMENT ON TABLE alert_switches IS 'kinds of alerts that an operator has switched off or on again; others are told';

CREATE TABLE alert_deliveries (
    delivery_id BIGINT GENERATED ALWAYS AS IDENTITY,
    alert_id BIGINT,
    said TEXT NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued',
    attempts INTEGER NOT NULL DEFAULT 0,
    queued_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    due_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    ended_at TIMESTAMPTZ,
    outcome TEXT NOT NULL DEFAULT '',
    CONSTRAINT alert_deliveries_pkey PRIMARY KEY (delivery_id),
    CONSTRAINT alert_deliveries_alert FOREIGN KEY (alert_id) REFERENCES alerts (alert_id) ON DELETE CASCADE,
    CONSTRAINT alert_deliveries_said CHECK (said IN ('raised', 'recovered', 'test')),
    CONSTRAINT alert_deliveries_state CHECK (state IN ('queued', 'sent', 'failed')),
    CONSTRAINT alert_deliveries_test CHECK ((alert_id IS NULL) = (said = 'test'))
);
COMMENT ON TABLE alert_deliveries IS 'each transition once for each channel, and tests of a channel';
COMMENT ON COLUMN alert_deliveries.channel IS 'webhook, or the number of an address in ALERT_URLS and the service it is of: no secret';
COMMENT ON COLUMN alert_deliveries.due_at IS 'when it is tried next; taken to be sent means later';
COMMENT ON COLUMN alert_deliveries.outcome IS 'a status or the kind of an error; never an address or an answer';
CREATE INDEX alert_deliveries_due ON alert_deliveries (due_at) WHERE state = 'queued';
CREATE INDEX alert_deliveries_by_alert ON alert_deliveries (alert_id);
