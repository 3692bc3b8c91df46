"""A receiver's heartbeat: what a process tells Postgres when nobody is waiting."""

import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from store.database import Connection, StoreUnavailable
from store.intake.bounded import BoundedPool, bounded
from store.intake.gaps import GapReason, add_refusals, beat, open_gap

BEAT_SECONDS = 15.0
_TICK_SECONDS = 1.0
_BUDGET_SECONDS = 1.0
# Beyond this the own clock is taken to be wrong, and Postgres' to be right.
_TRUSTED_SECONDS = 30.0
# A process that could not answer or run for so long has lost mail, as likely as not.
SILENT_SECONDS = 30.0

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
        self._gaps: set[GapReason] = set()
        self._is_unserved = False
        self._unserved_seconds: Callable[[], float] = lambda: 0.0
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

    def watch(self, unserved_seconds: Callable[[], float]) -> None:
        """Beat only while requests are answered; a server tells how long none was."""
        self._unserved_seconds = unserved_seconds

    def count_refusal(self, reason: str) -> None:
        """Count a callback that was refused."""
        with self._lock:
            self._refused[reason] += 1

    def note_lost_mail(self) -> None:
        """Have a gap opened as soon as Postgres is there."""
        with self._lock:
            self._gaps.add(GapReason.REFUSED)

    def _run(self) -> None:
        while True:
            stopping = self._stopping.is_set()
            self._notice_silence()
            try:
                self._tell()
            except StoreUnavailable as error:
                _log.info("heartbeat failed", extra={"error": str(error)})
            self._first.set()
            if stopping:
                return
            self._stopping.wait(_TICK_SECONDS)

    def _notice_silence(self) -> None:
        now = time.monotonic()
        slept = now - self._last_tick > SILENT_SECONDS
        unserved = self._unserved_seconds() > SILENT_SECONDS
        if slept or unserved:
            self._awake_since = now
        # Again when it is over: what was closed meanwhile covers only what was before.
        if slept or unserved != self._is_unserved:
            with self._lock:
                self._gaps.add(GapReason.RECEIVERS_SILENT)
        self._last_tick, self._is_unserved = now, unserved

    def _tell(self) -> None:
        refused, gaps = self._take()
        overdue = time.monotonic() - self._beat_at >= BEAT_SECONDS
        beats = overdue and not self._is_unserved
        if not (refused or gaps or beats):
            return
        try:
            with bounded(self._pool, seconds=_BUDGET_SECONDS) as connection:
                self._write(connection, refused=refused, gaps=gaps)
        except StoreUnavailable:
            self._give_back(refused, gaps)
            raise

    def _write(
        self,
        connection: Connection,
        *,
        refused: Mapping[str, int],
        gaps: Collection[GapReason],
    ) -> None:
        with connection.transaction():
            if not self._is_unserved:
                self._beat(connection)
            add_refusals(connection, refused)
            for reason in gaps:
                open_gap(connection, reason)

    def _beat(self, connection: Connection) -> None:
        asked = self._own_clock()
        awake = time.monotonic() - self._awake_since
        now = beat(connection, self._receiver, awake_seconds=awake)
        answered = self._own_clock()
        self._offset = now.timestamp() - (asked + answered) / 2
        self._beat_at = time.monotonic()

    def _take(self) -> tuple[Mapping[str, int], Collection[GapReason]]:
        with self._lock:
            refused, self._refused = self._refused, Counter()
            gaps, self._gaps = self._gaps, set()
        return refused, gaps

    def _give_back(
        self, refused: Mapping[str, int], gaps: Collection[GapReason]
    ) -> None:
        with self._lock:
            self._refused.update(refused)
            self._gaps.update(gaps)
