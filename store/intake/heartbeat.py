"""A receiver's heartbeat: what a process tells Postgres when nobody is waiting."""

import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

from store.database import Connection, StoreUnavailable
from store.intake.bounded import BoundedPool, bounded
from store.intake.gaps import GapReason, add_refusals, beat, open_gap

BEAT_SECONDS = 15.0
_TICK_SECONDS = 1.0
_BUDGET_SECONDS = 1.0
# Beyond this the own clock is taken to be wrong, and Postgres' to be right.
_TRUSTED_SECONDS = 30.0
# A process that could not run for so long has not been serving meanwhile.
_ASLEEP_SECONDS = 30.0

_log = logging.getLogger(__name__)


class Pulse:
    """Beats, counts refusals, opens gaps and compares clocks, in a thread."""

    def __init__(
        self, pool: BoundedPool, *, own_clock: Callable[[], float] = time.time
    ) -> None:
        self._pool = pool
        self._own_clock = own_clock
        self._receiver = f"{socket.gethostname()}:{os.getpid()}"
        self._lock = threading.Lock()
        self._refused: Counter[str] = Counter()
        self._lost_mail = False
        self._offset = 0.0
        self._awake_since = self._last_tick = time.monotonic()
        self._beat_at = float("-inf")
        self._stopping = threading.Event()
        self._first = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self, *, wait_seconds: float = 1.0) -> None:
        """Begin to beat; wait a moment for the first, which tells the clocks apart."""
        self._thread.start()
        self._first.wait(wait_seconds)

    def stop(self) -> None:
        """Write what is not written yet, and end."""
        self._stopping.set()
        self._thread.join(timeout=2 * _BUDGET_SECONDS)

    def now(self) -> float:
        """Seconds since the epoch: the own clock, unless Postgres' is far from it."""
        offset = self._offset
        own = self._own_clock()
        return own + offset if abs(offset) > _TRUSTED_SECONDS else own

    def count_refusal(self, reason: str) -> None:
        """Count a callback that was refused."""
        with self._lock:
            self._refused[reason] += 1

    def note_lost_mail(self) -> None:
        """Have a gap opened as soon as Postgres is there."""
        with self._lock:
            self._lost_mail = True

    def _run(self) -> None:
        while True:
            stopping = self._stopping.is_set()
            self._notice_sleep()
            try:
                self._tell()
            except StoreUnavailable as error:
                _log.info("heartbeat failed", extra={"error": str(error)})
            self._first.set()
            if stopping:
                return
            self._stopping.wait(_TICK_SECONDS)

    def _notice_sleep(self) -> None:
        now = time.monotonic()
        if now - self._last_tick > _ASLEEP_SECONDS:
            self._awake_since = now
        self._last_tick = now

    def _tell(self) -> None:
        refused, lost_mail = self._take()
        beats = time.monotonic() - self._beat_at >= BEAT_SECONDS
        if not (refused or lost_mail or beats):
            return
        try:
            with bounded(self._pool, seconds=_BUDGET_SECONDS) as connection:
                self._write(connection, refused=refused, lost_mail=lost_mail)
        except StoreUnavailable:
            self._give_back(refused, lost_mail=lost_mail)
            raise

    def _write(
        self, connection: Connection, *, refused: Mapping[str, int], lost_mail: bool
    ) -> None:
        asked = self._own_clock()
        awake = time.monotonic() - self._awake_since
        with connection.transaction():
            now = beat(connection, self._receiver, awake_seconds=awake)
            answered = self._own_clock()
            add_refusals(connection, refused)
            if lost_mail:
                open_gap(connection, GapReason.REFUSED)
        self._offset = now.timestamp() - (asked + answered) / 2
        self._beat_at = time.monotonic()

    def _take(self) -> tuple[Mapping[str, int], bool]:
        with self._lock:
            refused, self._refused = self._refused, Counter()
            lost_mail, self._lost_mail = self._lost_mail, False
        return refused, lost_mail

    def _give_back(self, refused: Mapping[str, int], *, lost_mail: bool) -> None:
        with self._lock:
            self._refused.update(refused)
            self._lost_mail = self._lost_mail or lost_mail
