"""What is told of alerts: each transition once by each channel, with retries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row

from store.alerts.alerts import Transition
from store.database import Connection
from store.health.kinds import ProblemKind

# There is something to tell: what the clock looks for once a second.
DUE: LiteralString = (
    "SELECT FROM alert_deliveries"
    " WHERE state = 'queued' AND due_at <= clock_timestamp()"
)
# After so long nobody wants to be told any more what began then.
_LONGEST_HOURS = 24
# How long a worker may take over one, before another takes it.
_TAKEN_SECONDS = 60
_FIRST_SECONDS = 10
_LONGEST_SECONDS = 3_600
_KEPT_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDelivery:
    """One thing to tell by one channel, and what came of it."""

    delivery_id: int
    alert_id: int | None
    said: str
    channel: str
    state: str
    attempts: int
    queued_at: datetime
    due_at: datetime
    ended_at: datetime | None
    outcome: str


# That it is over is not told by a channel before it is told there that it began.
_IN_ORDER = """NOT EXISTS (SELECT FROM alert_deliveries AS earlier
    WHERE earlier.alert_id = mine.alert_id AND earlier.channel = mine.channel
        AND earlier.state = 'queued' AND earlier.delivery_id < mine.delivery_id)"""
_FIELDS = (
    "delivery_id, alert_id, said, channel, state, attempts, queued_at, due_at,"
    " ended_at, outcome"
)


def queue(
    connection: Connection, transitions: Sequence[Transition], channels: Sequence[str]
) -> int:
    """Have transitions told by every channel, but for kinds that are switched off.

    Shape: that it is over is told to whoever was told that it began, and nobody else.
    """
    if not transitions:
        return 0
    told = list_told(connection)
    number = 0
    for each in transitions:
        if each.said == "raised" and each.kind in told:
            number += _add(connection, each.alert_id, each.said, channels)
        elif each.said == "recovered":
            number += _add(
                connection, each.alert_id, each.said, _who_knows(connection, each)
            )
    return number


def queue_test(connection: Connection, channels: Sequence[str]) -> int:
    """Have a test told by every channel."""
    return _add(connection, None, "test", channels)


def list_due(connection: Connection, *, limit: int) -> list[int]:
    """What is to be told now, in the order in which it happened."""
    rows = connection.execute(
        "SELECT delivery_id FROM alert_deliveries AS mine"  # noqa: S608 - a constant
        f" WHERE state = 'queued' AND due_at <= clock_timestamp() AND {_IN_ORDER}"
        " ORDER BY due_at, delivery_id LIMIT %s",
        [limit],
    ).fetchall()
    return [delivery_id for (delivery_id,) in rows]


def list_untaken(connection: Connection, *, seconds: float, limit: int) -> set[int]:
    """What is due and was taken by no worker for so long: perhaps none is left."""
    rows = connection.execute(
        "SELECT delivery_id FROM alert_deliveries"
        " WHERE state = 'queued'"
        " AND due_at < clock_timestamp() - make_interval(secs => %s)"
        " ORDER BY due_at LIMIT %s",
        [seconds, limit],
    ).fetchall()
    return {delivery_id for (delivery_id,) in rows}


def take(connection: Connection, delivery_id: int) -> AlertDelivery | None:
    """A delivery that is due, now the caller's for a minute; None if it is not due."""
    with connection.cursor(row_factory=class_row(AlertDelivery)) as cursor:
        cursor.execute(
            f"""
            UPDATE alert_deliveries AS mine SET attempts = attempts + 1,
                due_at = clock_timestamp() + make_interval(secs => %s)
            WHERE delivery_id = %s AND state = 'queued' AND due_at <= clock_timestamp()
                AND {_IN_ORDER}
            RETURNING {_FIELDS}
            """,  # noqa: S608 - a constant
            [_TAKEN_SECONDS, delivery_id],
        )
        return cursor.fetchone()


def settle(connection: Connection, delivery_id: int, *, outcome: str) -> None:
    """It was told."""
    connection.execute(
        "UPDATE alert_deliveries SET state = 'sent', ended_at = clock_timestamp(),"
        " outcome = %s WHERE delivery_id = %s",
        [outcome, delivery_id],
    )


