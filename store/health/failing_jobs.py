"""Duties of upkeep that fail again and again: noted where a page can see it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from redis import Redis

from store.health.kinds import STRIKES_TOLD, Problem, ProblemKind

# By name of the job: since when it fails, how often, with what, and until when that
# holds.
FAILING = "upkeep:failing"


def note(
    redis: Redis,
    name: str,
    *,
    since: datetime,
    times: int,
    error: str,
    holds_until: datetime,
) -> None:
    """Say that a job has failed once more.

    Raises: redis.RedisError.
    """
    told = [since.timestamp(), times, error, holds_until.timestamp()]
    redis.hset(FAILING, name, json.dumps(told))


def forget(redis: Redis, name: str) -> None:
    """Say that a job was done.

    Raises: redis.RedisError.
    """
    redis.hdel(FAILING, name)


def list_failing(told: Mapping[bytes, bytes], *, now: datetime) -> list[Problem]:
    """What upkeep cannot do; a failure or two are on their way.

    Shape: what nobody has said again for long is over: another process does it now.
    """
    found = []
    for name, text in told.items():
        since, times, error, holds_until = json.loads(text)
        if times < STRIKES_TOLD or holds_until < now.timestamp():
            continue
        found.append(
            Problem(
                kind=ProblemKind.STORES,
                number=times,
                reason="job_fails",
                about=f"{name.decode()}: {error}",
                since=datetime.fromtimestamp(since, UTC),
            )
        )
    return found
