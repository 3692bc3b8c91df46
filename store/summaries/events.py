"""What was pushed to us, newest first, with where each stands."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection

EVENT_STATES = ("pending", "done", "folded", "ignored", "parked", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSummary:
    """One inbox row without its content."""

    event_id: int
    mailbox: str
    kind: str
    change: str | None
    key: str
    state: str
    times_seen: int
    received_at: datetime
    done_at: datetime | None
    attempts: int
    outcome: str | None
    error: str | None


_SELECT = """
    SELECT event_id, mailbox, kind, change, key, state, times_seen, received_at,
        done_at, attempts, outcome, error
    FROM inbox
"""


def list_events(
    connection: Connection,
    *,
    mailboxes: list[str] | None,
    state: str | None,
    before: int | None,
    limit: int,
) -> list[EventSummary]:
    """Events older than `before`, newest first; None filters nothing."""
    with connection.cursor(row_factory=class_row(EventSummary)) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE (%(mailboxes)s::text[] IS NULL OR mailbox = ANY(%(mailboxes)s))
                AND (%(state)s::text IS NULL OR state = %(state)s)
                AND (%(before)s::bigint IS NULL OR event_id < %(before)s)
            ORDER BY event_id DESC LIMIT %(limit)s
            """,
            {
                "mailboxes": mailboxes,
                "state": state,
                "before": before,
                "limit": limit,
            },
        )
        return cursor.fetchall()


def find_event(connection: Connection, event_id: int) -> EventSummary | None:
    """The event of this id."""
    with connection.cursor(row_factory=class_row(EventSummary)) as cursor:
        cursor.execute(
            f"{_SELECT} WHERE event_id = %s",
            [event_id],
        )
        return cursor.fetchone()


def find_newest_of_key(
    connection: Connection, *, mailboxes: list[str], key: str
) -> EventSummary | None:
    """The newest unsettled or failed event about one key."""
    with connection.cursor(row_factory=class_row(EventSummary)) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE mailbox = ANY(%s) AND key = %s
                AND state IN ('pending', 'parked', 'failed')
            ORDER BY event_id DESC LIMIT 1
            """,
            [mailboxes, key],
        )
        return cursor.fetchone()


def find_last_applied(connection: Connection, mailboxes: list[str]) -> datetime | None:
    """When the newest applied event of these mailboxes took effect."""
    row = connection.execute(
        """
        SELECT done_at FROM inbox WHERE mailbox = ANY(%s) AND state = 'done'
        ORDER BY event_id DESC LIMIT 1
        """,
        [mailboxes],
    ).fetchone()
    return row[0] if row else None
