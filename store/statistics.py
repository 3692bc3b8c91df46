"""Tells the planner how full the org's tables are, when much was written at once."""

from store.database import Connection

DEPARTMENTS = "departments"
# What statements look for or join by. To sort samples of arrays and JSON takes twice as
# long as all of these; autovacuum, to which the other columns are still owed, does it.
MEMBERS = (
    "members (corp_pk, member_pk, userid, open_userid, state, match_mobile,"
    " match_email)"
)
LINKS = "links, accounts, memberships"


def refresh(connection: Connection, tables: str) -> None:
    """Sample tables that a large corp has just filled; never while they are empty.

    Autovacuum does it within a minute or so. Until then a join of a hundred thousand
    members with their links is planned as if there were none, and takes hours; and
    what was sampled empty is read from end to end for each row that refers to it.
    """
    connection.execute(f"ANALYZE {tables}".encode())
