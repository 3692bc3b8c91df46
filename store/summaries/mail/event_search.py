"""Events that match, page by page, and failures grouped by what they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection
from store.events.event_filter import (
    BY_INDEX,
    BY_LOOK,
    SET_ASIDE,
    EventFilter,
    values_of,
)
from store.summaries.mail.events import EventRow

# What no index finds is looked for among so many events at once; the page says so.
WINDOW = 20_000
_MOST_SET_ASIDE = 100_000
_MOST_GROUPS = 20
TREND_BUCKETS = 12
_TREND_HOURS = 24

_COLUMNS = """
    event_id, mailbox, kind, change, key, state, times_seen, received_at, done_at,
    attempts, outcome, error
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Events, newest first.

    Shape: `looked_to` is the oldest id that was looked at when the page ends because
        enough was looked at, not because enough was found.
    """

    rows: Sequence[EventRow]
    looked_to: int | None


def search(
    connection: Connection, wanted: EventFilter, *, before: int | None, limit: int
) -> EventPage:
    """The newest events that match, older than `before`."""
    values = {
        **values_of(wanted),
        "before": before,
        "limit": limit,
        "window": _MOST_SET_ASIDE if _is_set_aside(wanted) else WINDOW,
    }
    with connection.cursor(row_factory=class_row(EventRow)) as cursor:
        cursor.execute(
            f"""
            WITH looked AS MATERIALIZED ({_window(wanted)})
            SELECT {_COLUMNS} FROM looked WHERE {BY_LOOK}
            ORDER BY event_id DESC LIMIT %(limit)s
            """,  # noqa: S608 - constants of this module and of the filter's
            values,
        )
        rows = cursor.fetchall()
    if (
        len(rows) >= limit
        or wanted.is_by_index
        or _is_set_aside(wanted)
        or _is_by_key(wanted)
    ):
        return EventPage(rows=rows, looked_to=None)
    return EventPage(rows=rows, looked_to=_window_end(connection, wanted, values))


def _window(wanted: EventFilter) -> str:
    """What is looked at: by the index that knows most of the filter."""
    if wanted.state in {"pending", *SET_ASIDE}:
        # Without an order: the partial index holds few rows, the order many.
        return f"""
            SELECT {_COLUMNS} FROM inbox
            WHERE state = '{wanted.state}' AND {BY_INDEX}
                AND (%(before)s::bigint IS NULL OR event_id < %(before)s)
            LIMIT %(window)s
        """  # noqa: S608 - one of three words
    if _is_by_key(wanted):
        return _of_key(wanted)
    size = "%(limit)s" if wanted.is_by_index else "%(window)s"
    return f"""
        SELECT {_COLUMNS} FROM inbox
        WHERE {BY_INDEX} AND (%(before)s::bigint IS NULL OR event_id < %(before)s)
        ORDER BY event_id DESC LIMIT {size}
    """  # noqa: S608 - constants of this module and of the filter's


def _of_key(wanted: EventFilter) -> str:
    """All about one key in a mailbox: what is settled has an index by key."""
    condition = (
        f"{BY_INDEX} AND key = %(key)s"
        " AND (%(before)s::bigint IS NULL OR event_id < %(before)s)"
    )
    settled = f"""
        (SELECT {_COLUMNS} FROM inbox
        WHERE state IN ('done', 'folded', 'ignored') AND {condition}
        ORDER BY event_id DESC LIMIT %(window)s)
    """  # noqa: S608 - constants of this module and of the filter's
    open_ones = (
        f"(SELECT {_COLUMNS} FROM inbox WHERE state = '{state}' AND {condition}"  # noqa: S608 - one of three words
        " LIMIT %(window)s)"
        for state in ("pending", *SET_ASIDE)
    )
    return " UNION ALL ".join([settled, *open_ones])


def _is_by_key(wanted: EventFilter) -> bool:
    return wanted.mailboxes is not None and wanted.key is not None


def _is_set_aside(wanted: EventFilter) -> bool:
    return wanted.state in {"pending", *SET_ASIDE}


def _window_end(
    connection: Connection, wanted: EventFilter, values: dict[str, object]
) -> int | None:
    row = connection.execute(
        f"""
        SELECT min(event_id), count(*) FROM (
            SELECT event_id FROM inbox
            WHERE {BY_INDEX} AND (%(before)s::bigint IS NULL OR event_id < %(before)s)
            ORDER BY event_id DESC LIMIT %(window)s
        ) AS looked
        """,  # noqa: S608 - constants of the filter's
        values,
    ).fetchone()
    return row[0] if row and row[1] >= WINDOW else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """Failed events that say the same; `trend` counts them in steps of two hours."""

    error: str
    kind: str
    number: int
    corps: int
    first_at: datetime
    last_at: datetime
    trend: list[int]


def group_failures(connection: Connection, wanted: EventFilter) -> list[FailureGroup]:
    """Failed events by what they say, most first; a corp's own id is left out."""
    with connection.cursor(row_factory=class_row(FailureGroup)) as cursor:
        cursor.execute(
            f"""
            SELECT error, kind, count(*) AS number, count(DISTINCT mailbox) AS corps,
                min(received_at) AS first_at, max(received_at) AS last_at,
                ARRAY(SELECT (SELECT count(*) FROM unnest(array_agg(bucket)) AS each
                    WHERE each = step) FROM generate_series(1, %(buckets)s) AS step)
                    AS trend
            FROM (
                SELECT replace(coalesce(error, ''), split_part(mailbox, ':', 2), '…')
                        AS error,
                    kind, mailbox, received_at, width_bucket(
                        extract(epoch FROM received_at - clock_timestamp())::float8,
                        %(back)s * -3600, 0, %(buckets)s) AS bucket
                FROM (SELECT error, kind, change, key, state, mailbox, received_at
                    FROM inbox WHERE state = 'failed' AND {BY_INDEX}
                    LIMIT %(window)s) AS looked
                WHERE {BY_LOOK}
            ) AS told
            GROUP BY error, kind ORDER BY number DESC, last_at DESC LIMIT %(most)s
            """,  # noqa: S608 - constants of the filter's
            {
                **values_of(wanted),
                "state": None,
                "buckets": TREND_BUCKETS,
                "back": _TREND_HOURS,
                "window": WINDOW,
                "most": _MOST_GROUPS,
            },
        )
        return cursor.fetchall()