def put_off(connection: Connection, delivery: AlertDelivery, *, outcome: str) -> str:
    """It could not be told: later, or never after a day; the state it has then."""
    wait = min(_FIRST_SECONDS * 3 ** (delivery.attempts - 1), _LONGEST_SECONDS)
    row = connection.execute(
        """
        UPDATE alert_deliveries SET outcome = %(outcome)s,
            due_at = clock_timestamp() + make_interval(secs => %(wait)s),
            state = CASE WHEN said = 'test' OR queued_at < clock_timestamp()
                - make_interval(hours => %(most)s) THEN 'failed' ELSE 'queued' END,
            ended_at = CASE WHEN said = 'test' OR queued_at < clock_timestamp()
                - make_interval(hours => %(most)s) THEN clock_timestamp() END
        WHERE delivery_id = %(id)s RETURNING state
        """,
        {
            "outcome": outcome,
            "wait": wait,
            "most": _LONGEST_HOURS,
            "id": delivery.delivery_id,
        },
    ).fetchone()
    return row[0] if row else "failed"


def give_up(connection: Connection, delivery_id: int, *, outcome: str) -> None:
    """It will never be told: the channel is no longer there."""
    connection.execute(
        "UPDATE alert_deliveries SET state = 'failed', ended_at = clock_timestamp(),"
        " outcome = %s WHERE delivery_id = %s",
        [outcome, delivery_id],
    )


def list_latest(connection: Connection, *, limit: int) -> list[AlertDelivery]:
    """The newest deliveries first."""
    with connection.cursor(row_factory=class_row(AlertDelivery)) as cursor:
        cursor.execute(
            f"SELECT {_FIELDS} FROM alert_deliveries"  # noqa: S608 - a constant
            " ORDER BY delivery_id DESC LIMIT %s",
            [limit],
        )
        return cursor.fetchall()


def list_told(connection: Connection) -> set[str]:
    """The kinds that are told: all but those that were switched off."""
    off = {
        kind
        for (kind,) in connection.execute(
            "SELECT kind FROM alert_switches WHERE NOT is_told"
        ).fetchall()
    }
    return {kind.value for kind in ProblemKind} - off


def switch(connection: Connection, told: set[str]) -> None:
    """Tell these kinds from now on, and no others."""
    for kind in ProblemKind:
        connection.execute(
            "INSERT INTO alert_switches (kind, is_told) VALUES (%s, %s)"
            " ON CONFLICT (kind) DO UPDATE SET is_told = excluded.is_told",
            [kind.value, kind.value in told],
        )


def prune(connection: Connection, *, limit: int = 5_000) -> int:
    """Forget tests of long ago; the rest goes with its alert."""
    return connection.execute(
        "DELETE FROM alert_deliveries WHERE delivery_id IN ("
        "SELECT delivery_id FROM alert_deliveries WHERE alert_id IS NULL"
        " AND queued_at < clock_timestamp() - make_interval(days => %s) LIMIT %s)",
        [_KEPT_DAYS, limit],
    ).rowcount


def _who_knows(connection: Connection, over: Transition) -> list[str]:
    """The channels that told it; what nobody was told yet is told no more."""
    connection.execute(
        "UPDATE alert_deliveries SET state = 'failed', ended_at = clock_timestamp(),"
        " outcome = 'over_before' WHERE alert_id = %s AND said = 'raised'"
        " AND state = 'queued' AND attempts = 0",
        [over.alert_id],
    )
    rows = connection.execute(
        "SELECT channel FROM alert_deliveries WHERE alert_id = %s AND said = 'raised'"
        " AND outcome <> 'over_before' ORDER BY delivery_id",
        [over.alert_id],
    ).fetchall()
    return [channel for (channel,) in rows]


def _add(
    connection: Connection, alert_id: int | None, said: str, channels: Sequence[str]
) -> int:
    for channel in channels:
        connection.execute(
            "INSERT INTO alert_deliveries (alert_id, said, channel)"
            " VALUES (%s, %s, %s)",
            [alert_id, said, channel],
        )
    return len(channels)
