"""What Redis tells a page, or None while it cannot be asked."""

from dataclasses import dataclass

from redis import RedisError

from store.health.workers import Worker, list_workers
from store.platform.metrics import CALLS, read_counts
from web.services import services

_SPILL = "spill"
_MOST_ENDPOINTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One endpoint of WeCom's: calls of the running minute and the one before."""

    endpoint: str
    calls: int


def find_workers() -> list[Worker] | None:
    """The worker processes of the last day."""
    try:
        return list_workers(services().redis)
    except (RedisError, OSError):
        return None


def spill_depth() -> int | None:
    """Events that wait in Redis for Postgres."""
    try:
        return services().redis.llen(_SPILL)
    except (RedisError, OSError):
        return None


def calls_made() -> list[Called] | None:
    """The endpoints called most within the last minute, as they are counted."""
    redis = services().redis
    try:
        endpoints = sorted(
            {each.rpartition(":")[0] for each in read_counts(redis, CALLS)}
        )
        minute = int(redis.time()[0]) // 60
        pipeline = redis.pipeline(transaction=False)
        for each in endpoints:
            pipeline.get(f"rate:provider:{each}:{minute}")
            pipeline.get(f"rate:provider:{each}:{minute - 1}")
        counts = [int(each or 0) for each in pipeline.execute()]
    except (RedisError, OSError):
        return None
    called = [
        Called(endpoint=each, calls=max(counts[2 * i], counts[2 * i + 1]))
        for i, each in enumerate(endpoints)
    ]
    busiest = sorted(called, key=lambda each: (-each.calls, each.endpoint))
    return [each for each in busiest if each.calls][:_MOST_ENDPOINTS]
