-- Members whom WeCom does not show any more, and of whom nothing is decided.

CREATE TABLE absences (
    corp_pk BIGINT NOT NULL,
    userid TEXT COLLATE "C" NOT NULL,
    finding TEXT NOT NULL,
    doubt TEXT NOT NULL,
    evidence JSONB NOT NULL,
    noted_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT absences_pkey PRIMARY KEY (corp_pk, userid),
    CONSTRAINT absences_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk)
);
COMMENT ON TABLE absences IS 'active members missing from the last answers about them, without the second answer that a removal needs';
COMMENT ON COLUMN absences.finding IS 'lost_permission or cut_off_read';
COMMENT ON COLUMN absences.doubt IS 'which answer was not enough';
COMMENT ON COLUMN absences.evidence IS 'what WeCom answered: errcodes and names of lists';
