"""Which worker processes there are, kept in Redis and forgotten by its own clock."""

from collections.abc import Iterable

from redis import Redis

# A process that has said nothing for this long is not there.
SILENT_SECONDS = 15

# Redis' time: the clocks of two machines need not agree.
_REPORT = """
local now = tonumber(redis.call('TIME')[1])
for _, name in ipairs(KEYS) do
    redis.call('ZADD', name, now, ARGV[1])
    redis.call('ZREMRANGEBYSCORE', name, '-inf', now - ARGV[2])
    redis.call('EXPIRE', name, ARGV[2])
end
"""
_COUNT = """
local now = tonumber(redis.call('TIME')[1])
return redis.call('ZCOUNT', KEYS[1], '(' .. (now - ARGV[1]), '+inf')
"""


def report(redis: Redis, process_id: str, *, queues: Iterable[str]) -> None:
    """Say that a process works on these queues.

    Raises: redis.RedisError.
    """
    names = [_name(queue) for queue in queues]
    if names:
        redis.eval(_REPORT, len(names), *names, process_id, SILENT_SECONDS)


def leave(redis: Redis, process_id: str, *, queues: Iterable[str]) -> None:
    """Say that it works on them no longer.

    Raises: redis.RedisError.
    """
    for queue in queues:
        redis.zrem(_name(queue), process_id)


def count_workers(redis: Redis, queue: str) -> int:
    """How many processes work on a queue.

    Raises: redis.RedisError.
    """
    found = redis.eval(_COUNT, 1, _name(queue), str(SILENT_SECONDS))
    return found if isinstance(found, int) else 0


def _name(queue: str) -> str:
    return f"workers:{queue}"
