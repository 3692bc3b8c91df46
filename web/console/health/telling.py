"""Problems in words: what is out of step, why, and what to do about it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from markupsafe import Markup

from store.health.kinds import Problem, ProblemKind
from store.summaries.org.corps import PURGED
from texts.catalogue import catalogue
from web.console.health.errcode_help import helps
from web.console.moments import lasting, since, stamp, told
from web.http.texts import count, language, translate

STANDING_MOST = 160
_NAMED_KINDS = 3
_SHOWN_ERROR = 120
_WITH_ERRCODE = {ProblemKind.CORP_BLOCKED, ProblemKind.FAILURES}
# How advice about an errcode goes on, by the reason of the problem.
_ADVISED = {
    "events": "events",
    "run": "run",
    "run_again": "run_again",
    "waits_operator": "operator",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldProblem:
    """One problem as a page shows it.

    Shape: `error` is verbatim machine text; `link` where the next step is done.
    """

    kind: ProblemKind
    corp_id: str
    what: Markup
    error: str
    next_step: str
    link: str
    link_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The verdict in one sentence."""

    is_in_step: bool
    sentence: str


def tell(problem: Problem, now: datetime) -> ToldProblem:
    """A problem in the language of this request."""
    key = f"problem.{problem.kind}.{problem.reason}"
    known = key in catalogue(language())
    if problem.number == 1 and f"{key}_one" in catalogue(language()):
        key = f"{key}_one"
    values = _values(problem, now)
    return ToldProblem(
        kind=problem.kind,
        corp_id=problem.corp_id or "",
        what=told(key if known else f"problem.{problem.kind}.other", **values),
        error=problem.about[:_SHOWN_ERROR]
        if problem.kind is ProblemKind.FAILURES
        else "",
        next_step=_next(problem),
        link=_link(problem),
        link_text=translate(f"problem_link.{problem.kind}"),
    )


def standing(
    problems: Sequence[Problem], *, corps: int, waiting: int, oldest: float | None
) -> Standing:
    """Whether everything is in step, in at most 160 characters."""
    if not problems:
        return Standing(
            is_in_step=True, sentence=_in_step(corps, waiting=waiting, oldest=oldest)
        )
    counts = Counter(each.kind for each in problems)
    named = [
        count(f"standing_kind.{kind}", counts[kind])
        for kind in ProblemKind
        if counts[kind]
    ]
    parts = named[:_NAMED_KINDS]
    more = len(named) - len(parts)
    listed = translate("standing_join").join(parts)
    if more:
        listed += count("standing_more", more)
    said = translate("standing_no", what=listed)
    return Standing(is_in_step=False, sentence=said[:STANDING_MOST])


def _in_step(corps: int, *, waiting: int, oldest: float | None) -> str:
    if waiting:
        return count("standing_under_way", waiting, oldest=lasting(oldest or 0))
    return count("standing_yes", corps)


def who(problem: Problem) -> str:
    """The corp of a problem by name, else by id; a purged id is cut."""
    corp_id = problem.corp_id or ""
    if corp_id.startswith(PURGED):
        return translate("corps.purged", id=corp_id[len(PURGED) :][:8])
    return problem.corp_name or corp_id or translate("problem_nobody")


def _values(problem: Problem, now: datetime) -> dict[str, object]:
    return {
        "corp": who(problem),
        "n": f"{problem.number:,}",
        "lasting": lasting(problem.number),
        "about": problem.about or translate("problem_unsaid"),
        "reason": awaited(problem.reason.removeprefix("waits_")),
        "since": stamp(problem.since),
        "ago": since(problem.since, now),
        "until": stamp(problem.until),
    }


def awaited(waits_for: str) -> str:
    """What mail waits for, in words where there are some."""
    key = f"waits.for.{waits_for}"
    return translate(key) if key in catalogue(language()) else waits_for


def _next(problem: Problem) -> str:
    own = f"problem_next.{problem.kind}.{problem.reason}"
    if own in catalogue(language()) and problem.reason not in _ADVISED:
        return translate(own)
    advice = helps(problem.about) if problem.kind in _WITH_ERRCODE else None
    if advice is not None:
        how = _ADVISED.get(problem.reason, "blocked")
        return translate(f"advised.{how}", advice=advice)
    known = own in catalogue(language())
    return translate(own if known else f"problem_next.{problem.kind}.other")


def _link(problem: Problem) -> str:
    match problem.kind:
        case ProblemKind.WORKER_DEAD | ProblemKind.STORES | ProblemKind.TICKET_LATE:
            return url_for("console.show_queues")
        case ProblemKind.GAP:
            return url_for("console.list_runs")
        case ProblemKind.LEDGER_OFF:
            return url_for("console.list_events", q=f"day:{problem.about}")
        case ProblemKind.PLAN_HELD:
            return url_for("console.show_plan", plan_id=problem.about)
        case ProblemKind.FAILURES:
            return _link_of_failure(problem)
        case _:
            return _link_of_corp(problem)


def _link_of_failure(problem: Problem) -> str:
    if problem.reason == "tapd":
        return url_for("console.list_corps")
    if problem.reason.startswith("run") and problem.corp_id:
        return url_for("console.list_runs", corp=problem.corp_id)
    wanted = (
        f"state:failed corp:{problem.corp_id}" if problem.corp_id else "state:failed"
    )
    return url_for("console.list_events", q=wanted)


def _link_of_corp(problem: Problem) -> str:
    if problem.corp_id:
        return url_for("console.show_corp", corp_id=problem.corp_id)
    return url_for("console.list_events", q="state:pending")
