"""What waits for a person, counted for the navigation of every page."""

from dataclasses import dataclass

from psycopg.rows import class_row

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Badges:
    """How much waits; each at most 1 000, which is read as "many"."""

    plans_held: int
    failed_events: int


def count_badges(connection: Connection) -> Badges:
    """Held plans and failed events, by their partial indexes."""
    with connection.cursor(row_factory=class_row(Badges)) as cursor:
        cursor.execute(
            """
            SELECT
                (SELECT count(*) FROM (SELECT FROM plans WHERE state = 'held'
                    LIMIT 1000) AS few) AS plans_held,
                (SELECT count(*) FROM (SELECT FROM inbox WHERE state = 'failed'
                    LIMIT 1000) AS few) AS failed_events
            """
        )
        return cursor.fetchall()[0]
