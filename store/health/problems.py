"""Everything that is out of step, worst first: what the console and alerts say."""

from redis import Redis

from store.database import Connection
from store.health import corps, platform, stores
from store.health.balance import Today, get_today, list_off
from store.health.kinds import Limits, Problem, worst_first


def list_problems(
    connection: Connection,
    redis: Redis,
    limits: Limits,
    *,
    today: Today | None = None,
) -> list[Problem]:
    """What is out of step now; at most 50 of each kind.

    Shape: `today` is the ledger of the day for whoever has counted it already.
    """
    suite = platform.ask_suite(connection, limits)
    return worst_first(
        [
            *platform.list_dead(redis),
            *stores.list_stores(
                redis,
                now=limits.now,
                postgres_now=suite.now,
                is_standby=suite.is_standby,
            ),
            *suite.problems,
            *list_off(connection, today or get_today(connection)),
            *platform.list_old_mail(connection, limits),
            *corps.list_blocked(connection),
            *corps.list_failures(connection),
            *corps.list_held(connection),
            *corps.list_stale(connection, limits.stale_before),
        ]
    )


def list_of_corp(connection: Connection, corp_id: str, limits: Limits) -> list[Problem]:
    """What is out of step with one corp, worst first."""
    return worst_first(
        [
            *platform.list_old_mail(connection, limits, corp_id),
            *corps.list_blocked(connection, corp_id),
            *corps.list_failures(connection, corp_id),
            *corps.list_held(connection, corp_id),
            *corps.list_stale(connection, limits.stale_before, corp_id),
        ]
    )
