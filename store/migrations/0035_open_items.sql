-- A member may let us read their open items in TAPD, for as long as their session.

ALTER TABLE member_sessions ADD COLUMN tapd_token BYTEA;
ALTER TABLE member_sessions ADD COLUMN tapd_until TIMESTAMPTZ;
COMMENT ON COLUMN member_sessions.tapd_token IS 'TAPD''s token for the open items of the member, sealed by SECRET_KEYS; null when they have not granted it';
COMMENT ON COLUMN member_sessions.tapd_until IS 'when TAPD takes that token no more';
