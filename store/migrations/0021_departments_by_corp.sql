-- Every corp has a department 1: members are found by corp and department at once.

CREATE EXTENSION IF NOT EXISTS btree_gin;
DROP INDEX members_by_department;
CREATE INDEX members_by_department ON members USING gin (corp_pk, department_ids) WHERE state = 'active';
