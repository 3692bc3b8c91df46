"""Commits pages of a run: org and journal together, while lease and run are ours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from domain.decisions import Decision
from store import statistics
from store.database import Connection, transaction
from store.org import corps, journal
from store.org.corps import Corp
from store.org.journal import Cause
from store.runs import runs
from store.runs.runs import Run
from store.sealing import DataKey
from wecom.errors import Unavailable
from workers.lease import leased
from workers.notices.outbox import note_asked, ring_for
from workers.org.apply import count_by_name
from workers.org.guard import note_removed
from workers.runtime import Runtime

Decide = Callable[[Connection], list[Decision]]

AGAIN_SECONDS = 1.0
# From so many decisions on, a first read has filled tables that were sampled as empty.
_SAMPLED_FROM = 1_000
# The planner looks again while tables are filled, and once when they are full.
_GROWN_MUCH, _GROWN = 10, 2


class Commits:
    """The transactions of one run that is applied under the lease of its mailbox."""

    def __init__(
        self, runtime: Runtime, run: Run, corp: Corp, *, lease: UUID, data_key: DataKey
    ) -> None:
        self._runtime = runtime
        self._run = run
        self._corp = corp
        self._lease = lease
        self._data_key = data_key
        self._filling = statistics.DEPARTMENTS
        self._written, self._sampled = 0, 0
        self._look_at = _SAMPLED_FROM
        # Those of the transaction at hand.
        self._decided: list[Decision] = []
        self._held = False

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits only while lease, corp and run are as they were.

        Raises: LeaseLost, RunTaken; Unavailable when the corp was paused meanwhile.
        """
        with leased(self._runtime.pool, self._corp.mailbox, self._lease) as connection:
            if corps.lock(connection, self._corp.corp_pk).state != self._corp.state:
                raise Unavailable("the corp is not linked", wait_seconds=AGAIN_SECONDS)
            runs.check(connection, self._run)
            self._decided.clear()
            yield connection
        self._runtime.tallies.decided(self._decided)
        ring_for(self._runtime.bell, self._corp, self._decided, held=self._held)

    def page(self, decide: Decide) -> None:
        """One page: what is decided, and its journal, in a transaction of their own."""
        with self.writing() as connection:
            decisions = decide(connection)
            self.journal(connection, decisions)
        self._note_written(len(decisions))

    def journal(self, connection: Connection, decisions: list[Decision]) -> None:
        """Write decisions down, for the journal, the guard, the notices and the run."""
        journal.write(
            connection,
            self._corp.corp_pk,
            cause=Cause(name="run", run_id=self._run.run_id),
            decisions=decisions,
            data_key=self._data_key,
        )
        note_removed(connection, self._corp, decisions)
        note_asked(connection, self._corp, decisions, otherwise=self._run.event_ids)
        if decisions:
            counts = count_by_name(decisions)
            runs.note_decisions(connection, self._run.run_id, counts)
            self._decided += decisions

    def hold(self) -> None:
        """Removals wait: from the next commit on, the corp's admins are to be asked."""
        self._held = True

    def turn_to(self, tables: str) -> None:
        """What is written from here on fills these tables, which may be empty yet."""
        much = self._written >= _SAMPLED_FROM
        if much and self._written >= _GROWN * self._sampled:
            self._sample()
        self._filling = tables
        self._written, self._sampled = 0, 0
        # Where many members are new, some of their links will be, too.
        self._look_at = 1 if much else _SAMPLED_FROM

    def _note_written(self, decisions: int) -> None:
        """Have the planner look again whenever ten times as much has been written."""
        self._written += decisions
        if self._written >= max(self._look_at, _GROWN_MUCH * self._sampled):
            self._sample()

    def _sample(self) -> None:
        self._sampled = self._written
        with transaction(self._runtime.pool) as connection:
            statistics.refresh(connection, self._filling)
