"""The verdict about one corp: read from what is out of step, never from its state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.database import Connection
from store.health.kinds import Problem, ProblemKind
from store.summaries.mail.events import find_last_applied
from store.summaries.runs.plans import WaitingPlan, list_waiting
from store.summaries.runs.runs import (
    RunSummary,
    find_latest_of_corp,
    find_latest_plan,
)
from web.org.corps import FoundCorp


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpView:
    """Whether a corp is in step, and what goes on.

    Shape: `standing` has words of its own; `health` is good, wait, bad or none.
    """

    standing: str
    health: str
    pending: int
    synced_at: datetime | None
    applied_at: datetime | None
    run: RunSummary | None
    plans: tuple[WaitingPlan, ...]
    foreseen: RunSummary | None

    @property
    def is_running(self) -> bool:
        """Whether a full read is under way."""
        return self.run is not None and self.run.state == "running"

    @property
    def held_removals(self) -> int:
        """How many removals wait for a person."""
        return sum(plan.removals for plan in self.plans)


def view_corp(
    connection: Connection, corp: FoundCorp, problems: Sequence[Problem]
) -> CorpView:
    """How a corp stands now."""
    summary = corp.summary
    standing, health = _standing(corp, problems)
    return CorpView(
        standing=standing,
        health=health,
        pending=summary.pending_events,
        synced_at=summary.last_synced_at,
        applied_at=find_last_applied(connection, corp.mailboxes),
        run=find_latest_of_corp(connection, corp.corp_pk),
        plans=tuple(list_waiting(connection, corp.corp_pk)),
        foreseen=find_latest_plan(connection, corp.corp_pk),
    )


_STANDING = {
    ProblemKind.OLDEST_TOO_OLD: ("stuck", "bad"),
    ProblemKind.CORP_BLOCKED: ("blocked", "bad"),
    ProblemKind.FAILURES: ("failing", "bad"),
    ProblemKind.PLAN_HELD: ("held", "wait"),
    ProblemKind.CORP_STALE: ("stale", "wait"),
}


def _standing(corp: FoundCorp, problems: Sequence[Problem]) -> tuple[str, str]:
    summary = corp.summary
    if summary.state in {"authorised", "revoked"}:
        return summary.state, "none"
    if summary.state == "paused":
        return "paused", "bad"
    if problems:
        return _STANDING.get(problems[0].kind, ("blocked", "bad"))
    if summary.last_synced_at is None:
        return "first", "wait"
    return ("behind" if summary.pending_events else "in_step"), "good"
