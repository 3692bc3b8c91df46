"""Watches the clock, which watches everything else: without it nobody would alert.

Every worker looks twice a minute whether a clock leads. Where none does, one of them
judges in its place, and the first thing that it finds is that there is no clock.
"""

import logging
import threading
from collections.abc import Callable

from dramatiq import Broker
from dramatiq.middleware import Middleware
from dramatiq.worker import Worker

from store.database import StoreUnavailable, glance
from store.health.platform import is_clock_gone
from workers.alerts import judge
from workers.lease import taken
from workers.runtime import Runtime

# One worker at a time judges in the clock's place.
STAND_IN = "alerts"
_LOOK_SECONDS = 30.0

_log = logging.getLogger(__name__)


class ClockWatch(Middleware):
    """Looks after the clock beside the threads of a worker."""

    def __init__(self, runtime: Callable[[], Runtime]) -> None:
        self._runtime = runtime
        self._stopping = threading.Event()

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Begin to look."""
        threading.Thread(target=self._watch, name="clock-watch", daemon=True).start()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Look no longer."""
        self._stopping.set()

    def _watch(self) -> None:
        was_gone = False
        # Gone at two looks in a row: a deploy takes the clock away for a moment.
        while not self._stopping.wait(_LOOK_SECONDS):
            try:
                was_gone = look_after(self._runtime(), was_gone=was_gone)
            except StoreUnavailable:
                _log.info("clock not looked for, store away")
            except Exception:
                # Whatever it was, this thread is the last that would tell of anything.
                _log.exception("not judged in the clock's place")


def look_after(runtime: Runtime, *, was_gone: bool) -> bool:
    """Judge in the clock's place if it was gone before and is so still.

    Shape: whether it is gone now.
    """
    with glance(runtime.pool) as connection:
        is_gone = is_clock_gone(connection)
    if not (is_gone and was_gone):
        return is_gone
    with taken(runtime.pool, STAND_IN) as lease:
        if lease is not None:
            _log.warning("no clock leads, judging in its place")
            judge.judge(runtime)
            judge.ring_deliveries(runtime)
    return is_gone
