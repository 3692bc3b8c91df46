"""Times in which events may have been lost, and what is done once they are over.

Only what shows a real loss opens a gap: mail that we refused for want of a store, or
kept and cannot open, a ticket that came late, receivers that were silent, a database
that was set back. Mail
refused for its signature opens none, since anybody can send such: a wrong token or
key also keeps the tickets out, and that is a gap after 25 minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from redis import Redis

from store.database import Connection

_HIGH_WATER = "gap:high_water"


class GapReason(StrEnum):
    """Why events may have been lost."""

    REFUSED = "refused"
    TICKET_LATE = "ticket_late"
    RECEIVERS_SILENT = "receivers_silent"
    RESTORED = "restored"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One gap that is not closed yet."""

    gap_id: int
    reason: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What upkeep closed, and how many corps it made due."""

    reasons: tuple[str, ...]
    corps: int


def beat(connection: Connection, receiver: str, *, awake_seconds: float) -> datetime:
    """Note that a receiver lives, and return Postgres' clock.

    `awake_seconds` is how long it has been serving: that time is no silence, even if
    Postgres was away and heard nothing. Silence before it for 60 s opens a gap.
    """
    row = connection.execute(
        """
        WITH silence AS (
            INSERT INTO gaps (reason)
            SELECT 'receivers_silent' FROM receivers
            HAVING max(beat_at) < clock_timestamp()
                - make_interval(secs => %(awake)s) - INTERVAL '60 seconds'
            ON CONFLICT (reason) WHERE closed_at IS NULL DO NOTHING
        )
        INSERT INTO receivers AS known (receiver, beat_at)
        VALUES (%(receiver)s, clock_timestamp())
        ON CONFLICT (receiver) DO UPDATE SET beat_at = excluded.beat_at
        RETURNING beat_at
        """,
        {"receiver": receiver, "awake": awake_seconds},
    ).fetchone()
    assert row is not None  # noqa: S101 - an upsert always returns its row.
    now: datetime = row[0]
    return now


def open_gap(connection: Connection, reason: GapReason) -> bool:
    """Open a gap; False when one of that reason is open already."""
    opened = connection.execute(
        "INSERT INTO gaps (reason) VALUES (%s)"
        " ON CONFLICT (reason) WHERE closed_at IS NULL DO NOTHING",
        [reason.value],
    )
    return opened.rowcount == 1


def list_open(connection: Connection) -> list[Gap]:
    """The gaps that are not closed, oldest first."""
    rows = connection.execute(
        "SELECT gap_id, reason, opened_at FROM gaps"
        " WHERE closed_at IS NULL ORDER BY opened_at"
    ).fetchall()
    return [Gap(gap_id=row[0], reason=row[1], opened_at=row[2]) for row in rows]


def add_refusals(connection: Connection, counts: Mapping[str, int]) -> None:
    """Add to today's counter of each reason for which callbacks were refused."""
    # In a fixed order, so that two receivers never wait for each other in a circle.
    for reason, count in sorted(counts.items()):
        connection.execute(
            "INSERT INTO refusals AS known (day, reason, count)"
            " VALUES ((clock_timestamp() AT TIME ZONE 'UTC')::date, %s, %s)"
            " ON CONFLICT (day, reason)"
            " DO UPDATE SET count = known.count + excluded.count",
            [reason, count],
        )


def prune_receivers(connection: Connection) -> int:
    """Forget receivers that ended a day ago and longer, while others live."""
    return connection.execute(
        "DELETE FROM receivers WHERE beat_at < clock_timestamp() - INTERVAL '1 day'"
        " AND beat_at < (SELECT max(beat_at) FROM receivers)"
    ).rowcount


def upkeep_gaps(connection: Connection, redis: Redis) -> Closing:
    """Open the gaps that only a look from outside shows, close those that are over.

    Closing makes every linked corp due, evenly spread over the next hour.
    Repeats: as often as upkeep runs; corps due earlier for another cause stay so.
    Raises: RedisError.
    """
    highest, has_open = _open_for_silence(connection)
    has_open |= _note_high_water(redis, connection, highest)
    reasons = close_gaps(connection) if has_open else ()
    return Closing(reasons=reasons, corps=_make_due(connection) if reasons else 0)


def close_gaps(connection: Connection) -> tuple[str, ...]:
    """Close the gaps after which things flow again, and return their reasons.

    Refusals, mail set aside and a restore are over after 5 s of Postgres being there;
    the others as soon as there is a ticket or a heartbeat again.
    """
    rows = connection.execute(
        """
        UPDATE gaps SET closed_at = clock_timestamp()
        WHERE closed_at IS NULL AND CASE reason
            WHEN 'ticket_late' THEN EXISTS (
                SELECT FROM suite_tickets
                WHERE received_at > clock_timestamp() - INTERVAL '25 minutes'
            )
            WHEN 'receivers_silent' THEN EXISTS (
                SELECT FROM receivers
                WHERE beat_at > clock_timestamp() - INTERVAL '60 seconds'
            )
            ELSE opened_at < clock_timestamp() - INTERVAL '5 seconds'
        END
        RETURNING reason
        """
    ).fetchall()
    return tuple(sorted(reason for (reason,) in rows))


def _note_high_water(redis: Redis, connection: Connection, highest: int) -> bool:
    """Open a gap if ids were given out twice; whether one was opened."""
    # Ids only grow, and Redis is not restored together with Postgres. The mark comes
    # down a run after the gap went up, when that is sure to be committed.
    known = redis.get(_HIGH_WATER)
    set_back = known is not None and int(known) > highest
    if set_back and open_gap(connection, GapReason.RESTORED):
        return True
    redis.set(_HIGH_WATER, str(highest))
    return False


def _open_for_silence(connection: Connection) -> tuple[int, bool]:
    """Open gaps for silence; the last id given out, and whether a gap is open."""
    # Nothing was heard while Postgres itself was away, so a fresh start waits.
    row = connection.execute(
        """
        WITH opened AS (
            INSERT INTO gaps (reason)
            SELECT 'receivers_silent' FROM receivers
            HAVING max(beat_at) < clock_timestamp() - INTERVAL '60 seconds'
                AND pg_postmaster_start_time()
                    < clock_timestamp() - INTERVAL '2 minutes'
            UNION ALL
            SELECT 'ticket_late' FROM suite_tickets
            HAVING max(received_at) < clock_timestamp() - INTERVAL '25 minutes'
                AND pg_postmaster_start_time()
                    < clock_timestamp() - INTERVAL '2 minutes'
            ON CONFLICT (reason) WHERE closed_at IS NULL DO NOTHING
        )
        SELECT last_value, EXISTS (SELECT FROM gaps WHERE closed_at IS NULL)
        FROM inbox_ids
        """
    ).fetchone()
    assert row is not None  # noqa: S101 - a sequence is one row.
    highest, has_open = row
    return highest, has_open


def _make_due(connection: Connection) -> int:
    made_due = connection.execute(
        """
        UPDATE corps SET due_at = spread.due_at, due_cause = 'gap'
        FROM (
            SELECT
                corp_pk,
                clock_timestamp() + INTERVAL '1 hour'
                * (row_number() OVER (ORDER BY corp_pk) - 1)
                / count(*) OVER () AS due_at
            FROM corps WHERE state = 'linked'
        ) AS spread
        WHERE corps.corp_pk = spread.corp_pk
            AND (corps.due_at IS NULL OR corps.due_at > spread.due_at)
        """
    )
    return made_due.rowcount
