"""How many calls at once an endpoint of a corp takes, learnt from its refusals."""

import threading
import time
from collections.abc import Callable

from wecom.errcodes import OK, error_for
from wecom.errors import Throttled

# Refusals that come together are answers to one crowd: it is halved once.
_CROWD_SECONDS = 1.0

# Given an endpoint, how many calls to it may be under way.
Widths = Callable[[str], int]


class Lanes:
    """Halved when WeCom throttles, wider by one for each full width of successes.

    Shape: what is as wide as it may be is not kept, so that a process knows only of
        corps that were throttled.
    """

    def __init__(
        self, most: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._narrow: dict[tuple[str, str], float] = {}
        self._halved_at: dict[tuple[str, str], float] = {}

    def of(self, corp_id: str) -> Widths:
        """The widths of one corp's endpoints, as they are whenever asked."""
        return lambda endpoint: self.width(corp_id, endpoint)

    def width(self, corp_id: str, endpoint: str) -> int:
        """How many calls may be under way now: at least one."""
        return int(self._narrow.get((corp_id, endpoint), self._most))

    def note(self, corp_id: str, endpoint: str, errcode: int | None) -> None:
        """Learn from what a call came to."""
        lane = corp_id, endpoint
        if errcode == OK:
            if lane in self._narrow:
                self._widen(lane)
        elif errcode is not None and isinstance(
            error_for(errcode, endpoint=endpoint), Throttled
        ):
            self._halve(lane)

    def _widen(self, lane: tuple[str, str]) -> None:
        with self._lock:
            width = self._narrow.get(lane, self._most)
            width += 1 / width
            if width < self._most:
                self._narrow[lane] = width
            else:
                self._narrow.pop(lane, None)
                self._halved_at.pop(lane, None)

    def _halve(self, lane: tuple[str, str]) -> None:
        with self._lock:
            now = self._clock()
            if now - self._halved_at.get(lane, -_CROWD_SECONDS) < _CROWD_SECONDS:
                return
            self._halved_at[lane] = now
            self._narrow[lane] = max(1.0, self._narrow.get(lane, self._most) / 2)
