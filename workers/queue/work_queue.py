"""Where a worker's threads wait for what its consumers have fetched."""

from __future__ import annotations

from queue import PriorityQueue
from typing import Any

# Between being told that it is over and being stopped lies a moment.
_LAST_LOOK_SECONDS = 0.02


class WorkQueue(PriorityQueue[Any]):
    """Wakes a thread for a message, and all of them when the worker ends.

    dramatiq has each of its threads look up every second, sixteen of them, whether it
    is to end; for that alone nobody has to wake. `waiting` of them have nothing to do.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_over = False
        self.waiting = 0

    def end(self) -> None:
        """Let nobody wait any more; what is still in it can be taken at once."""
        with self.not_empty:
            self._is_over = True
            self.not_empty.notify_all()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """The next item, however long it takes and whatever `timeout` says.

        Raises: queue.Empty, where somebody else was quicker or it is over.
        """
        if block:
            self._await_item()
        return super().get(block=False)

    def _await_item(self) -> None:
        with self.not_empty:
            while not self._qsize():
                if self._is_over:
                    self.not_empty.wait(_LAST_LOOK_SECONDS)
                    return
                self.waiting += 1
                try:
                    self.not_empty.wait()
                finally:
                    self.waiting -= 1
