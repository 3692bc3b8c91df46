"""Remembers which duties of upkeep fail, and tells it where the console looks."""

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis import Redis, RedisError

from store.health import stores

# So long it is told of a job that nobody has tried again.
_HOLDS = timedelta(minutes=2)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Strikes:
    since: datetime
    times: int


class FailingJobs:
    """What this process could not do, by job; nothing is told of what it could."""

    def __init__(self) -> None:
        self._known: dict[str, _Strikes] = {}
        # Groups of jobs have threads of their own.
        self._lock = threading.Lock()

    def failed(
        self, redis: Redis, name: str, error: Exception, *, every_seconds: float | None
    ) -> None:
        """A job has failed; of its error the class is told: words may name people."""
        now = datetime.now(UTC)
        with self._lock:
            known = self._known.get(name, _Strikes(since=now, times=0))
            known = _Strikes(since=known.since, times=known.times + 1)
            self._known[name] = known
        holds = _HOLDS + timedelta(seconds=2 * (every_seconds or 0))
        try:
            stores.note_failing(
                redis,
                name,
                since=known.since,
                times=known.times,
                error=type(error).__name__,
                holds_until=now + holds,
            )
        except (RedisError, OSError) as untold:
            _log.info("failing job not told", extra={"error": type(untold).__name__})

    def done(self, redis: Redis, name: str) -> None:
        """A job was done; Redis is asked for nothing unless it had failed."""
        with self._lock:
            if self._known.pop(name, None) is None:
                return
        try:
            stores.note_mended(redis, name)
        except (RedisError, OSError) as untold:
            _log.info("mended job not told", extra={"error": type(untold).__name__})
