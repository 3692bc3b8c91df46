-- What WeCom pushed, kept until it is settled; and what keeps one worker per mailbox.

CREATE SEQUENCE inbox_ids AS BIGINT;

CREATE TABLE inbox (
    event_id BIGINT NOT NULL DEFAULT nextval('inbox_ids'),
    received_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    mailbox TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    change TEXT,
    key TEXT COLLATE "C" NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT,
    error TEXT,
    times_seen INTEGER NOT NULL DEFAULT 1,
    last_seen_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    sent_at TIMESTAMPTZ,
    hint JSONB NOT NULL DEFAULT '{}',
    body BYTEA,
    barrier BOOLEAN NOT NULL DEFAULT false,
    attempts INTEGER NOT NULL DEFAULT 0,
    late_asks SMALLINT NOT NULL DEFAULT 0,
    not_before TIMESTAMPTZ,
    claim UUID,
    asked_at TIMESTAMPTZ,
    done_at TIMESTAMPTZ,
    CONSTRAINT inbox_pkey PRIMARY KEY (event_id, received_at),
    CONSTRAINT inbox_state CHECK (
        state IN ('pending', 'done', 'folded', 'ignored', 'parked', 'failed')
    ),
    CONSTRAINT inbox_times_seen CHECK (times_seen >= 1)
) PARTITION BY RANGE (received_at);

COMMENT ON COLUMN inbox.mailbox IS 'corp:<corpid>, code:<sha256 of an auth code> or suite';
COMMENT ON COLUMN inbox.kind IS 'InfoType or Event as WeCom writes it';
COMMENT ON COLUMN inbox.change IS 'ChangeType, for contact changes';
COMMENT ON COLUMN inbox.key IS 'member:<userid>, department:<id>, tag:<id> or corp';
COMMENT ON COLUMN inbox.sent_at IS 'TimeStamp or CreateTime of the event, whole seconds';
COMMENT ON COLUMN inbox.hint IS 'what the event says, ids and states only, nothing personal';
COMMENT ON COLUMN inbox.body IS 'the decrypted message, sealed; null once it is not needed';
COMMENT ON COLUMN inbox.barrier IS 'an authorisation event: mail behind it waits for it';
COMMENT ON COLUMN inbox.attempts IS 'claims that could have settled this row; given back when the fault was not its own';
COMMENT ON COLUMN inbox.late_asks IS 'answers so far that showed the state before the event';
COMMENT ON COLUMN inbox.not_before IS 'this row alone waits until then (an answer came late)';
COMMENT ON COLUMN inbox.claim IS 'the drain that holds the row';
COMMENT ON COLUMN inbox.asked_at IS 'when the question that settled it was sent';

CREATE TABLE inbox_rest PARTITION OF inbox DEFAULT;
CREATE INDEX inbox_waiting ON inbox (mailbox, event_id) WHERE state = 'pending';
CREATE INDEX inbox_set_aside ON inbox (state, mailbox, event_id) WHERE state IN ('parked', 'failed');
CREATE INDEX inbox_by_mailbox ON inbox (mailbox, event_id);
CREATE INDEX inbox_by_event ON inbox (event_id);

CREATE TABLE identities (
    digest BYTEA NOT NULL,
    event_id BIGINT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT identities_pkey PRIMARY KEY (digest)
);
COMMENT ON TABLE identities IS 'SHA-256 of mailbox + decrypted bytes, kept 48 hours, so that a repeat is known';
CREATE INDEX identities_by_age ON identities (received_at);

CREATE TABLE mailboxes (
    mailbox TEXT COLLATE "C" NOT NULL,
    not_before TIMESTAMPTZ,
    waits_for TEXT,
    strikes INTEGER NOT NULL DEFAULT 0,
    claim_limit INTEGER NOT NULL DEFAULT 20000,
    open_claim UUID,
    CONSTRAINT mailboxes_pkey PRIMARY KEY (mailbox)
);
COMMENT ON COLUMN mailboxes.not_before IS 'no drain before then: a back-off, a limit or a burst';
COMMENT ON COLUMN mailboxes.waits_for IS 'why it waits: ticket, throttle, unavailable, calm, paused';
COMMENT ON COLUMN mailboxes.strikes IS 'failures in a row that were not the mail''s fault; sets the back-off';
COMMENT ON COLUMN mailboxes.claim_limit IS 'rows the next drain may claim; halved by each claim without an outcome';
COMMENT ON COLUMN mailboxes.open_claim IS 'a claim whose outcome is not recorded yet; still set at the next claim, the worker died';

CREATE TABLE leases (
    mailbox TEXT COLLATE "C" NOT NULL,
    token UUID,
    expires_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT leases_pkey PRIMARY KEY (mailbox)
);
COMMENT ON TABLE leases IS 'who may drain a mailbox, lead the clock or move the spill; referenced by nothing';

CREATE TABLE suite_tickets (
    suite_id TEXT NOT NULL,
    ticket BYTEA NOT NULL,
    sent_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT suite_tickets_pkey PRIMARY KEY (suite_id)
);
COMMENT ON COLUMN suite_tickets.ticket IS 'sealed; the newest TimeStamp wins, on a tie the later arrival';

CREATE TABLE tokens (
    owner TEXT NOT NULL,
    token BYTEA,
    expires_at TIMESTAMPTZ,
    refreshing_until TIMESTAMPTZ,
    CONSTRAINT tokens_pkey PRIMARY KEY (owner)
);
COMMENT ON COLUMN tokens.owner IS 'suite:<suite id>, provider, or corp:<suite id>:<surrogate key>';
COMMENT ON COLUMN tokens.token IS 'sealed';

CREATE TABLE receivers (
    receiver TEXT NOT NULL,
    beat_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT receivers_pkey PRIMARY KEY (receiver)
);
COMMENT ON TABLE receivers IS 'heartbeats of receiver processes; silence of all of them for 60 s is a gap';

CREATE TABLE gaps (
    gap_id BIGINT GENERATED ALWAYS AS IDENTITY,
    reason TEXT NOT NULL,
    opened_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    closed_at TIMESTAMPTZ,
    CONSTRAINT gaps_pkey PRIMARY KEY (gap_id)
);
COMMENT ON TABLE gaps IS 'times in which events may have been lost; closing one makes every linked corp due';
CREATE UNIQUE INDEX gaps_one_open ON gaps (reason) WHERE closed_at IS NULL;

CREATE TABLE refusals (
    day DATE NOT NULL,
    reason TEXT NOT NULL,
    count BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT refusals_pkey PRIMARY KEY (day, reason)
);
COMMENT ON TABLE refusals IS 'callbacks refused, a counter per reason; nothing of them is kept';

CREATE TABLE ledger_days (
    mailbox TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    received BIGINT NOT NULL DEFAULT 0,
    applied BIGINT NOT NULL DEFAULT 0,
    folded BIGINT NOT NULL DEFAULT 0,
    duplicate BIGINT NOT NULL DEFAULT 0,
    ignored BIGINT NOT NULL DEFAULT 0,
    pending BIGINT NOT NULL DEFAULT 0,
    parked BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT ledger_days_pkey PRIMARY KEY (mailbox, day)
);
COMMENT ON TABLE ledger_days IS 'sums of pruned inbox rows, so that pruning keeps the ledger balanced; day in UTC';

CREATE TABLE app_keys (
    name TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    CONSTRAINT app_keys_pkey PRIMARY KEY (name)
);
COMMENT ON TABLE app_keys IS 'keys of our own making (the HMAC of purged ids), sealed by SECRET_KEYS';
