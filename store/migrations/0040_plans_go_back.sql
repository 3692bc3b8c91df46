-- Which event a plan goes back to: the cards that ask about it are in its trace.

ALTER TABLE plans ADD COLUMN event_id BIGINT;
COMMENT ON COLUMN plans.event_id IS 'the mail by which the removals were found; null where a run of the clock or of an operator did';
