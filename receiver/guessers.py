"""What item events that prove nothing may cost: bounded, and for their sender alone."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

# Up to here reading an event costs less than the request that brought it.
SMALL_BYTES = 65_536
# What may be read in vain within a window, by one visitor for one company.
VAIN_BYTES = 32 * 1024 * 1024
WINDOW_SECONDS = 60.0
_KNOWN = 10_000


@dataclass(slots=True)
class _Vain:
    until: float
    read_bytes: int = 0


class Guessers:
    """Who sent long events with a wrong secret, and how much lately.

    Shape: small events are always read, and a company's long ones whoever guesses at
        another's or from elsewhere: a right secret is not kept out by wrong ones.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._vain: OrderedDict[tuple[str, str], _Vain] = OrderedDict()

    def may_be_read(self, company_id: str, visitor: str, *, size_bytes: int) -> bool:
        """Whether so long an event is worth reading to find its secret."""
        if size_bytes <= SMALL_BYTES:
            return True
        with self._lock:
            vain = self._vain.get((company_id, visitor))
            over = vain is None or vain.until <= self._now()
            return over or (vain is not None and vain.read_bytes < VAIN_BYTES)

    def note_vain(self, company_id: str, visitor: str, *, size_bytes: int) -> None:
        """So much was read, and it proved nothing."""
        if size_bytes <= SMALL_BYTES:
            return
        key, now = (company_id, visitor), self._now()
        with self._lock:
            vain = self._vain.get(key)
            if vain is None or vain.until <= now:
                vain = self._vain[key] = _Vain(until=now + WINDOW_SECONDS)
            vain.read_bytes += size_bytes
            self._vain.move_to_end(key)
            if len(self._vain) > _KNOWN:
                self._vain.popitem(last=False)
