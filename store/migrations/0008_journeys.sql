-- Ways out of our pages to WeCom or TAPD and back again.

CREATE TABLE journeys (
    state_digest BYTEA NOT NULL,
    visitor_digest BYTEA NOT NULL,
    purpose TEXT NOT NULL,
    cargo JSONB NOT NULL,
    started_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    expires_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    CONSTRAINT journeys_pkey PRIMARY KEY (state_digest)
);
COMMENT ON TABLE journeys IS 'one visit to a page of another platform; its state comes back once, to the same browser';
COMMENT ON COLUMN journeys.state_digest IS 'SHA-256 of the state that the other page returns';
COMMENT ON COLUMN journeys.visitor_digest IS 'SHA-256 of the cookie that marks the browser';
COMMENT ON COLUMN journeys.purpose IS 'sign_in, tapd, ...: a state serves nothing else';
COMMENT ON COLUMN journeys.cargo IS 'what the page knew when it sent the browser away: keys and paths, no names';
COMMENT ON COLUMN journeys.ended_at IS 'when the state came back; null before';
CREATE INDEX journeys_by_age ON journeys (expires_at);
