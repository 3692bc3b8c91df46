-- Messages to members: the outbox, the batches that carry them, and cards to change.

CREATE TABLE notices (
    corp_pk BIGINT NOT NULL,
    notice_id BIGINT GENERATED ALWAYS AS IDENTITY,
    member_pk BIGINT NOT NULL,
    company_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    round INTEGER NOT NULL,
    origin TEXT NOT NULL,
    invited_by BIGINT,
    plan_id TEXT,
    state TEXT NOT NULL DEFAULT 'queued',
    reason TEXT,
    queued_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    not_before TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    batch_id TEXT,
    tried_at TIMESTAMPTZ,
    sent_at TIMESTAMPTZ,
    expires_at TIMESTAMPTZ,
    closed TEXT,
    closed_at TIMESTAMPTZ,
    CONSTRAINT notices_pkey PRIMARY KEY (corp_pk, notice_id),
    CONSTRAINT notices_member FOREIGN KEY (corp_pk, member_pk) REFERENCES members (corp_pk, member_pk),
    CONSTRAINT notices_kind CHECK (kind IN ('link', 'invite', 'approval')),
    CONSTRAINT notices_origin CHECK (origin IN ('sync', 'person')),
    CONSTRAINT notices_plan CHECK ((kind = 'approval') = (plan_id IS NOT NULL)),
    CONSTRAINT notices_state CHECK (
        state IN ('queued', 'sent', 'undeliverable', 'dropped', 'unknown')
    ),
    CONSTRAINT notices_closed CHECK (closed IN ('used', 'expired', 'merged', 'over'))
);
COMMENT ON TABLE notices IS 'the outbox: a row is one message that one member gets at most once';
COMMENT ON COLUMN notices.round IS 'how often this member was asked this for this company; with kind and company the cause';
COMMENT ON COLUMN notices.origin IS 'sync: a decision calls for it; person: somebody had it sent again';
COMMENT ON COLUMN notices.invited_by IS 'member_pk of the company admin who had it sent again; null for operators';
COMMENT ON COLUMN notices.reason IS 'why it was dropped or could not be delivered';
COMMENT ON COLUMN notices.not_before IS 'not sent before then: the removal of its member is held, or they got many';
COMMENT ON COLUMN notices.tried_at IS 'when the call that carries it was made';
COMMENT ON COLUMN notices.closed IS 'why what it opens cannot be used any more: used, expired, merged (two members are one), over (nothing is asked any more)';
CREATE UNIQUE INDEX notices_one_live ON notices (corp_pk, member_pk, company_id, kind)
WHERE origin = 'sync' AND kind IN ('link', 'invite') AND closed IS NULL AND state IN ('queued', 'sent', 'unknown');
CREATE UNIQUE INDEX notices_one_card ON notices (corp_pk, plan_id, member_pk) WHERE kind = 'approval';
CREATE UNIQUE INDEX notices_by_cause ON notices (corp_pk, member_pk, company_id, kind, round) WHERE kind IN ('link', 'invite');
CREATE INDEX notices_queued ON notices (corp_pk, not_before) WHERE state = 'queued' AND batch_id IS NULL;
CREATE INDEX notices_by_member ON notices (corp_pk, member_pk, tried_at);
CREATE INDEX notices_by_batch ON notices (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX notices_open ON notices (expires_at) WHERE closed IS NULL AND expires_at IS NOT NULL;

CREATE TABLE notice_batches (
    batch_id TEXT NOT NULL,
    corp_pk BIGINT NOT NULL,
    kind TEXT NOT NULL,
    plan_id TEXT,
    token_hash BYTEA,
    state TEXT NOT NULL DEFAULT 'frozen',
    outcome TEXT,
    sealed BYTEA,
    doubtful BOOLEAN NOT NULL DEFAULT false,
    tries INTEGER NOT NULL DEFAULT 0,
    frozen_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    first_tried_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    code_until TIMESTAMPTZ,
    CONSTRAINT notice_batches_pkey PRIMARY KEY (batch_id),
    CONSTRAINT notice_batches_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk),
    CONSTRAINT notice_batches_state CHECK (
        state IN ('frozen', 'sent', 'undeliverable', 'unknown')
    )
);
COMMENT ON TABLE notice_batches IS 'one call of message/send, frozen before it is made, so that a repeat is the same to the byte';
COMMENT ON COLUMN notice_batches.token_hash IS 'SHA-256 of the token in its address; null for a card, which opens nothing';
COMMENT ON COLUMN notice_batches.sealed IS 'body, recipients and afterwards the response code, sealed with the corp''s data key; null once nothing needs them';
COMMENT ON COLUMN notice_batches.doubtful IS 'a call may have reached WeCom without an answer: repeated within 3.5 h, never changed';
COMMENT ON COLUMN notice_batches.first_tried_at IS 'the first call that may have reached WeCom';
COMMENT ON COLUMN notice_batches.code_until IS 'until then its card can be changed; null when there is no card to change';
CREATE UNIQUE INDEX notice_batches_by_token ON notice_batches (token_hash) WHERE token_hash IS NOT NULL;
CREATE INDEX notice_batches_frozen ON notice_batches (corp_pk) WHERE state = 'frozen';
CREATE INDEX notice_batches_cards ON notice_batches (corp_pk) WHERE code_until IS NOT NULL;

CREATE TABLE card_answers (
    corp_pk BIGINT NOT NULL,
    answer_id BIGINT GENERATED ALWAYS AS IDENTITY,
    plan_id TEXT NOT NULL,
    said TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    queued_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT card_answers_pkey PRIMARY KEY (corp_pk, answer_id),
    CONSTRAINT card_answers_said CHECK (said IN ('decided', 'not_an_admin'))
);
COMMENT ON TABLE card_answers IS 'who pressed a button that decides nothing is told so on their own card; then the row goes';
COMMENT ON COLUMN card_answers.sealed IS 'userid and response code of the click, sealed with the corp''s data key';

CREATE TABLE deliveries (
    corp_pk BIGINT NOT NULL,
    not_before TIMESTAMPTZ,
    waits_for TEXT,
    strikes INTEGER NOT NULL DEFAULT 0,
    batch_limit INTEGER NOT NULL DEFAULT 1000,
    CONSTRAINT deliveries_pkey PRIMARY KEY (corp_pk),
    CONSTRAINT deliveries_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk)
);
COMMENT ON TABLE deliveries IS 'how a corp''s notices are delivered: until when that waits, and how many at once';
COMMENT ON COLUMN deliveries.waits_for IS 'why nothing is sent before not_before: throttle, unavailable, ticket, operator, rush';
COMMENT ON COLUMN deliveries.batch_limit IS 'recipients of the next batch; halved while WeCom refuses a batch as a whole';

ALTER TABLE plans ADD COLUMN admins_asked_at TIMESTAMPTZ;
COMMENT ON COLUMN plans.admins_asked_at IS 'when the corp''s admins were queued a card about it; null while they are to be';
