-- A way out to another platform leaves a row once it was used; what the page knew stays sealed in the browser.

ALTER TABLE journeys ALTER COLUMN visitor_digest DROP NOT NULL;
ALTER TABLE journeys ALTER COLUMN cargo SET DEFAULT '{}';
UPDATE journeys SET cargo = '{}' WHERE ended_at IS NOT NULL OR expires_at < clock_timestamp();
COMMENT ON TABLE journeys IS 'states that came back from another platform with a code that it knew: they are good once';
COMMENT ON COLUMN journeys.visitor_digest IS 'SHA-256 of the cookie that marks the browser, of ways out before 0025; null since';
COMMENT ON COLUMN journeys.cargo IS 'empty; before 0025 what the page knew when it sent the browser away';
