"""Tells the planner how full the org's tables are, when much was written at once."""

from store.database import Connection

ORG = "departments, members"
LINKS = "links, accounts, memberships"


def refresh(connection: Connection, tables: str) -> None:
    """Sample tables that a large corp has just filled; never while they are empty.

    Autovacuum does it within a minute or so. Until then a join of a hundred thousand
    members with their links is planned as if there were none, and takes hours; and
    what was sampled empty is read from end to end for each row that refers to it.
    """
    connection.execute(f"ANALYZE {tables}".encode())
