-- Whoever reads a member reads what they were called before; without this by going
-- through all former userids of their corp.

CREATE INDEX aliases_by_member ON aliases (corp_pk, member_pk);
