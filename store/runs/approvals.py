"""What a person decides about a held plan, whichever way they say it."""

from dataclasses import dataclass

from domain.ids import CorpPk, RunId
from domain.states import PlanState
from store.database import Connection
from store.org import corps
from store.runs import plans, requests
from store.runs.plans import Plan

CAUSE = "approval"


class PlanNotOpen(Exception):
    """The plan cannot be decided so any more; the message and a code say why."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """The run that asks again about each entry; `repeated` if it was asked before."""

    run_id: RunId
    corp_pk: CorpPk
    repeated: bool


def approve(
    connection: Connection, plan_id: str, *, plan_hash: str | None, by: str
) -> Approval | None:
    """Let the plan's removals be done, if WeCom still confirms them; None: no plan.

    Shape: `plan_hash` None takes the plan as it is (a person who has just seen it).
    Repeats: the same hash again gives the same run.
    Raises: PlanNotOpen for another hash, and for a superseded or rejected plan.
    """
    plan = _lock(connection, plan_id)
    if plan is None:
        return None
    if plan_hash is not None and plan_hash != plan.hash:
        raise PlanNotOpen(
            "The hash is not that of the plan: read it again.", code="hash"
        )
    if plan.state == PlanState.APPROVED and plan.run_id is not None:
        return Approval(run_id=RunId(plan.run_id), corp_pk=plan.corp_pk, repeated=True)
    if plan.state != PlanState.HELD:
        raise PlanNotOpen(_why_not(plan), code=plan.state)
    run_id = requests.request_run(connection, plan.corp_pk, cause=CAUSE)
    plans.decide(connection, plan_id, state=PlanState.APPROVED, by=by, run_id=run_id)
    return Approval(run_id=run_id, corp_pk=plan.corp_pk, repeated=False)


def reject(connection: Connection, plan_id: str, *, by: str) -> CorpPk | None:
    """Keep everybody of the plan until WeCom's answer about them changes.

    Shape: the corp whose admins are told; None when there is no such plan.
    Repeats: harmless.
    Raises: PlanNotOpen for an approved or superseded plan.
    """
    plan = _lock(connection, plan_id)
    if plan is None:
        return None
    if plan.state not in {PlanState.HELD, PlanState.REJECTED}:
        raise PlanNotOpen(_why_not(plan), code=plan.state)
    if plan.state == PlanState.HELD:
        plans.decide(connection, plan_id, state=PlanState.REJECTED, by=by)
    return plan.corp_pk


def _why_not(plan: Plan) -> str:
    return {
        PlanState.APPROVED: f"The plan is approved: run {plan.run_id} says the rest.",
        PlanState.REJECTED: "The plan is rejected: whoever of it WeCom answers"
        " differently about comes into another plan.",
        PlanState.SUPERSEDED: "The plan is superseded: nothing of it waits any more."
        " What would be done now: manage.py plan, or"
        " POST /api/v1/corps/<corp_id>/plan.",
    }[plan.state]


def _lock(connection: Connection, plan_id: str) -> Plan | None:
    """The plan, locked behind its corp: in the order of whoever applies removals."""
    corp_pk = plans.find_corp(connection, plan_id)
    if corp_pk is None:
        return None
    corps.lock(connection, corp_pk)
    return plans.lock(connection, plan_id)
