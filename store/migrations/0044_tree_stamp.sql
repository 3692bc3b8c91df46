-- Lets a worker remember a corp's departments, and the next one that reads the corp see
-- that they are others now. Made by triggers, so that whoever writes them cannot forget;
-- random, so that neither a rollback nor a restored database shows an old one again.

ALTER TABLE corps ADD COLUMN tree_stamp UUID NOT NULL DEFAULT gen_random_uuid();
COMMENT ON COLUMN corps.tree_stamp IS 'another one after each statement that changed departments of this corp';

CREATE FUNCTION stamp_trees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE corps SET tree_stamp = gen_random_uuid()
    WHERE corp_pk IN (SELECT corp_pk FROM changed);
    RETURN NULL;
END
$$;
CREATE TRIGGER departments_come AFTER INSERT ON departments
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION stamp_trees();
CREATE TRIGGER departments_change AFTER UPDATE ON departments
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION stamp_trees();
CREATE TRIGGER departments_go AFTER DELETE ON departments
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION stamp_trees();
