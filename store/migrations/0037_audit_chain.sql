-- The audit is chained: whatever is edited, removed or cut off is found by verify-audit.
-- The table of before was in no release; it is made anew.

DROP TABLE audit;
CREATE TABLE audit (
    audit_id BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    role TEXT NOT NULL,
    act TEXT NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    corp_id TEXT COLLATE "C",
    reason TEXT NOT NULL,
    before JSONB NOT NULL,
    after JSONB NOT NULL,
    continues BOOLEAN NOT NULL,
    chain BYTEA NOT NULL,
    CONSTRAINT audit_pkey PRIMARY KEY (audit_id)
);
COMMENT ON TABLE audit IS 'one row per act of an operator, in the same transaction as the act; never changed, never removed';
COMMENT ON COLUMN audit.audit_id IS 'counted without gaps: a number that is missing was removed';
COMMENT ON COLUMN audit.actor IS 'operator (API_TOKEN), operator:<name>, oidc:<name>, api or cli';
COMMENT ON COLUMN audit.role IS 'what the actor might do then';
COMMENT ON COLUMN audit.act IS 'what was done: approve, reject, retry, pause, ...';
COMMENT ON COLUMN audit.target IS 'what it was done to: plan:<id>, event:<id>, corp:<corpid>, ...';
COMMENT ON COLUMN audit.before IS 'what it was, as far as the act changes it; ids and states only';
COMMENT ON COLUMN audit.after IS 'what it is then';
COMMENT ON COLUMN audit.continues IS 'false where the head was found altered when this was written: the chain is broken there for good';
COMMENT ON COLUMN audit.chain IS 'HMAC-SHA-256, under the key app_keys.audit, of the chain of the row before and of this row';
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_target ON audit (target, audit_id);
CREATE INDEX audit_by_actor ON audit (actor, audit_id);

CREATE TABLE audit_head (
    only_one BOOLEAN NOT NULL DEFAULT true,
    audit_id BIGINT NOT NULL,
    chain BYTEA NOT NULL,
    proof BYTEA NOT NULL,
    CONSTRAINT audit_head_pkey PRIMARY KEY (only_one),
    CONSTRAINT audit_head_only_one CHECK (only_one)
);
COMMENT ON TABLE audit_head IS 'how long the audit is: rows that are cut off its end are missed';
COMMENT ON COLUMN audit_head.chain IS 'the chain of the last row';
COMMENT ON COLUMN audit_head.proof IS 'HMAC-SHA-256 of number and chain under the key app_keys.audit';
INSERT INTO audit_head (audit_id, chain, proof) VALUES (0, '', '');

CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only ever added to' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit();
