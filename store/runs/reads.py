"""The reading half of a run: where it stands, and whether it can go on."""

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from domain.ids import RunId
from store.database import Connection

# A read that stopped goes on from its page for this long, then starts over.
RESUME_SECONDS = 30 * 60


def is_resumable(connection: Connection, run_id: RunId) -> bool:
    """Whether the read began recently enough to go on from its page."""
    row = connection.execute(
        """
        SELECT snapshot IS NOT NULL AND read_started_at
            > clock_timestamp() - make_interval(secs => %s)
        FROM runs WHERE run_id = %s
        """,
        [RESUME_SECONDS, run_id],
    ).fetchone()
    return bool(row and row[0])


def begin_read(connection: Connection, run_id: RunId) -> None:
    """Start the read from its first page; calls and decisions so far still count."""
    connection.execute(
        "UPDATE runs SET read_started_at = clock_timestamp(), read_ended_at = NULL,"
        " snapshot = NULL, pages_read = 0, pages_of = NULL WHERE run_id = %s",
        [run_id],
    )


def count_restart(connection: Connection, run_id: RunId) -> None:
    """The read is thrown away: the scope is another than when it began."""
    connection.execute(
        "UPDATE runs SET restarts = restarts + 1 WHERE run_id = %s", [run_id]
    )


def note_snapshot(
    connection: Connection, run_id: RunId, snapshot: Mapping[str, Any]
) -> None:
    """What the scope was when the read began, and what later pages need of it."""
    connection.execute(
        "UPDATE runs SET snapshot = %s WHERE run_id = %s", [Jsonb(snapshot), run_id]
    )


def note_progress(connection: Connection, run_id: RunId, *, read: int, of: int) -> None:
    """How many pages are read, and how many there are as far as one knows.

    A run that gets on is no failing one: its strikes end.
    """
    connection.execute(
        "UPDATE runs SET pages_read = %s, pages_of = %s, strikes = 0 WHERE run_id = %s",
        [read, of, run_id],
    )


def note_calls(
    connection: Connection, run_id: RunId, *, calls: int, least: int
) -> None:
    """Add the calls of one worker's turn, and the least that it could have made."""
    connection.execute(
        "UPDATE runs SET calls = calls + %s, calls_least = calls_least + %s"
        " WHERE run_id = %s",
        [calls, least, run_id],
    )


def end_read(connection: Connection, run_id: RunId) -> None:
    """The read is complete; what follows is applying it."""
    connection.execute(
        "UPDATE runs SET read_ended_at = clock_timestamp() WHERE run_id = %s", [run_id]
    )
