"""How fast TAPD may be asked by all our processes together: counted in Redis.

TAPD's limit is one for our app, whichever process calls: ten calls in any eleven
seconds are never more than sixty in a minute, with some room for the way to TAPD.
"""

import logging
import time
from collections.abc import Callable

from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis, RedisError

from tapd.errors import Throttled
from tapd.pace import PACE_SECONDS, Pace, Turns

LIMIT = RateLimitItemPerSecond(10, 11)
# How long work that somebody waits for waits for its turn; the other has time.
HASTY_SECONDS = 3.0
PATIENT_SECONDS = 60.0

_SHORTEST_WAIT = 0.05
_UNCOUNTED = (RedisError, OSError)

_log = logging.getLogger(__name__)


class SharedPace:
    """Turns that all processes share; safe to share between threads.

    Shape: `owner` names our app at TAPD. Whoever would wait for longer than
        `patience_seconds` is turned away instead. Where nobody can count, each process
        keeps its own calls apart.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        redis_url: str,
        owner: str,
        patience_seconds: float = HASTY_SECONDS,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        # The address only names the kind of server; the pool has it already.
        storage = RedisStorage(redis_url, connection_pool=redis.connection_pool)
        self._limiter = MovingWindowRateLimiter(storage)
        self._redis = redis
        self._owner = owner
        self._rests = f"tapd:rests:{owner}"
        self._patience_seconds = patience_seconds
        self._wait = wait
        self._alone: Turns = Pace(
            seconds=PACE_SECONDS, patience_seconds=patience_seconds, wait=wait
        )

    def take(self) -> None:
        """Wait until the next call may be made.

        Raises: Throttled when that is too long.
        """
        left = self._patience_seconds
        try:
            while (needed := self._needed()) > 0:
                if needed > left:
                    raise Throttled("our own pace", wait_seconds=needed)
                left -= needed
                self._wait(needed)
        except _UNCOUNTED as error:
            _log.warning("calls not counted", extra={"error": type(error).__name__})
            self._alone.take()

    def rest(self, seconds: float) -> None:
        """Let no process call for so long: TAPD said that there were too many."""
        self._alone.rest(seconds)
        try:
            longer = int(seconds * 1000) > self._redis.pttl(self._rests)
            if longer:
                self._redis.set(self._rests, "1", px=max(int(seconds * 1000), 1))
        except _UNCOUNTED as error:
            _log.warning("pause not shared", extra={"error": type(error).__name__})

    def _needed(self) -> float:
        """Seconds until there is a turn again; 0: this one is taken."""
        rests = self._redis.pttl(self._rests)
        if rests > 0:
            return max(rests / 1000, _SHORTEST_WAIT)
        if self._limiter.hit(LIMIT, self._owner):
            return 0.0
        ends = self._limiter.get_window_stats(LIMIT, self._owner).reset_time
        return max(ends - time.time(), _SHORTEST_WAIT)
