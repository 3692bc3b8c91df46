-- Runs are forgotten by thousands; each asks whether a request key still names it.

CREATE INDEX run_requests_by_run ON run_requests (run_id);
