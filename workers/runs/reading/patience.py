"""What a run bears: after some waiting a question that fails alone is let go."""

from collections.abc import Callable
from typing import TypeVar

from domain.ids import Key
from wecom.errors import Unavailable
from workers.answers.troubles import Troubles

# So often a key without an answer keeps the run waiting; then it is its own trouble.
PATIENT_STRIKES = 3

Answer = TypeVar("Answer")


class Patience:
    """What could not be had in one turn at a run; shared by threads.

    Shape: `strikes` is how often the run has failed and waited so far.
    """

    def __init__(self, strikes: int) -> None:
        self._waits = strikes < PATIENT_STRIKES
        self._troubles = Troubles()

    def bear(self, key: Key, question: Callable[[], Answer]) -> Answer | None:
        """The answer; None when nothing usable came, and `error_of` says what did.

        Raises: any other error, and Unavailable while it is worth waiting for, or
            when it looks like an outage.
        """
        return self._troubles.bear(key, question, waits=self._waits)

    def note(self, key: Key, error: Unavailable) -> None:
        """What came for this key can be used only in part."""
        self._troubles.note(key, error)

    def error_of(self, key: Key) -> Unavailable | None:
        """Why nothing usable came for this key."""
        return self._troubles.of.get(key)
