"""The ledger over all mailboxes: today's sums, and days that do not add up."""

from dataclasses import asdict
from datetime import date

from store.database import Connection
from store.health.kinds import Problem, ProblemKind
from store.inbox.ledger import Ledger, get_ledger

# Among more events than these a day is told as the clock has counted it last.
MOST_COUNTED = 50_000

Today = tuple[date, Ledger]


def get_today(connection: Connection) -> Today:
    """The ledger of this day in UTC: counted now, or among many by the clock."""
    row = connection.execute(
        """
        SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date,
            coalesce((SELECT max(event_id) FROM inbox)
                - (SELECT min(event_id) FROM inbox), 0) < %s,
            (SELECT figures -> 'ledger' FROM samples
             WHERE step_seconds = 15 AND figures ? 'ledger'
             ORDER BY at DESC LIMIT 1)
        """,
        [MOST_COUNTED],
    ).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM returns one row.
    day, is_small, counted = row
    if is_small or counted is None or counted["day"] != day.isoformat():
        return day, get_ledger(connection, day, mailboxes=None)
    return day, Ledger(**{name: counted[name] for name in asdict(_EMPTY)})


def count_for_sample(connection: Connection) -> dict[str, int | str]:
    """Today's ledger as it is kept in a sample."""
    row = connection.execute(
        "SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date"
    ).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM returns one row.
    day: date = row[0]
    return {
        "day": day.isoformat(),
        **asdict(get_ledger(connection, day, mailboxes=None)),
    }


def list_off(connection: Connection, today: Today) -> list[Problem]:
    """Days whose received events are not the sum of what became of them."""
    day, ledger = today
    rows = connection.execute(
        """
        SELECT day, sum(received - applied - folded - duplicate - ignored - pending
            - parked - failed)::bigint AS missing
        FROM ledger_days WHERE day > (clock_timestamp() AT TIME ZONE 'UTC')::date - 31
        GROUP BY day
        HAVING sum(received - applied - folded - duplicate - ignored - pending
            - parked - failed) <> 0
        ORDER BY day DESC LIMIT 31
        """
    ).fetchall()
    off = dict(rows)
    if not ledger.balances:
        off[day] = ledger.received - sum(list(asdict(ledger).values())[1:])
    return [
        Problem(
            kind=ProblemKind.LEDGER_OFF,
            number=abs(missing),
            reason="missing" if missing > 0 else "too_many",
            about=each.isoformat(),
        )
        for each, missing in off.items()
    ]


_EMPTY = Ledger(
    received=0,
    applied=0,
    folded=0,
    duplicate=0,
    ignored=0,
    pending=0,
    parked=0,
    failed=0,
)
