"""Counters of calls for the metrics, kept in Redis and written about once a second."""

import logging
import threading
from collections import Counter

from redis import Redis, RedisError

# The Redis hash of all calls ever made: field `<endpoint>:<errcode>`.
CALLS = "calls"
NO_ANSWER = "none"
# The Redis hash of calls that we held back ourselves: field `<endpoint>:<error>`.
HELD_BACK = "calls:held_back"

_WRITE_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Tallies:
    """Adds up within the process, for Redis may sync its disk at each write."""

    def __init__(self, redis: Redis, *, write_seconds: float = _WRITE_SECONDS) -> None:
        self._redis = redis
        self._write_seconds = write_seconds
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, field: str) -> None:
        """Count one; it is in Redis about a second later."""
        with self._lock:
            first = not self._counts
            self._counts[name, field] += 1
        if first:
            timer = threading.Timer(self._write_seconds, self.write)
            timer.daemon = True
            timer.start()

    def write(self) -> None:
        """Write what has been counted; it is only for show, so a failure drops it."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        pipeline = self._redis.pipeline(transaction=False)
        for (name, field), count in counts.items():
            pipeline.hincrby(name, field, count)
        try:
            pipeline.execute()
        except (RedisError, OSError) as error:
            _log.info("calls not tallied", extra={"error": type(error).__name__})
