"""When each timed job is due next: rows that one process at a time claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A job whose time has come; `now` is Postgres' clock."""

    name: str
    due_at: datetime
    now: datetime


def get_now(connection: Connection) -> datetime:
    """Postgres' clock, which all schedules go by."""
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM returns one row.
    now: datetime = row[0]
    return now


def plan(connection: Connection, name: str, due_at: datetime) -> None:
    """Have a job done at that time, unless its last time was missed and comes first."""
    connection.execute(
        """
        INSERT INTO schedule AS known (name, due_at) VALUES (%s, %s)
        ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at
        WHERE known.due_at > clock_timestamp() AND known.due_at <> excluded.due_at
        """,
        [name, due_at],
    )


def claim(connection: Connection, name: str) -> Due | None:
    """The job if it is due, locked for this transaction; None if another has it."""
    with connection.cursor(row_factory=class_row(Due)) as cursor:
        cursor.execute(
            "SELECT name, due_at, clock_timestamp() AS now FROM schedule"
            " WHERE name = %s AND due_at <= clock_timestamp()"
            " FOR UPDATE SKIP LOCKED",
            [name],
        )
        return cursor.fetchone()


def set_next(connection: Connection, name: str, due_at: datetime) -> None:
    """When a claimed job is due again, however many times were missed."""
    connection.execute(
        "UPDATE schedule SET due_at = %s WHERE name = %s", [due_at, name]
    )


def take_turns(
    connection: Connection, every_seconds: Mapping[str, float]
) -> frozenset[str]:
    """Which of the jobs done every so often are due, and so the caller's to do now.

    Shape: `every_seconds` by name of the job.
    """
    rows = connection.execute(
        """
        INSERT INTO schedule AS known (name, due_at)
        SELECT name, clock_timestamp() + make_interval(secs => every)
        FROM unnest(%(names)s::text[], %(every)s::float8[]) AS wanted (name, every)
        ORDER BY name
        ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at
        WHERE known.due_at <= clock_timestamp()
        RETURNING name
        """,
        {
            "names": list(every_seconds),
            "every": [float(each) for each in every_seconds.values()],
        },
    ).fetchall()
    return frozenset(name for (name,) in rows)
