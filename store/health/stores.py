"""Stores that answer and are not well, and duties of upkeep that fail again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis, RedisError, ResponseError
from redis.exceptions import OutOfMemoryError, ReadOnlyError

from store.health.kinds import STRIKES_TOLD, Problem, ProblemKind

# Pages, schedules and ages go by three clocks; so far apart they still mean the same.
MOST_APART_SECONDS = 60.0
# Written with nothing in it, which makes no key: it is refused whenever writes are.
_PROBE = "health:probe"
# By name of the job: since when it fails, how often, with what, and until when that
# holds.
_FAILING = "upkeep:failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What Redis told: its clock, why it takes no writes, and what clocks noted."""

    now: datetime | None = None
    refusal: str = ""
    failing: Mapping[bytes, bytes] | None = None


def list_stores(
    redis: Redis, *, now: datetime, postgres_now: datetime, is_standby: bool
) -> list[Problem]:
    """What is wrong with stores that can be reached, and what upkeep cannot do.

    Shape: `now` is the clock of whoever asks; Postgres has just told its own.
    """
    told = _ask(redis)
    clocks = {"postgres": postgres_now, "redis": told.now, "here": now.astimezone(UTC)}
    found = [*_clocks(clocks), *_failing(told.failing or {}, now=now)]
    if told.refusal:
        found.append(_refuses("redis_refuses", told.refusal))
    if is_standby:
        found.append(_refuses("postgres_refuses", "standby"))
    return found


def note_failing(
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
    redis.hset(_FAILING, name, json.dumps(told))


def note_mended(redis: Redis, name: str) -> None:
    """Say that a job was done.

    Raises: redis.RedisError.
    """
    redis.hdel(_FAILING, name)


def clocks_apart(clocks: Mapping[str, datetime | None]) -> tuple[str, float] | None:
    """Whose clock is off, and by how many seconds; None while all mean the same.

    Shape: of three the one that is furthest from the middle; clocks that nobody could
        ask are left out.
    """
    known = {name: at for name, at in clocks.items() if at is not None}
    if len(known) < 2:
        return None
    middle = sorted(known.values())[len(known) // 2]
    name = max(known, key=lambda each: abs(known[each] - middle))
    apart = abs(known[name] - middle)
    if apart <= timedelta(seconds=MOST_APART_SECONDS):
        return None
    return name, apart.total_seconds()


def _clocks(clocks: Mapping[str, datetime | None]) -> list[Problem]:
    apart = clocks_apart(clocks)
    if apart is None:
        return []
    name, seconds = apart
    return [
        Problem(
            kind=ProblemKind.STORES,
            number=round(seconds),
            reason=f"clock_{name}",
        )
    ]


def _failing(told: Mapping[bytes, bytes], *, now: datetime) -> list[Problem]:
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


def _refuses(reason: str, about: str) -> Problem:
    return Problem(kind=ProblemKind.STORES, number=0, reason=reason, about=about)


def _ask(redis: Redis) -> _Told:
    pipeline = redis.pipeline(transaction=False)
    pipeline.time()
    pipeline.setrange(_PROBE, 0, "")
    pipeline.hgetall(_FAILING)
    try:
        now, probe, failing = pipeline.execute(raise_on_error=False)
    except (RedisError, OSError):
        # That it is away is told by whoever looks for workers.
        return _Told()
    return _Told(
        now=_moment(now),
        refusal=_why(probe) if isinstance(probe, ResponseError) else "",
        failing=failing if isinstance(failing, Mapping) else None,
    )


def _why(refusal: ResponseError) -> str:
    """What Redis calls it: the client takes the words that it knows off the text."""
    if isinstance(refusal, OutOfMemoryError):
        return "OOM"
    if isinstance(refusal, ReadOnlyError):
        return "READONLY"
    first = str(refusal).partition(" ")[0]
    return first if first.isupper() else type(refusal).__name__


def _moment(told: Any) -> datetime | None:
    if not isinstance(told, Sequence) or isinstance(told, str | bytes):
        return None
    seconds, micros = told
    return datetime.fromtimestamp(seconds + micros / 1e6, UTC)
