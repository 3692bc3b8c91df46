"""What can be out of step, worst first; alerts and the console say the same."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cronsim import CronSim

# The nightly reads are spread over an hour; another one is what they may take.
_GRACE = timedelta(hours=2)
# A read that failed once or twice is on its way.
STRIKES_TOLD = 3


class ProblemKind(StrEnum):
    """The kinds of problems, the worst first: nothing works, something is lost, ..."""

    WORKER_DEAD = "worker_dead"
    STORES = "stores"
    TICKET_LATE = "ticket_late"
    GAP = "gap"
    LEDGER_OFF = "ledger_off"
    OLDEST_TOO_OLD = "oldest_too_old"
    CORP_BLOCKED = "corp_blocked"
    FAILURES = "failures"
    PLAN_HELD = "plan_held"
    CORP_STALE = "corp_stale"


RANK = {kind: rank for rank, kind in enumerate(ProblemKind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing out of step.

    Shape: `number` is what the kind counts (events, removals, seconds, processes);
        `reason` a code with words of its own; `about` what the reason names: a queue,
        a plan, an errcode; `until` when it is tried again, if that is known.
    """

    kind: ProblemKind
    number: int
    reason: str
    about: str = ""
    corp_id: str | None = None
    corp_name: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From when on something counts as out of step.

    Shape: `stale_before` is the moment by which every linked corp should have been
        read in full, `now` the clock of whoever looks.
    """

    suite_id: str
    now: datetime
    stale_before: datetime
    ticket_seconds: float = 25 * 60.0
    oldest_seconds: float = 60.0


def worst_first(problems: list[Problem]) -> list[Problem]:
    """By kind, then by number: the order in which they are told."""
    return sorted(
        problems,
        # What died is worse only than nothing: that nobody works comes first.
        key=lambda each: (
            RANK[each.kind],
            each.reason == "died",
            -each.number,
            each.corp_id or "",
        ),
    )


def limits_of(suite_id: str, *, cron: str, now: datetime) -> Limits:
    """The limits at a moment, which is in the time zone of the schedule."""
    return Limits(suite_id=suite_id, now=now, stale_before=stale_before(cron, now))


def stale_before(cron: str, now: datetime) -> datetime:
    """The last due time that had its grace: by then every corp should be read."""
    return next(CronSim(cron, now - _GRACE, reverse=True))


def whose(mailbox: str, corp_id: str | None, name: str | None) -> str | None:
    """Who is concerned: of mail that is no known corp's, the mailbox says it."""
    return name if corp_id else mailbox
