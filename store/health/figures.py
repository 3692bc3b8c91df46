"""What the clock reads of the product every 15 s, in one statement and one pipeline."""

from collections.abc import Mapping
from typing import Any

from redis import Redis, RedisError

from store.database import Connection
from store.platform.metrics import CALLS, EVENT_TO_EFFECT, NOTICES

# Answers of WeCom's that are no answers: limits, overload, silence.
THROTTLED = frozenset({"45009", "45033", "45036"})
UNAVAILABLE = frozenset({"none", "-1", "6000", "45035"})
_MOST = 200_000
_RINGS = "rings_by_upkeep"
_SPILL = "spill"
_QUEUES = ("events", "notices", "resync")


def read_stores(connection: Connection, *, suite_id: str) -> dict[str, Any]:
    """What Postgres tells, by name; counts end at 200 000."""
    row = connection.execute(
        """
        SELECT
            (SELECT last_value FROM inbox_ids),
            pending.number, pending.oldest,
            (SELECT count(*) FROM (SELECT FROM inbox WHERE state = 'parked'
                LIMIT %(most)s) AS few),
            (SELECT count(*) FROM (SELECT FROM inbox WHERE state = 'failed'
                LIMIT %(most)s) AS few),
            notices.number, notices.oldest, open_runs.number, open_runs.oldest,
            (SELECT count(*) FROM runs WHERE ended_at IS NOT NULL
                AND created_at > clock_timestamp() - interval '1 day'),
            (SELECT count(*) FROM plans WHERE state = 'held'),
            (SELECT count(*) FROM mailboxes WHERE not_before > clock_timestamp()
                AND waits_for <> 'calm'),
            (SELECT count(*) FROM pauses WHERE until > clock_timestamp()),
            (SELECT extract(epoch FROM clock_timestamp() - received_at)::float8
             FROM suite_tickets WHERE suite_id = %(suite)s),
            (SELECT extract(epoch FROM clock_timestamp()
                - min(coalesce(last_synced_at, linked_at, authorised_at)))::float8
             FROM corps WHERE state = 'linked')
        FROM (SELECT count(*) AS number, extract(epoch FROM clock_timestamp()
                - min(received_at))::float8 AS oldest
            FROM (SELECT received_at FROM inbox WHERE state = 'pending'
                LIMIT %(most)s) AS few) AS pending,
            (SELECT count(*) AS number, extract(epoch FROM clock_timestamp()
                - min(queued_at))::float8 AS oldest
            FROM (SELECT queued_at FROM notices
                WHERE state = 'queued' AND batch_id IS NULL
                LIMIT %(most)s) AS few) AS notices,
            (SELECT count(*) AS number, extract(epoch FROM clock_timestamp()
                - min(created_at))::float8 AS oldest
            FROM runs WHERE state IN ('queued', 'running')) AS open_runs
        """,
        {"most": _MOST, "suite": suite_id},
    ).fetchone()
    return dict(zip(_NAMES, row or (), strict=True))


_NAMES = (
    "arrived", "events", "events_oldest", "parked", "failed",
    "notices", "notices_oldest", "resync", "resync_oldest", "runs",
    "plans_held", "blocked", "backoffs", "ticket_age", "stale",
)  # fmt: skip


def read_redis(redis: Redis) -> dict[str, Any]:
    """What Redis tells, by name; nothing when it cannot be asked."""
    pipeline = redis.pipeline(transaction=False)
    for name in (CALLS, NOTICES, EVENT_TO_EFFECT.name):
        pipeline.hgetall(name)
    pipeline.get(_RINGS)
    pipeline.llen(_SPILL)
    for queue in _QUEUES:
        pipeline.llen(f"dramatiq:{queue}")
    try:
        calls, notices, effects, rings, spill, *depths = pipeline.execute()
    except (RedisError, OSError):
        return {}
    made = _texts(calls)
    by_code: dict[str, float] = {}
    for field, number in made.items():
        code = field.rpartition(":")[2]
        by_code[code] = by_code.get(code, 0) + number
    found = _texts(effects)
    return {
        "calls": sum(by_code.values()),
        "throttled": sum(by_code.get(code, 0) for code in THROTTLED),
        "unavailable": sum(by_code.get(code, 0) for code in UNAVAILABLE),
        "sent": sum(_texts(notices).values()),
        "rings": float(rings or 0),
        "spill": spill,
        **{f"queue_{name}": depth for name, depth in zip(_QUEUES, depths, strict=True)},
        "effects": [found.get(label, 0) for label in EVENT_TO_EFFECT.labels],
    }


def _texts(found: Mapping[bytes, bytes]) -> dict[str, float]:
    return {field.decode(): float(number) for field, number in found.items()}
