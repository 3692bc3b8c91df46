"""What Dramatiq holds in Redis: waiting messages, those in hand, and what they say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueContent:
    """A queue: messages that wait, those that a worker holds, and the first of them."""

    name: str
    waiting: int
    in_hand: int
    messages: tuple[QueueMessage, ...]


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
    waiting, held, ids = pipeline.execute()
    bodies = redis.hmget(f"{_NAMESPACE}:{name}.msgs", ids) if ids else []
    found = bodies if isinstance(bodies, list) else []
    return QueueContent(
        name=name,
        waiting=waiting,
        in_hand=max(0, held - waiting),
        messages=tuple(
            _message(message_id.decode(), body)
            for message_id, body in zip(ids, found, strict=False)
            if body is not None
        ),
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
