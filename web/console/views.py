"""What the parts of a corp's page show, read in one place for page and live answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.database import Connection
from store.summaries.departments import list_names as department_names
from store.summaries.events import find_last_applied
from store.summaries.journal import find_data_key, last_line_id, list_latest
from store.summaries.members import list_names as member_names
from store.summaries.runs.plans import WaitingPlan, list_waiting
from store.summaries.runs.runs import RunSummary, find_latest_of_corp, find_latest_plan
from web.console.words import Names, Sentence, mentioned, sentence
from web.corps import FoundCorp
from web.services import services

JOURNAL_LINES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpView:
    """Whether a corp is in step, and what goes on; while it is equal, so is the page.

    Shape: every change of the org is a line of the journal, so `last_line` stands for
        tree, head counts and journal. A removal that is held is none: it is in `plans`.
    """

    standing: str
    pending: int
    synced_at: datetime | None
    applied_at: datetime | None
    run: RunSummary | None
    last_line: int
    plans: tuple[WaitingPlan, ...]
    foreseen: RunSummary | None

    @property
    def is_running(self) -> bool:
        """Whether a full read is under way."""
        return self.run is not None and self.run.state == "running"

    @property
    def failed_run(self) -> RunSummary | None:
        """The newest run, if it failed."""
        return self.run if self.run and self.run.state == "failed" else None

    @property
    def held_removals(self) -> int:
        """How many removals wait for a person."""
        return sum(plan.removals for plan in self.plans)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalView:
    """The newest lines, newest first."""

    lines: tuple[Sentence, ...]
    most: int


def view_corp(connection: Connection, corp: FoundCorp) -> CorpView:
    """How a corp stands now."""
    summary = corp.summary
    plans = tuple(list_waiting(connection, corp.corp_pk))
    return CorpView(
        standing=_standing(corp, plans),
        pending=summary.pending_events,
        synced_at=summary.last_synced_at,
        applied_at=find_last_applied(connection, corp.mailboxes),
        run=find_latest_of_corp(connection, corp.corp_pk),
        last_line=last_line_id(connection, corp.corp_pk),
        plans=plans,
        foreseen=find_latest_plan(connection, corp.corp_pk),
    )


def view_journal(connection: Connection, corp: FoundCorp) -> JournalView:
    """The newest journal lines of a corp in plain words."""
    data_key = find_data_key(connection, corp.corp_pk, keyring=services().keyring)
    lines = list_latest(
        connection, corp.corp_pk, limit=JOURNAL_LINES, data_key=data_key
    )
    departments, userids = mentioned(lines)
    names = Names(
        departments=department_names(connection, corp.corp_pk, departments),
        members=member_names(connection, corp.corp_pk, userids),
    )
    return JournalView(
        lines=tuple(sentence(line, names) for line in lines), most=JOURNAL_LINES
    )


def _standing(corp: FoundCorp, plans: Sequence[WaitingPlan]) -> str:
    summary = corp.summary
    if summary.state != "linked":
        return summary.state
    if summary.last_synced_at is None:
        return "first"
    if summary.pending_events:
        return "behind"
    return "held" if plans else "in_step"
