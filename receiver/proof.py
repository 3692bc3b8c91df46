"""Proves every few seconds that this process could answer a callback."""

import logging
import os
import threading
import time
from collections.abc import Callable

EVERY_SECONDS = 5.0
# By then the gap is written; a process that cannot serve is better begun anew.
HOPELESS_SECONDS = 60.0

_log = logging.getLogger(__name__)


class Proof:
    """How long nothing could be served, as far as a request of our own can tell."""

    def __init__(
        self,
        ask: Callable[[], bool],
        *,
        now: Callable[[], float] = time.monotonic,
        give_up: Callable[[], None] = lambda: os._exit(1),
    ) -> None:
        self._ask = ask
        self._now = now
        self._give_up = give_up
        self._served_at = now()
        self._thread = threading.Thread(target=self._run, name="proof", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def unserved_seconds(self) -> float:
        """Seconds since a request was last answered."""
        return self._now() - self._served_at

    def ask_once(self) -> None:
        """Find out now; end the process when there is no hope left for it."""
        if self._ask():
            self._served_at = self._now()
        elif self.unserved_seconds() > HOPELESS_SECONDS:
            _log.critical("no request could be served for a minute; starting anew")
            self._give_up()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self.ask_once()
            pause.wait(EVERY_SECONDS)
