-- A purge goes on from its last page, whoever died over it.

CREATE TABLE purges (
    corp_pk BIGINT NOT NULL,
    corp_id TEXT COLLATE "C" NOT NULL,
    step TEXT NOT NULL,
    after BIGINT NOT NULL DEFAULT 0,
    upto_line BIGINT NOT NULL,
    upto_event BIGINT NOT NULL,
    began_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT purges_pkey PRIMARY KEY (corp_pk),
    CONSTRAINT purges_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk)
);
COMMENT ON TABLE purges IS 'purges that have begun and are not at their end: revoked corps whose people and mail are renamed page by page';
COMMENT ON COLUMN purges.corp_id IS 'the corpid itself, which the HMACs are made with; gone with this row';
COMMENT ON COLUMN purges.step IS 'what is gone through now: names, people, lines or mail';
COMMENT ON COLUMN purges.after IS 'the key of the last row that this step has done';
COMMENT ON COLUMN purges.upto_line IS 'the newest line of the journal when it began; what came later names nobody';
COMMENT ON COLUMN purges.upto_event IS 'the newest mail when it began; what came later is another corp''s, or late mail';

CREATE TABLE purge_names (
    corp_pk BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    CONSTRAINT purge_names_pkey PRIMARY KEY (corp_pk, name),
    CONSTRAINT purge_names_purge FOREIGN KEY (corp_pk) REFERENCES purges (corp_pk) ON DELETE CASCADE
);
COMMENT ON TABLE purge_names IS 'userids and open_userids that a purge is looking for in the journal; gone with it';
