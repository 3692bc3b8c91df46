"""How fast TAPD may be asked: by one process alone, where nobody else counts."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from tapd.errors import Throttled

# TAPD's pages name several limits; this is the lowest of them, 60 in any minute.
PACE_SECONDS = 1.0


class Turns(Protocol):
    """Says when one more call may be made."""

    def take(self) -> None:
        """Wait until the next call may be made.

        Raises: Throttled when that is too long.
        """

    def rest(self, seconds: float) -> None:
        """Let no call be made for so long: TAPD said that there were too many."""


class Pace:
    """Keeps the calls of this process apart; safe to share between threads.

    Shape: after a rest so many as `burst` may follow each other at once. Whoever would
        wait for longer than `patience_seconds` is turned away instead.
    """

    def __init__(
        self,
        *,
        seconds: float = PACE_SECONDS,
        burst: int = 1,
        patience_seconds: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._seconds = seconds
        self._ahead = (burst - 1) * seconds
        self._patience_seconds = patience_seconds
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._next_at = clock() - self._ahead

    def take(self) -> None:
        """Wait until the next call may be made.

        Raises: Throttled when that is too long.
        """
        with self._lock:
            now = self._clock()
            mine = max(now - self._ahead, self._next_at)
            if mine - now > self._patience_seconds:
                raise Throttled("our own pace", wait_seconds=mine - now)
            self._next_at = mine + self._seconds
        if mine > now:
            self._wait(mine - now)

    def rest(self, seconds: float) -> None:
        """Let no call be made for so long: TAPD said that there were too many."""
        with self._lock:
            self._next_at = max(self._next_at, self._clock() + seconds)
