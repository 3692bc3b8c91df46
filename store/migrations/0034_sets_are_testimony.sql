-- One read of a set is one answer: since when it lacks somebody is remembered.

ALTER TABLE absences ADD COLUMN since TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp();
COMMENT ON COLUMN absences.since IS 'since when this doubt stands; a second read of a set counts 3 s later';

ALTER TABLE departments ADD COLUMN unlisted_since TIMESTAMPTZ;
COMMENT ON COLUMN departments.unlisted_since IS 'since when listings lack it without a second answer that says so; null while it is listed';

ALTER TABLE runs ADD COLUMN restarts SMALLINT NOT NULL DEFAULT 0;
COMMENT ON COLUMN runs.restarts IS 'how often the read was thrown away because the scope changed; it is given up in the end';
COMMENT ON COLUMN runs.snapshot IS 'scope, permissions and tags as read, what a first look left open, and what was found';
COMMENT ON COLUMN runs.cause IS 'install, scope, scope_probe, schedule, gap, operator, drain, approval, failed_barrier, finding, or plan: changes nothing';

ALTER TABLE corps ADD COLUMN findings SMALLINT NOT NULL DEFAULT 0;
COMMENT ON COLUMN corps.findings IS 'full reads in a row that ended with a finding; they set how soon it is read again';
