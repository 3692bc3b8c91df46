"""Keeps corps that do not answer from holding every thread of a process."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from store.platform.pauses import UNAVAILABLE, owner_of
from wecom.errors import Unavailable
from workers.calls.pause_cache import KnownPauses

# Of the sixteen threads that drain and the four that read, so many may wait for corps
# whose last call was not answered.
SLOTS = 2
_SHORTEST_SECONDS, _LONGEST_SECONDS = 1.0, 3.0


class Suspects:
    """Corps whose last call failed, or was cut off, and that have not answered since.

    Their calls may take the full ten seconds, so only a few of them are asked at a
    time; anybody else's first call is cut off earlier (workers/calls/meter.py).
    """

    def __init__(self, known: KnownPauses, *, slots: int = SLOTS) -> None:
        self._known = known
        self._slots = threading.BoundedSemaphore(slots)

    @contextmanager
    def slot(self, corp_id: str) -> Iterator[None]:
        """The right to ask about this corp for as long as the block lasts.

        Raises: Unavailable when it is a suspect and others are being asked.
        """
        if not self._is_suspect(corp_id):
            yield
            return
        if not self._slots.acquire(blocking=False):
            seconds = random.uniform(_SHORTEST_SECONDS, _LONGEST_SECONDS)  # noqa: S311 - spreads load, hides nothing
            raise Unavailable(
                "others that do not answer are asked first",
                corp_id=corp_id,
                wait_seconds=seconds,
            )
        try:
            yield
        finally:
            self._slots.release()

    def _is_suspect(self, corp_id: str) -> bool:
        known = self._known.of(owner_of(corp_id)).pauses.values()
        return any(each.reason == UNAVAILABLE for each in known)
