"""What was pushed to us, newest first, with where each stands."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection
from store.summaries.mail.waits import KNOWN_UNTIL, WaitSummary, wait_of

EVENT_STATES = ("pending", "done", "folded", "ignored", "parked", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One event in a list: an inbox row without its content."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSummary(EventRow):
    """One event, and what it waits for."""

    waits_for: str | None
    waits_since: datetime | None
    waits_until: datetime | None

    @property
    def wait(self) -> WaitSummary | None:
        """What the row waits for, by itself or with its whole mailbox."""
        return wait_of(self.waits_for, self.waits_since, self.waits_until, self.error)


# What may still come to something; each has an index that knows nothing of keys.
OPEN_STATES = ("pending", "parked", "failed")
_MOST_LOOKED = 20_000

# A row that is pending waits by itself, or with all others of its mailbox.
_SELECT = f"""
    SELECT event_id, mailbox, kind, change, key, state, times_seen, received_at,
        done_at, attempts, outcome, wait.*
    FROM inbox CROSS JOIN LATERAL (
        SELECT coalesce(inbox.error, all_wait.error) AS error,
            coalesce(own.waits_for, all_wait.waits_for) AS waits_for,
            CASE WHEN own.waits_for IS NULL THEN all_wait.waiting_since
                ELSE own.waiting_since END AS waits_since,
            CASE WHEN own.waits_for IS NULL THEN all_wait.until
                ELSE own.until END AS waits_until
        FROM (SELECT 1) AS one
        LEFT JOIN LATERAL (
            SELECT inbox.waits_for, inbox.waiting_since, inbox.not_before AS until
            WHERE inbox.state = 'pending' AND inbox.waits_for IS NOT NULL
        ) AS own ON true
        LEFT JOIN LATERAL (
            SELECT box.waits_for, box.waiting_since, box.error,
                CASE WHEN box.not_before < {KNOWN_UNTIL}
                    THEN box.not_before END AS until
            FROM mailboxes AS box
            WHERE box.mailbox = inbox.mailbox AND inbox.state = 'pending'
                AND box.not_before > clock_timestamp() AND box.waits_for IS NOT NULL
        ) AS all_wait ON true
    ) AS wait
"""  # noqa: S608 - a constant of this room


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
            WHERE (event_id, received_at) = (
                SELECT event_id, received_at FROM (
                    {" UNION ALL ".join(map(_newest_open, OPEN_STATES))}
                ) AS near
                WHERE key = %(key)s ORDER BY event_id DESC LIMIT 1
            )
            """,  # noqa: S608 - constants of this module
            {"mailboxes": mailboxes, "key": key, "most": _MOST_LOOKED},
        )
        return cursor.fetchone()


def _newest_open(state: str) -> str:
    return f"""
        (SELECT event_id, received_at, key FROM inbox
        WHERE state = '{state}' AND mailbox = ANY(%(mailboxes)s)
        ORDER BY event_id DESC LIMIT %(most)s)
    """  # noqa: S608 - one of three words


def find_last_applied(connection: Connection, mailboxes: list[str]) -> datetime | None:
    """When the newest applied event of these mailboxes took effect."""
    row = connection.execute(
        """
        SELECT max(done_at) FROM unnest(%s::text[]) AS wanted (mailbox)
        CROSS JOIN LATERAL (
            SELECT state, done_at FROM inbox WHERE inbox.mailbox = wanted.mailbox
            ORDER BY event_id DESC LIMIT 1000
        ) AS newest
        WHERE state = 'done'
        """,
        [mailboxes],
    ).fetchone()
    return row[0] if row else None
