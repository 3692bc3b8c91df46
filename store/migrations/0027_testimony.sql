-- What events said of people and nothing has settled yet, and people by who they are.

CREATE TABLE testimony (
    corp_pk BIGINT NOT NULL,
    userid TEXT COLLATE "C" NOT NULL,
    event_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    change TEXT,
    hint JSONB NOT NULL,
    sent_at TIMESTAMPTZ,
    received_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT testimony_pkey PRIMARY KEY (corp_pk, userid, event_id),
    CONSTRAINT testimony_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk)
);
COMMENT ON TABLE testimony IS 'what is left of mail that was folded or settled before it was clear what became of the person';
COMMENT ON COLUMN testimony.event_id IS 'the mail that said it';
CREATE INDEX testimony_by_age ON testimony (received_at);

CREATE INDEX members_by_open_userid ON members (corp_pk, open_userid) WHERE open_userid IS NOT NULL;
