"""Whose turn it is, without asking Postgres about each duty every second."""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from store.database import Connection, Pool, glance
from store.platform import schedule
from store.summaries.operations import due_jobs

# A rhythm is looked at once in so long even if it is slower: somebody may have had the
# last turn, or an operator may have made it due.
_LONGEST_MEMORY_SECONDS = 60.0
_LATER_SHARE = 0.1
# Of the names in the schedule.
_PREFIX = "upkeep:"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTurn:
    """A duty by its name, and its rhythm if it has one."""

    name: str
    every_seconds: float | None


class Agenda:
    """What a clock knows of the next turns: asked once a second, remembered between.

    Shape: one thread looks, several take what is theirs; a turn that was had is kept
        until whoever does it is back from the last one.
    """

    def __init__(self, pool: Pool, turns: Iterable[JobTurn] = ()) -> None:
        self._pool = pool
        self._rhythms = {
            turn.name: turn.every_seconds
            for turn in turns
            if turn.every_seconds is not None
        }
        self._due: frozenset[str] = frozenset()
        self._had: set[str] = set()
        self._rests_until: dict[str, float] = {}
        self._lock = threading.Lock()

    def look(self) -> None:
        """Find out what there is to do, and whose turn it is: a statement for each.

        Raises: StoreUnavailable.
        """
        with glance(self._pool) as connection:
            self._due = due_jobs.list_due(connection)
            asked = self._list_rested()
            if asked:
                self._note(asked, take_turns(connection, asked))

    def is_due(self, name: str) -> bool:
        """Whether the last look found something to do; so it is of unknown duties."""
        return name in self._due or name not in due_jobs.KNOWN

    def take(self, turns: Iterable[JobTurn]) -> frozenset[str]:
        """The duties, of these, that are the caller's to do now, by name."""
        always = {turn.name for turn in turns if turn.every_seconds is None}
        with self._lock:
            had = {turn.name for turn in turns} & self._had
            self._had -= had
        return frozenset(had.union(filter(self.is_due, always)))

    def has_any(self, turns: Iterable[JobTurn]) -> bool:
        """Whether one of these duties is somebody's to do now; none is taken."""
        with self._lock:
            had = frozenset(self._had)
        return any(
            turn.name in had or (turn.every_seconds is None and self.is_due(turn.name))
            for turn in turns
        )

    def _list_rested(self) -> dict[str, float]:
        """The rhythms of what may have its next turn now."""
        now = time.monotonic()
        with self._lock:
            resting = self._had | {
                name for name, until in self._rests_until.items() if now < until
            }
        # A rhythm says how often at most, not that there is anything to do.
        return {
            name: every
            for name, every in self._rhythms.items()
            if name not in resting and self.is_due(name)
        }

    def _note(self, asked: Mapping[str, float], taken: frozenset[str]) -> None:
        now = time.monotonic()
        for name, every in asked.items():
            # Not taken: this clock's row is a moment younger than its memory, or
            # another clock had the last turn.
            share = 1.0 if name in taken else _LATER_SHARE
            self._rests_until[name] = now + min(every * share, _LONGEST_MEMORY_SECONDS)
        with self._lock:
            self._had |= taken


def take_turns(connection: Connection, rhythms: Mapping[str, float]) -> frozenset[str]:
    """The duties, by name, whose turn it is by the rows that all clocks share."""
    taken = schedule.take_turns(
        connection, {f"{_PREFIX}{name}": every for name, every in rhythms.items()}
    )
    return frozenset(name.removeprefix(_PREFIX) for name in taken)
