-- What a list said when it was last read, so that the same answer is not read again.

CREATE UNLOGGED TABLE known_answers (
    corp_pk BIGINT NOT NULL,
    page TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    context BYTEA NOT NULL,
    places BIGINT[] NOT NULL,
    rows JSONB NOT NULL,
    CONSTRAINT known_answers_pkey PRIMARY KEY (corp_pk, page)
);
COMMENT ON TABLE known_answers IS 'answers of user/list by their digest, with the rows that they put into staging; unlogged: a crash empties it, and lists are read anew';
COMMENT ON COLUMN known_answers.page IS 'as in run_pages';
COMMENT ON COLUMN known_answers.digest IS 'of the bytes that WeCom sent';
COMMENT ON COLUMN known_answers.context IS 'digest of all else that the rows follow from: our code, and the grounds of these places';
COMMENT ON COLUMN known_answers.places IS 'the departments that the rows name';
COMMENT ON COLUMN known_answers.rows IS 'key, fingerprint and value of each row of staging';
