"""What a row of either table of sessions goes through: used, ended, forgotten."""

from typing import Literal

from store.database import Connection
from store.sessions.ids import IS_OPEN, TIMES, hash_of

Table = Literal["member_sessions", "operator_sessions"]


def note_used(connection: Connection, table: Table, session_id: str) -> None:
    """Somebody has come back with it."""
    connection.execute(
        f"UPDATE {table} SET seen_at = clock_timestamp() WHERE session_hash = %s",  # noqa: S608 - one of two names
        [hash_of(session_id)],
    )


def end_one(connection: Connection, table: Table, session_id: str) -> None:
    """End a session, wherever its cookie was copied to; a second time too."""
    connection.execute(
        f"DELETE FROM {table} WHERE session_hash = %s",  # noqa: S608 - one of two names
        [hash_of(session_id)],
    )


def prune_table(connection: Connection, table: Table, *, limit: int) -> int:
    """Forget sessions that are over; how many."""
    return connection.execute(
        f"""
        DELETE FROM {table} WHERE session_hash IN (
            SELECT session_hash FROM {table} WHERE NOT ({IS_OPEN})
            LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        """,  # noqa: S608 - one of two names, and a constant condition
        {**TIMES, "limit": limit},
    ).rowcount
