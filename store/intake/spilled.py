"""How many events had to wait in the spill, so that an outage is seen afterwards."""

from store.database import Connection

_KEPT_DAYS = 92


def count(connection: Connection, events: int) -> None:
    """Add to this hour what was moved out of the spill."""
    if not events:
        return
    connection.execute(
        "INSERT INTO spilled AS known (hour, events)"
        " VALUES (date_trunc('hour', clock_timestamp()), %s)"
        " ON CONFLICT (hour) DO UPDATE SET events = known.events + excluded.events",
        [events],
    )


def sum_of_day(connection: Connection) -> int:
    """Events of the last 24 hours that had to wait there."""
    row = connection.execute(
        "SELECT coalesce(sum(events), 0) FROM spilled"
        " WHERE hour > clock_timestamp() - interval '25 hours'"
    ).fetchone()
    return int(row[0]) if row else 0


def prune(connection: Connection) -> int:
    """Forget hours that no chart shows."""
    return connection.execute(
        "DELETE FROM spilled WHERE hour < clock_timestamp()"
        " - make_interval(days => %s)",
        [_KEPT_DAYS],
    ).rowcount
