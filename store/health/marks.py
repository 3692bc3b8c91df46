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


def note_code(connection: Connection, digest: str) -> bool:
    """Mark a deploy when other code runs than the last time; whether it is other."""
    row = connection.execute(
        "SELECT about FROM marks WHERE kind = 'deploy' ORDER BY began_at DESC LIMIT 1"
    ).fetchone()
    if row is not None and row[0] == digest:
        return False
    connection.execute(
        "INSERT INTO marks (kind, about, ended_at)"
        " VALUES ('deploy', %s, clock_timestamp())",
        [digest],
    )
    return True


def note_incident(connection: Connection, about: str | None) -> None:
    """WeCom refuses in this way now, or None: whatever it was is over."""
    connection.execute(
        "UPDATE marks SET ended_at = clock_timestamp() WHERE kind = 'wecom'"
        " AND ended_at IS NULL AND about IS DISTINCT FROM %s",
        [about],
    )
    if about is not None:
        connection.execute(
            "INSERT INTO marks (kind, about) VALUES ('wecom', %s)"
            " ON CONFLICT (kind, about) WHERE ended_at IS NULL DO NOTHING",
            [about],
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
