"""Back-off after failures of WeCom's: it belongs to endpoints, never to an event."""

import random
from dataclasses import dataclass

from psycopg.rows import class_row

from store.database import Connection

SUITE = "suite"
THROTTLED = "throttled"
UNAVAILABLE = "unavailable"

_FIRST_SECONDS = 2.0
_LONGEST_SECONDS = 300.0
# Beyond this many doublings the ceiling holds anyway; the power must not explode.
_MOST_DOUBLINGS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Endpoints that are left alone for a while.

    Shape: `owner` is `corp:<corpid>` or `suite`; `endpoint_class` the first part of
        an endpoint's path; `error` names endpoint, status and what came.
    Units: seconds from now.
    """

    owner: str
    endpoint_class: str
    seconds: float
    strikes: int
    reason: str
    error: str | None


def owner_of(corp_id: str | None) -> str:
    """Who a call belongs to: the corp it names, else the suite."""
    return SUITE if corp_id is None else f"corp:{corp_id}"


# WeCom blocks these alone, for a day, when too many mobiles were wrong (91693).
_LOOKUPS = frozenset({"user/getuserid", "user/get_userid_by_email"})


def class_of(endpoint: str) -> str:
    """The endpoint's class: `user`, `department`, `message`, `service` and so on."""
    return "lookup" if endpoint in _LOOKUPS else endpoint.partition("/")[0]


def note_failure(
    connection: Connection,
    *,
    owner: str,
    endpoint_class: str,
    reason: str,
    wait_seconds: float | None,
    error: str,
) -> None:
    """Leave these endpoints alone: as long as told, else longer with each failure.

    Repeats: failures of calls that were under way already are no further strikes; nor
        are those of a corp that has been purged meanwhile: its name is not kept.
    """
    connection.execute(
        """
        INSERT INTO pauses AS known (owner, endpoint_class, until, reason, error)
        SELECT %(owner)s, %(class)s, clock_timestamp() + make_interval(
            secs => coalesce(%(wait)s, %(first)s * %(jitter)s)), %(reason)s, %(error)s
        WHERE %(owner)s = %(suite)s OR EXISTS (
            SELECT FROM corps
            WHERE corp_id = substr(%(owner)s, 6) AND state <> 'revoked')
        ON CONFLICT (owner, endpoint_class) DO UPDATE
        SET reason = excluded.reason, error = excluded.error,
            strikes = known.strikes + (known.until <= clock_timestamp())::int,
            until = greatest(known.until, clock_timestamp() + make_interval(
                secs => coalesce(%(wait)s, %(jitter)s * least(%(longest)s,
                    %(first)s * 2 ^ least(known.strikes, %(doublings)s)))))
        WHERE known.until <= clock_timestamp() OR %(wait)s IS NOT NULL
        """,
        {
            "owner": owner,
            "suite": SUITE,
            "class": endpoint_class,
            "wait": wait_seconds,
            "first": _FIRST_SECONDS,
            "longest": _LONGEST_SECONDS,
            "doublings": _MOST_DOUBLINGS,
            "jitter": random.uniform(0.5, 1.0),  # noqa: S311 - spreads load, hides nothing
            "reason": reason,
            "error": error,
        },
    )


def clear(connection: Connection, *, owner: str, endpoint_class: str) -> None:
    """All is well again with these endpoints."""
    connection.execute(
        "DELETE FROM pauses WHERE owner = %s AND endpoint_class = %s",
        [owner, endpoint_class],
    )


def list_of(connection: Connection, owner: str) -> list[Pause]:
    """What is known of this owner's endpoints; seconds is 0 once a pause is over."""
    with connection.cursor(row_factory=class_row(Pause)) as cursor:
        cursor.execute(
            """
            SELECT owner, endpoint_class, strikes, reason, error, greatest(0, extract(
                epoch FROM until - clock_timestamp()))::float8 AS seconds
            FROM pauses WHERE owner = %s ORDER BY endpoint_class
            """,
            [owner],
        )
        return cursor.fetchall()


def prune(connection: Connection) -> int:
    """Drop what was written about corps that were purged in that very moment."""
    return connection.execute(
        """
        DELETE FROM pauses WHERE owner <> %s AND NOT EXISTS (
            SELECT FROM corps
            WHERE corp_id = substr(owner, 6) AND state <> 'revoked')
        """,
        [SUITE],
    ).rowcount


def forget(connection: Connection, owner: str) -> None:
    """Drop every pause of an owner that is no more."""
    connection.execute("DELETE FROM pauses WHERE owner = %s", [owner])
