"""A held plan, and a run or what one would do: many decisions that are one as one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import render_template
from flask.typing import ResponseReturnValue

from domain.grouping import Step, StepGroup, group
from store.database import Connection, transaction
from store.runs import rehearsals
from store.runs.rehearsals import Rehearsal
from store.summaries.runs.plans import PlanSummary, find_plan
from store.summaries.runs.runs import RunSummary, find_run
from store.summaries.runs.steps import count_entries, read_plan_steps, read_run_steps
from web.access import Audience, seen_by
from web.console.blueprint import console
from web.console.planning import tell_groups, tell_why
from web.corps import FoundCorp, get_corp
from web.problems import Problem
from web.services import services
from web.texts import catalogue, language, translate

# A page shows so many lines; the API has them all.
_MOST_LINES = 200
# The first read of a large corp adds everybody, and a plan may hold all of it: the
# counts say it as well.
_MOST_STEPS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A group in the language of the request."""

    text: str
    why: str
    held: bool
    count: int


@console.get("/corps/<corp_id>/plans/<plan_id>")
@seen_by(Audience.OPERATOR)
def show_plan(corp_id: str, plan_id: str) -> ResponseReturnValue:
    """Removals that wait or waited, and how to decide about them."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, corp_id)
        plan = _get_plan(connection, corp, plan_id)
        counts = count_entries(connection, plan.plan_id)
        told, more = _tell_plan(connection, corp, plan, counts)
    return render_template(
        "plan.html",
        corp=corp.summary,
        plan=plan,
        told=told,
        more=more,
        counts=counts,
        nothing="plan_page.large" if _to_tell(counts) else "plan_page.nothing",
    )


@console.get("/corps/<corp_id>/runs/<run_id>")
@seen_by(Audience.OPERATOR)
def show_run(corp_id: str, run_id: str) -> ResponseReturnValue:
    """What a full read has changed, or what one would change."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, corp_id)
        run = _get_run(connection, corp, run_id)
        foreseen = rehearsals.find(connection, run.run_id)
        told, more = _tell_run(connection, corp, run, foreseen)
    return render_template(
        "run.html",
        corp=corp.summary,
        run=run,
        cause=_cause(run),
        foreseen=foreseen,
        told=told,
        more=more,
        nothing=_nothing(run, foreseen),
    )


def _get_plan(connection: Connection, corp: FoundCorp, plan_id: str) -> PlanSummary:
    plan = find_plan(connection, plan_id)
    if plan is None or plan.corp_pk != corp.corp_pk:
        raise Problem(404, f"plan {plan_id}: not known here.")
    return plan


def _get_run(connection: Connection, corp: FoundCorp, run_id: str) -> RunSummary:
    run = find_run(connection, run_id)
    if run is None or run.corp_id not in corp.names:
        raise Problem(404, f"run {run_id}: not known here.")
    return run


def _cause(run: RunSummary) -> str:
    key = f"run_page.causes.{run.cause}"
    return translate(key) if key in catalogue(language()) else run.cause


def _to_tell(counts: Mapping[str, int]) -> int:
    """How many entries a plan is told by: whoever returned is left out."""
    return sum(count for state, count in counts.items() if state != "returned")


def _tell_plan(
    connection: Connection,
    corp: FoundCorp,
    plan: PlanSummary,
    counts: Mapping[str, int],
) -> tuple[list[Told], int]:
    if _to_tell(counts) > _MOST_STEPS:
        return [], 0
    return _tell(connection, corp, read_plan_steps(connection, plan.plan_id))


def _nothing(run: RunSummary, foreseen: Rehearsal | None) -> str:
    """Why there is nothing to tell, as a key; that nothing differs only where known."""
    if foreseen is not None:
        return "plan.nothing"
    if run.decisions:
        return "run_page.large"
    if run.state in {"queued", "running"}:
        return "run_page.open"
    if run.state in {"failed", "cancelled"}:
        return "run_page.ended_early"
    return "run_page.forgotten" if run.cause == "plan" else "run_page.nothing"


def _tell_run(
    connection: Connection,
    corp: FoundCorp,
    run: RunSummary,
    foreseen: Rehearsal | None,
) -> tuple[list[Told], int]:
    if foreseen is not None:
        return _tell_groups(connection, corp, rehearsals.groups_of(foreseen))
    if sum(run.decisions.values()) > _MOST_STEPS:
        return [], 0
    return _tell(connection, corp, read_run_steps(connection, run.run_id))


def _tell(
    connection: Connection, corp: FoundCorp, steps: Iterable[Step]
) -> tuple[list[Told], int]:
    return _tell_groups(connection, corp, group(steps))


def _tell_groups(
    connection: Connection, corp: FoundCorp, groups: Sequence[StepGroup]
) -> tuple[list[Told], int]:
    """The first groups in words, and how many more there are."""
    shown, tag = groups[:_MOST_LINES], language()
    words = tell_groups(connection, corp.corp_pk, shown)
    told = [
        Told(
            text=said[tag],
            why=tell_why(each, tag=tag),
            held=each.held,
            count=each.count,
        )
        for each, said in zip(shown, words, strict=True)
    ]
    return told, len(groups) - len(shown)
