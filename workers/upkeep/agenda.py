"""Whose turn it is, without asking Postgres about each duty every second."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from store.database import Pool, glance
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

    def take_turns(self, turns: Sequence[JobTurn]) -> frozenset[str]:
        """The duties whose turn it is, by name: they are the caller's to do now.

        Raises: StoreUnavailable.
        """
        # A rhythm says how often at most, not that there is anything to do.
        due = [turn for turn in turns if self.is_due(turn.name)]
        now = time.monotonic()
        asked = [turn for turn in due if now >= self._rests_until.get(turn.name, now)]
        taken = take_turns(self._pool, asked)
        for turn in asked:
            if turn.every_seconds is not None:
                # Not taken: this clock's row is a moment younger than its memory, or
                # another clock had the last turn.
                share = 1.0 if turn.name in taken else _LATER_SHARE
                rest = min(turn.every_seconds * share, _LONGEST_MEMORY_SECONDS)
                self._rests_until[turn.name] = time.monotonic() + rest
        return taken


def take_turns(pool: Pool, turns: Sequence[JobTurn]) -> frozenset[str]:
    """The duties whose turn it is by the rows that all clocks share, in one statement.

    Shape: without a rhythm it always is.
    Raises: StoreUnavailable.
    """
    always = {turn.name for turn in turns if turn.every_seconds is None}
    rhythms = {
        f"upkeep:{turn.name}": turn.every_seconds
        for turn in turns
        if turn.every_seconds is not None
    }
    if not rhythms:
        return frozenset(always)
    with glance(pool) as connection:
        taken = schedule.take_turns(connection, rhythms)
    return frozenset(always | {name.removeprefix("upkeep:") for name in taken})
