"""Whose turn it is, without asking Postgres about each duty every second."""

import time
from dataclasses import dataclass

from store.database import Pool, glance, transaction
from store.platform import schedule
from store.summaries.operations import due_jobs

# A rhythm is looked at once in so long even if it is slower: somebody may have had the
# last turn, or an operator may have made it due.
_LONGEST_MEMORY_SECONDS = 60.0
_LATER_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTurn:
    """A duty by its name, and its rhythm if it has one."""

    name: str
    every_seconds: float | None


class Agenda:
    """What a clock knows of the next turns: asked once a second, remembered between.

    Several threads ask, each for duties of its own.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._due: frozenset[str] = frozenset()
        self._rests_until: dict[str, float] = {}

    def look(self) -> None:
        """Find out which of the duties that are asked about have something to do.

        Raises: StoreUnavailable.
        """
        with glance(self._pool) as connection:
            self._due = due_jobs.list_due(connection)

    def is_due(self, name: str) -> bool:
        """Whether the last look found something to do; so it is of unknown duties."""
        return name in self._due or name not in due_jobs.KNOWN

    def takes_turn(self, turn: JobTurn) -> bool:
        """Whether it is this duty's turn, and so the caller's to do it now.

        Raises: StoreUnavailable.
        """
        if not self.is_due(turn.name):
            # A rhythm says how often at most, not that there is anything to do.
            return False
        if turn.every_seconds is None:
            return True
        if time.monotonic() < self._rests_until.get(turn.name, float("-inf")):
            return False
        taken = take_turn(self._pool, turn)
        # Not taken: this clock's row is a moment younger than its memory, or another
        # clock had the last turn.
        share = 1.0 if taken else _LATER_SHARE
        rest = min(turn.every_seconds * share, _LONGEST_MEMORY_SECONDS)
        self._rests_until[turn.name] = time.monotonic() + rest
        return taken


def take_turn(pool: Pool, turn: JobTurn) -> bool:
    """Whether it is the turn of a duty with a rhythm, by the row that all clocks share.

    Raises: StoreUnavailable.
    """
    if turn.every_seconds is None:
        return True
    with transaction(pool) as connection:
        return schedule.take_turn(
            connection, f"upkeep:{turn.name}", every_seconds=turn.every_seconds
        )
