"""Batches of retries: counted by a dry run, started, worked off at a pace, stopped."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.database import Connection
from store.events.event_filter import (
    BY_INDEX,
    BY_LOOK,
    EventFilter,
    from_json,
    values_of,
)

READY, RUNNING, STOPPED, DONE = "ready", "running", "stopped", "done"
# So long a started batch waits, so that a mistake can be stopped before it does much.
HOLD_SECONDS = 10.0
PER_MINUTE = 600
_KEPT_DAYS = 92


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBatch:
    """A batch as a page shows it."""

    batch_id: str
    made_at: datetime
    made_by: str
    reason: str
    query: str
    state: str
    matching: int
    mailboxes: int
    keys: int
    done: int
    per_minute: int
    starts_at: datetime | None
    ended_at: datetime | None


_SELECT = """
    SELECT batch_id, made_at, made_by, reason, query, state, matching, mailboxes,
        keys, done, per_minute, starts_at, ended_at
    FROM retry_batches
"""
_MATCHES = f"state IN ('failed', 'parked') AND {BY_INDEX} AND {BY_LOOK}"


def prepare(
    connection: Connection, wanted: EventFilter, *, query: str, by: str
) -> RetryBatch:
    """Count exactly what would be retried now; nothing is retried by it."""
    row = connection.execute(
        f"""
        INSERT INTO retry_batches (batch_id, made_by, query, wanted, matching,
            mailboxes, keys, up_to_id, per_minute)
        SELECT %(batch)s, %(by)s, %(query)s, %(wanted)s, count(*),
            count(DISTINCT mailbox), count(DISTINCT (mailbox, key)),
            coalesce(max(event_id), 0), %(per_minute)s
        FROM inbox WHERE {_MATCHES}
        RETURNING batch_id
        """,  # noqa: S608 - constants of this module and of the filter's
        {
            **values_of(wanted),
            "batch": str(uuid4()),
            "by": by,
            "query": query,
            "wanted": Jsonb(wanted.as_json()),
            "per_minute": PER_MINUTE,
        },
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives its row.
    return get(connection, row[0])


def find(connection: Connection, batch_id: str) -> RetryBatch | None:
    """The batch of this id."""
    with connection.cursor(row_factory=class_row(RetryBatch)) as cursor:
        cursor.execute(f"{_SELECT} WHERE batch_id = %s", [batch_id])
        return cursor.fetchone()


def get(connection: Connection, batch_id: str) -> RetryBatch:
    """The batch of this id.

    Raises: LookupError.
    """
    found = find(connection, batch_id)
    if found is None:
        raise LookupError(f"retry batch {batch_id}")
    return found


def list_recent(connection: Connection, *, limit: int) -> list[RetryBatch]:
    """The newest batches."""
    with connection.cursor(row_factory=class_row(RetryBatch)) as cursor:
        cursor.execute(f"{_SELECT} ORDER BY made_at DESC LIMIT %s", [limit])
        return cursor.fetchall()


def start(connection: Connection, batch_id: str, *, reason: str) -> bool:
    """Let a batch run in ten seconds; False when it is not ready or was stopped."""
    return bool(
        connection.execute(
            "UPDATE retry_batches SET state = 'running', reason = %s,"
            " starts_at = clock_timestamp() + make_interval(secs => %s)"
            " WHERE batch_id = %s AND state = 'ready'",
            [reason, HOLD_SECONDS, batch_id],
        ).rowcount
    )


def stop(connection: Connection, batch_id: str) -> bool:
    """Retry nothing more of a batch; what was retried stays so."""
    return bool(
        connection.execute(
            "UPDATE retry_batches SET state = 'stopped', ended_at = clock_timestamp()"
            " WHERE batch_id = %s AND state IN ('ready', 'running')",
            [batch_id],
        ).rowcount
    )


def work(connection: Connection, *, seconds: float) -> list[str]:
    """Retry what so many seconds allow of the running batches, oldest batch first.

    Shape: the mailboxes to be rung.
    Repeats: harmless; each event of a batch is retried at most once, in the order of
        arrival, whatever becomes of it meanwhile.
    """
    running = connection.execute(
        "SELECT batch_id, wanted, last_id, up_to_id, per_minute FROM retry_batches"
        " WHERE state = 'running' AND starts_at <= clock_timestamp()"
        " ORDER BY starts_at LIMIT 5 FOR UPDATE SKIP LOCKED"
    ).fetchall()
    rung: list[str] = []
    for batch_id, wanted, last_id, up_to_id, per_minute in running:
        limit = max(1, round(per_minute * seconds / 60.0))
        rows = _retry_some(
            connection, from_json(wanted), after=last_id, up_to=up_to_id, limit=limit
        )
        _note(connection, batch_id, rows, is_last=len(rows) < limit)
        rung += [mailbox for _, mailbox in rows]
    return sorted(set(rung))


def prune(connection: Connection) -> int:
    """Forget batches that are over, or that nobody started, after three months."""
    return connection.execute(
        "DELETE FROM retry_batches WHERE state <> 'running'"
        " AND made_at < clock_timestamp() - make_interval(days => %s)",
        [_KEPT_DAYS],
    ).rowcount


def _retry_some(
    connection: Connection, wanted: EventFilter, *, after: int, up_to: int, limit: int
) -> list[Any]:
    return connection.execute(
        f"""
        UPDATE inbox SET state = 'pending', attempts = 0, late_asks = 0, error = NULL,
            outcome = NULL, done_at = NULL, not_before = NULL, claim = NULL
        FROM (
            SELECT event_id AS id, received_at AS at FROM inbox
            WHERE {_MATCHES} AND event_id > %(after)s AND event_id <= %(up_to)s
            ORDER BY event_id LIMIT %(limit)s FOR UPDATE
        ) AS next
        WHERE inbox.event_id = next.id AND inbox.received_at = next.at
        RETURNING inbox.event_id, inbox.mailbox
        """,  # noqa: S608 - constants of this module and of the filter's
        {**values_of(wanted), "after": after, "up_to": up_to, "limit": limit},
    ).fetchall()


def _note(
    connection: Connection, batch_id: str, rows: list[Any], *, is_last: bool
) -> None:
    last_id = max((event_id for event_id, _ in rows), default=0)
    connection.execute(
        """
        UPDATE retry_batches SET done = done + %(rows)s,
            last_id = greatest(last_id, %(last_id)s),
            state = CASE WHEN %(is_last)s THEN 'done' ELSE state END,
            ended_at = CASE WHEN %(is_last)s THEN clock_timestamp() END
        WHERE batch_id = %(batch)s
        """,
        {
            "rows": len(rows),
            "last_id": last_id,
            "is_last": is_last,
            "batch": batch_id,
        },
    )
