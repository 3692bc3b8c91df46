"""How many callbacks were refused, by day and by the check that they failed."""

from dataclasses import dataclass
from datetime import date

from psycopg.rows import class_row

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalCount:
    """One day's refusals for one reason."""

    day: date
    reason: str
    count: int


def list_refusals(connection: Connection, *, days: int = 7) -> list[RefusalCount]:
    """The refusals of the last days, the newest day first."""
    with connection.cursor(row_factory=class_row(RefusalCount)) as cursor:
        cursor.execute(
            "SELECT day, reason, count FROM refusals"
            " WHERE day > (clock_timestamp() AT TIME ZONE 'UTC')::date - %s"
            " ORDER BY day DESC, count DESC, reason LIMIT 200",
            [days],
        )
        return cursor.fetchall()
