-- What operators may do, and sessions that the house's own identity provider opened.

ALTER TABLE operators ADD COLUMN role TEXT NOT NULL DEFAULT 'operator'
    CONSTRAINT operators_role CHECK (role IN ('viewer', 'operator', 'admin'));
COMMENT ON COLUMN operators.role IS 'viewer, operator or admin: each may do whatever those before it may';

ALTER TABLE operator_sessions ADD COLUMN provider_name TEXT COLLATE "C";
ALTER TABLE operator_sessions ADD COLUMN provider_role TEXT
    CONSTRAINT operator_sessions_provider_role CHECK (provider_role IN ('viewer', 'operator', 'admin'));
ALTER TABLE operator_sessions ADD COLUMN provider_subject TEXT COLLATE "C";
ALTER TABLE operator_sessions DROP CONSTRAINT operator_sessions_token;
ALTER TABLE operator_sessions ADD CONSTRAINT operator_sessions_opened_by
    CHECK (num_nonnulls(operator_name, token_mark, provider_subject) = 1
        AND (provider_subject IS NULL) = (provider_name IS NULL)
        AND (provider_subject IS NULL) = (provider_role IS NULL));
CREATE INDEX operator_sessions_by_subject ON operator_sessions (provider_subject)
    WHERE provider_subject IS NOT NULL;
COMMENT ON COLUMN operator_sessions.provider_subject IS 'whom the house''s identity provider named: its id of them, hashed with the issuer; null for a token''s session';
COMMENT ON COLUMN operator_sessions.provider_name IS 'how they are called in the audit';
COMMENT ON COLUMN operator_sessions.provider_role IS 'what the provider said when they signed in; it is asked again at the next sign-in';
