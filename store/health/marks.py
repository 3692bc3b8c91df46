"""What charts are marked with: deploys, gaps, WeCom's incidents, operators' acts."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection

DEPLOY = "deploy"
WECOM = "wecom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment or a time on the axis of a chart."""

    kind: str
    about: str
    began_at: datetime
    ended_at: datetime | None


def note(connection: Connection, *, code: str, incident: str | None) -> None:
    """Mark a deploy if other code runs than the last time, and WeCom's incidents.

    Shape: `code` is what the code is known by; WeCom refuses in the way `incident` now,
        or None: whatever it was is over.
    """
    row = connection.execute(
        """
        SELECT (SELECT about FROM marks WHERE kind = 'deploy'
                ORDER BY began_at DESC LIMIT 1),
            ARRAY(SELECT about FROM marks WHERE kind = 'wecom' AND ended_at IS NULL)
        """
    ).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM returns one row.
    known, lasting = row
    if known != code:
        _mark(connection, DEPLOY, code, ends=True)
    if set(lasting) - {incident}:
        connection.execute(
            "UPDATE marks SET ended_at = clock_timestamp() WHERE kind = 'wecom'"
            " AND ended_at IS NULL AND about IS DISTINCT FROM %s",
            [incident],
        )
    if incident is not None and incident not in lasting:
        _mark(connection, WECOM, incident, ends=False)


def _mark(connection: Connection, kind: str, about: str, *, ends: bool) -> None:
    """A mark that begins now; one that ends at once is a moment."""
    connection.execute(
        "INSERT INTO marks (kind, about, ended_at)"
        " VALUES (%s, %s, CASE WHEN %s THEN clock_timestamp() END)"
        " ON CONFLICT (kind, about) WHERE ended_at IS NULL DO NOTHING",
        [kind, about, ends],
    )


def list_marks(connection: Connection, *, seconds: float) -> list[Mark]:
    """The marks of so many last seconds, oldest first, at most 200."""
    with connection.cursor(row_factory=class_row(Mark)) as cursor:
        cursor.execute(
            """
            SELECT kind, about, began_at, ended_at FROM (
                SELECT kind, about, began_at, ended_at FROM marks
                UNION ALL
                SELECT 'gap', reason, opened_at, closed_at FROM gaps
                UNION ALL
                SELECT 'act', act, at, at FROM audit
            ) AS every
            WHERE coalesce(ended_at, clock_timestamp())
                > clock_timestamp() - make_interval(secs => %s)
            ORDER BY began_at DESC LIMIT 200
            """,
            [seconds],
        )
        return cursor.fetchall()[::-1]
