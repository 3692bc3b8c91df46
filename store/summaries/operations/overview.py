"""The figures of the console's first page, each by an index and with an end."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection

MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits by queue, counted to 100 000, and how long the oldest has."""

    events: int
    events_oldest: float | None
    notices: int
    notices_oldest: float | None
    resync: int
    resync_oldest: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A linked corp with when it was read in full last."""

    corp_id: str
    name: str | None
    last_synced_at: datetime | None
    seconds: float


def count_waiting(connection: Connection) -> Waiting:
    """What waits now."""
    with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        cursor.execute(
            """
            SELECT events.number AS events, events.oldest AS events_oldest,
                notices.number AS notices, notices.oldest AS notices_oldest,
                runs.number AS resync, runs.oldest AS resync_oldest
            FROM (
                SELECT count(*) AS number, greatest(0, extract(epoch FROM
                    clock_timestamp() - min(received_at)))::float8 AS oldest
                FROM (SELECT received_at FROM inbox WHERE state = 'pending'
                    LIMIT %(most)s) AS few
            ) AS events, (
                SELECT count(*) AS number, greatest(0, extract(epoch FROM
                    clock_timestamp() - min(queued_at)))::float8 AS oldest
                FROM (SELECT queued_at FROM notices
                    WHERE state = 'queued' AND batch_id IS NULL
                    LIMIT %(most)s) AS few
            ) AS notices, (
                SELECT count(*) AS number, greatest(0, extract(epoch FROM
                    clock_timestamp() - min(created_at)))::float8 AS oldest
                FROM runs WHERE state IN ('queued', 'running')
            ) AS runs
            """,
            {"most": MOST_COUNTED},
        )
        return cursor.fetchall()[0]


def count_corps(connection: Connection) -> dict[str, int]:
    """Corps by state."""
    return dict(
        connection.execute(
            "SELECT state, count(*) FROM corps GROUP BY state"
        ).fetchall()
    )


def list_stalest(connection: Connection, *, limit: int) -> list[Stale]:
    """The linked corps that were not read in full for the longest."""
    with connection.cursor(row_factory=class_row(Stale)) as cursor:
        cursor.execute(
            """
            SELECT corp_id, name, last_synced_at, greatest(0, extract(epoch FROM
                clock_timestamp() - coalesce(last_synced_at, linked_at,
                    authorised_at)))::float8 AS seconds
            FROM corps WHERE state = 'linked' ORDER BY seconds DESC, corp_pk LIMIT %s
            """,
            [limit],
        )
        return cursor.fetchall()


def find_ticket_age(connection: Connection, suite_id: str) -> float | None:
    """Seconds since a ticket of the suite came."""
    row = connection.execute(
        "SELECT greatest(0, extract(epoch FROM clock_timestamp() - received_at))"
        "::float8 FROM suite_tickets WHERE suite_id = %s",
        [suite_id],
    ).fetchone()
    return row[0] if row else None
