-- How things stood, so that the console can draw it: bounded, coarser with age.

CREATE TABLE samples (
    step_seconds INTEGER NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    figures JSONB NOT NULL,
    CONSTRAINT samples_pkey PRIMARY KEY (step_seconds, at)
);
COMMENT ON TABLE samples IS 'what the clock reads of itself every 15 s; older ones stand for longer steps';
COMMENT ON COLUMN samples.figures IS 'numbers by name: gauges as they were at their worst, counters as they stood at the end of the step';

CREATE TABLE marks (
    mark_id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    began_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    ended_at TIMESTAMPTZ,
    CONSTRAINT marks_pkey PRIMARY KEY (mark_id),
    CONSTRAINT marks_kind CHECK (kind IN ('deploy', 'wecom'))
);
COMMENT ON TABLE marks IS 'what charts are marked with and no other table keeps: other code than before, WeCom refusing';
COMMENT ON COLUMN marks.about IS 'deploy: a digest of the code; wecom: throttled or unavailable';
CREATE UNIQUE INDEX marks_one_open ON marks (kind, about) WHERE ended_at IS NULL;
CREATE INDEX marks_by_time ON marks (began_at);

CREATE TABLE spilled (
    hour TIMESTAMPTZ NOT NULL,
    events INTEGER NOT NULL,
    CONSTRAINT spilled_pkey PRIMARY KEY (hour)
);
COMMENT ON TABLE spilled IS 'events that waited in Redis while Postgres was away, by the hour in which they were moved';
