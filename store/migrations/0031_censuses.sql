-- How many people a large corp has, counted by the clock when its journal has grown.

CREATE TABLE censuses (
    corp_pk BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    counted_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    counts JSONB NOT NULL,
    CONSTRAINT censuses_pkey PRIMARY KEY (corp_pk),
    CONSTRAINT censuses_corp FOREIGN KEY (corp_pk) REFERENCES corps (corp_pk)
);
COMMENT ON TABLE censuses IS 'one for each corp of more than 5 000 people: a page must not count them';
COMMENT ON COLUMN censuses.line_id IS 'the newest journal line when it was counted';
COMMENT ON COLUMN censuses.counts IS 'active, left, links by state, and departments: people in each or below it, by id';
