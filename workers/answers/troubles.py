"""Keys whose own answer cannot be had while others are answered: their trouble alone.

An odd answer is always its key's own. No answer at all may be an outage: it is the
key's own only beside others that were answered.
"""

import threading
from collections.abc import Callable, Collection
from contextlib import nullcontext
from typing import TypeVar

from domain.ids import Key
from wecom.errors import OddAnswer, Unavailable
from workers.calls.leniency import failing_alone

# So many unanswered questions, and nobody answered yet: that is an outage.
MOST_UNANSWERED = 3

Answer = TypeVar("Answer")


class Troubles:
    """What could not be had so far in one drain, page or run; shared by threads.

    Shape: `known` are keys that failed alone before; nobody need be answered beside
        them.
    """

    def __init__(self, known: Collection[Key] = ()) -> None:
        self._known = frozenset(known)
        self._lock = threading.Lock()
        self._answered = 0
        self._unanswered = 0
        self._of: dict[Key, Unavailable] = {}

    @property
    def of(self) -> dict[Key, Unavailable]:
        """The error of each key in trouble."""
        with self._lock:
            return dict(self._of)

    def note_answer(self) -> None:
        """WeCom answered something of this piece of work."""
        with self._lock:
            self._answered += 1

    def note(self, key: Key, error: Unavailable) -> None:
        """Nothing usable was said of this key in an answer about many."""
        with self._lock:
            self._of[key] = error

    def bear(
        self, key: Key, question: Callable[[], Answer], *, waits: bool = False
    ) -> Answer | None:
        """The answer; None when there is none, or none that can be used.

        Raises: any other error, and Unavailable when it looks like an outage, or when
            whoever asks `waits` for answers as long as that helps.
        """
        lenient = not waits and self._is_lenient(key)
        try:
            with failing_alone() if lenient else nullcontext():
                answer = question()
        except OddAnswer as error:
            with self._lock:
                self._answered += 1
                self._of[key] = error
            return None
        except Unavailable as error:
            if waits or error.held_back or not self._admit(key, error):
                raise
            return None
        with self._lock:
            self._answered += 1
            self._of.pop(key, None)
        return answer

    def check(self) -> None:
        """Raise what failed first if nobody at all was answered: an outage."""
        with self._lock:
            if self._answered:
                return
            for key, error in self._of.items():
                if key not in self._known:
                    raise error

    def _is_lenient(self, key: Key) -> bool:
        with self._lock:
            few = self._unanswered < MOST_UNANSWERED - 1
            return key in self._known or self._answered > 0 or few

    def _admit(self, key: Key, error: Unavailable) -> bool:
        with self._lock:
            self._of[key] = error
            if key in self._known:
                return True
            self._unanswered += 1
            return self._unanswered < max(MOST_UNANSWERED, self._answered)
