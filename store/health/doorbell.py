"""What Dramatiq holds in Redis: waiting messages, those in hand, and what they say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from redis import Redis

QUEUES = ("events", "notices", "resync")
_NAMESPACE = "dramatiq"
_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMessage:
    """One message: which actor is to look at what, and since when it waits."""

    message_id: str
    actor: str
    argument: str
    enqueued_at: datetime | None
    died_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueContent:
    """A queue: messages that wait, those that a worker holds, and the first of them.

    Shape: `dead` are those whose actor failed, kept by dramatiq for a week; what they
        rang for stands in Postgres. The newest of them are shown.
    """

    name: str
    waiting: int
    in_hand: int
    messages: tuple[QueueMessage, ...]
    dead: int = 0
    dead_messages: tuple[QueueMessage, ...] = ()


def list_queues(redis: Redis) -> list[QueueContent]:
    """Every queue of ours; one that nobody has used yet is empty.

    Raises: redis.RedisError.
    """
    return [_queue(redis, name) for name in QUEUES]


def _queue(redis: Redis, name: str) -> QueueContent:
    pipeline = redis.pipeline(transaction=False)
    pipeline.llen(f"{_NAMESPACE}:{name}")
    pipeline.hlen(f"{_NAMESPACE}:{name}.msgs")
    pipeline.lrange(f"{_NAMESPACE}:{name}", 0, _MOST_SHOWN - 1)
    pipeline.zcard(f"{_NAMESPACE}:{name}.XQ")
    pipeline.zrevrange(f"{_NAMESPACE}:{name}.XQ", 0, _MOST_SHOWN - 1, withscores=True)
    waiting, held, ids, dead, died = pipeline.execute()
    moments = {
        message_id: datetime.fromtimestamp(score / 1000, UTC)
        for message_id, score in died
    }
    return QueueContent(
        name=name,
        waiting=waiting,
        in_hand=max(0, held - waiting),
        messages=_opened(redis, f"{_NAMESPACE}:{name}.msgs", ids),
        dead=dead,
        dead_messages=tuple(
            replace(each, died_at=moments[each.message_id.encode()])
            for each in _opened(redis, f"{_NAMESPACE}:{name}.XQ.msgs", list(moments))
        ),
    )


def _opened(redis: Redis, name: str, ids: list[bytes]) -> tuple[QueueMessage, ...]:
    bodies = redis.hmget(name, ids) if ids else []
    found = bodies if isinstance(bodies, list) else []
    return tuple(
        _message(message_id.decode(), body)
        for message_id, body in zip(ids, found, strict=False)
        if body is not None
    )


def _message(message_id: str, body: bytes | str) -> QueueMessage:
    try:
        told: Mapping[str, Any] = json.loads(body)
    except ValueError:
        told = {}
    arguments = told.get("args") or [""]
    stamp = told.get("message_timestamp")
    return QueueMessage(
        message_id=message_id,
        actor=str(told.get("actor_name", "?")),
        argument=str(arguments[0])[:200],
        enqueued_at=datetime.fromtimestamp(stamp / 1000, UTC)
        if isinstance(stamp, int | float)
        else None,
    )
