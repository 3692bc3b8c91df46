"""Which worker processes there are, were lately, and what each thread does."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from redis import Redis

from store.platform.presence import SILENT_SECONDS

_KNOWN = "workers:known"
_DRAINED = "workers:drained"
# Who has been silent for this long is forgotten, and so is the wish to drain them.
_KEPT_SECONDS = 86_400
_MOST_KEPT = 200

# Redis' time: the clocks of two machines need not agree.
_TELL = """
local now = tonumber(redis.call('TIME')[1])
redis.call('HSET', KEYS[1], ARGV[1], now .. ':' .. ARGV[2])
return redis.call('HEXISTS', KEYS[2], ARGV[1])
"""


class WorkerState(StrEnum):
    """How a worker process stands."""

    ALIVE = "alive"
    DRAINING = "draining"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One thread of a worker: idle, or since when at what."""

    name: str
    doing: str
    seconds: float
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker process as it last told of itself."""

    worker_id: str
    host: str
    pid: int
    queues: tuple[str, ...]
    state: WorkerState
    started_at: datetime
    seen_at: datetime
    silent_seconds: float
    threads: tuple[Thread, ...]


def tell(redis: Redis, worker_id: str, about: Mapping[str, Any]) -> bool:
    """Say how a worker is; whether it is asked to take nothing more.

    Raises: redis.RedisError.
    """
    answer = redis.eval(_TELL, 2, _KNOWN, _DRAINED, worker_id, json.dumps(about))
    return bool(answer)


def leave(redis: Redis, worker_id: str) -> None:
    """Say that a worker has ended as it should: it is not missed.

    Raises: redis.RedisError.
    """
    redis.hdel(_KNOWN, worker_id)
    redis.hdel(_DRAINED, worker_id)


def drain(redis: Redis, worker_id: str) -> None:
    """Ask a worker to take nothing more; it ends what it has.

    Raises: redis.RedisError.
    """
    redis.hset(_DRAINED, worker_id, "1")


def resume(redis: Redis, worker_id: str) -> None:
    """Let a drained worker take work again.

    Raises: redis.RedisError.
    """
    redis.hdel(_DRAINED, worker_id)


def list_workers(redis: Redis) -> list[Worker]:
    """The workers of the last day, those that died first.

    Raises: redis.RedisError.
    """
    now = _now(redis)
    found = redis.hgetall(_KNOWN)
    asked = redis.hgetall(_DRAINED)
    drained = set(asked) if isinstance(asked, Mapping) else set()
    rows = found if isinstance(found, Mapping) else {}
    workers = [
        _worker(key, value, now=now, is_drained=key in drained)
        for key, value in rows.items()
    ]
    gone = [each for each in workers if each.silent_seconds > _KEPT_SECONDS]
    for each in gone:
        leave(redis, each.worker_id)
    kept = [each for each in workers if each.silent_seconds <= _KEPT_SECONDS]
    rank = {WorkerState.DEAD: 0, WorkerState.DRAINING: 1, WorkerState.ALIVE: 2}
    kept.sort(key=lambda each: (rank[each.state], each.silent_seconds, each.worker_id))
    return kept[:_MOST_KEPT]


def _worker(
    key: bytes | str, value: bytes | str, *, now: float, is_drained: bool
) -> Worker:
    seen, _, text = _text(value).partition(":")
    about = json.loads(text)
    silent = max(0.0, now - float(seen))
    state = WorkerState.DRAINING if is_drained else WorkerState.ALIVE
    return Worker(
        worker_id=_text(key),
        host=str(about.get("host", "")),
        pid=int(about.get("pid", 0)),
        queues=tuple(about.get("queues", ())),
        state=WorkerState.DEAD if silent > SILENT_SECONDS else state,
        started_at=_moment(float(about.get("started_at", seen))),
        seen_at=_moment(float(seen)),
        silent_seconds=silent,
        threads=_threads(about.get("threads", ())),
    )


def _threads(told: Iterable[Sequence[Any]]) -> tuple[Thread, ...]:
    return tuple(
        Thread(name=str(name), doing=str(doing), seconds=float(seconds), done=int(done))
        for name, doing, seconds, done in told
    )


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _now(redis: Redis) -> float:
    answer = redis.time()
    return float(answer[0]) if isinstance(answer, Sequence) else 0.0


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
