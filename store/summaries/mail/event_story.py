"""What became of one event: those it was folded with, what changed, who was told."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTimes:
    """The moments of an event that its summary leaves out."""

    sent_at: datetime | None
    last_seen_at: datetime
    asked_at: datetime | None
    not_before: datetime | None
    is_claimed: bool
    late_asks: int
    is_barrier: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SentNotice:
    """A notice that was queued while the event took effect."""

    kind: str
    state: str
    queued_at: datetime
    sent_at: datetime | None


def find_times(connection: Connection, event_id: int) -> EventTimes | None:
    """The further moments of an event."""
    with connection.cursor(row_factory=class_row(EventTimes)) as cursor:
        cursor.execute(
            "SELECT sent_at, last_seen_at, asked_at, not_before,"
            " claim IS NOT NULL AS is_claimed, late_asks, barrier AS is_barrier"
            " FROM inbox WHERE event_id = %s",
            [event_id],
        )
        return cursor.fetchone()


def list_folded_with(
    connection: Connection,
    event_id: int,
    *,
    mailbox: str,
    key: str,
    asked_at: datetime,
    limit: int,
) -> list[int]:
    """Other events of the key that were answered by the same question."""
    rows = connection.execute(
        """
        SELECT event_id FROM (
            SELECT event_id, key, asked_at FROM inbox
            WHERE mailbox = %(mailbox)s
                AND event_id BETWEEN %(event)s - 20000 AND %(event)s + 20000
        ) AS near
        WHERE key = %(key)s AND asked_at = %(asked_at)s AND event_id <> %(event)s
        ORDER BY event_id LIMIT %(limit)s
        """,
        {
            "mailbox": mailbox,
            "event": event_id,
            "key": key,
            "asked_at": asked_at,
            "limit": limit,
        },
    ).fetchall()
    return [found for (found,) in rows]


def list_lines_between(
    connection: Connection,
    corp_pk: int,
    key: str,
    *,
    since: datetime,
    until: datetime,
) -> list[int]:
    """The journal lines about a key that were written in that time."""
    rows = connection.execute(
        "SELECT line_id FROM journal WHERE corp_pk = %s AND key = %s"
        " AND at BETWEEN %s AND %s ORDER BY line_id LIMIT 20",
        [corp_pk, key, since, until],
    ).fetchall()
    return [line_id for (line_id,) in rows]


def list_notices_between(
    connection: Connection,
    corp_pk: int,
    userid: str,
    *,
    since: datetime,
    until: datetime,
) -> list[SentNotice]:
    """The notices that a person was queued in that time."""
    with connection.cursor(row_factory=class_row(SentNotice)) as cursor:
        cursor.execute(
            """
            SELECT n.kind, n.state, n.queued_at, n.sent_at
            FROM members AS m JOIN notices AS n USING (corp_pk, member_pk)
            WHERE m.corp_pk = %s AND m.userid = %s AND n.queued_at BETWEEN %s AND %s
            ORDER BY notice_id LIMIT 10
            """,
            [corp_pk, userid, since, until],
        )
        return cursor.fetchall()
