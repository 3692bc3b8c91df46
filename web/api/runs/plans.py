"""Held removals: list, one, approve, reject."""

from datetime import datetime
from typing import Any, Literal

from flask import Response
from pydantic import BaseModel, Field

from domain.decisions import DecisionName
from store.database import Connection, transaction
from store.platform import deeds
from store.runs import approvals
from store.runs import plans as stored_plans
from store.runs.approvals import PlanNotOpen
from store.summaries.org import corps
from store.summaries.org.journal import find_data_key, masked
from store.summaries.runs import plans
from store.summaries.runs.plans import PlanSummary
from web.access import Audience, seen_by
from web.api.auditing import note_deed
from web.api.blueprint import Id, Page, Why, answer, blueprint, not_found, problems
from web.api.runs.runs import Requested
from web.http.cursors import cut
from web.http.problems import Problem
from web.http.shown import show_row
from web.org.corps import pseudonym_key
from web.services import services

api = blueprint("api-plans")

PlanState = Literal["held", "approved", "rejected", "superseded"]


class PlanPath(BaseModel):
    """Which plan."""

    plan_id: Id


class PlanPage(Page):
    """Which plans are wanted."""

    corp_id: Id | None = None
    state: PlanState | None = None


class PlannedDecision(BaseModel):
    """One decision of a plan, with what it would change and why."""

    name: DecisionName
    key: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str


class Plan(BaseModel):
    """Removals of one kind that were too many at once, frozen until decided."""

    plan_id: str
    corp_id: str
    state: PlanState = Field(
        description="superseded: nothing of it waits any more; each entry was removed "
        "otherwise or is shown again, be it under another userid."
    )
    hash: str = Field(description="An approval must repeat it.")
    created_at: datetime
    decisions: list[PlannedDecision]


class Plans(BaseModel):
    """A page of plans, newest first."""

    items: list[Plan]
    next: str | None


class ApprovalBody(BaseModel):
    """What an approval must carry."""

    hash: str = Field(min_length=1, max_length=128)
    reason: str = Field("", max_length=500, description="Kept in the audit.")


@api.get("/plans", responses={200: Plans, **problems(400)})
@seen_by(Audience.BEARER)
def list_plans(query: PlanPage) -> Response:
    """The plans, newest first."""
    of = ["plans", query.corp_id, query.state]
    position = services().cursors.open(query.cursor, of=of)
    before = (datetime.fromisoformat(position[0]), position[1]) if position else None
    with transaction(services().pool) as connection:
        rows = plans.list_plans(
            connection,
            corp_ids=_names(connection, query.corp_id),
            state=query.state,
            before=before,
            limit=query.limit + 1,
        )
        shown, end = cut(
            rows,
            limit=query.limit,
            position=lambda row: [row.created_at.isoformat(), row.plan_id],
        )
        items = [_show(connection, row, asked=query.corp_id) for row in shown]
    following = services().cursors.seal(end, of=of) if end else None
    return answer(Plans(items=items, next=following))


@api.get("/plans/<plan_id>", responses={200: Plan, **problems(404)})
@seen_by(Audience.BEARER)
def read_plan(path: PlanPath) -> Response:
    """One plan."""
    with transaction(services().pool) as connection:
        return answer(_get(connection, path.plan_id))


@api.post(
    "/plans/<plan_id>/approve",
    responses={200: Requested, 202: Requested, **problems(404, 409, 422)},
)
@seen_by(Audience.BEARER)
def approve_plan(path: PlanPath, body: ApprovalBody) -> Response:
    """Ask about each entry again and remove those whom WeCom still does not show."""
    try:
        with transaction(services().pool) as connection:
            plan = _find(connection, path.plan_id)
            approval = approvals.approve(
                connection, path.plan_id, plan_hash=body.hash, by="api"
            )
            if approval is None:
                not_found(f"plan {path.plan_id}")
            if not approval.repeated:
                _note(connection, "approve", plan, body.reason)
    except PlanNotOpen as refusal:
        raise Problem(409, str(refusal)) from refusal
    services().ring_run(approval.run_id)
    # The card that asked the corp's admins says from now on what was decided.
    services().ring_notices(approval.corp_pk)
    status = 200 if approval.repeated else 202
    return answer(Requested(run_id=approval.run_id), status=status)


@api.post("/plans/<plan_id>/reject", responses={200: Plan, **problems(404, 409)})
@seen_by(Audience.BEARER)
def reject_plan(path: PlanPath, query: Why) -> Response:
    """Keep everybody of the plan until WeCom's answer about them changes."""
    try:
        with transaction(services().pool) as connection:
            plan = _find(connection, path.plan_id)
            corp_pk = approvals.reject(connection, path.plan_id, by="api")
            if corp_pk is None:
                not_found(f"plan {path.plan_id}")
            shown = _get(connection, path.plan_id)
            _note(connection, "reject", plan, query.reason)
    except PlanNotOpen as refusal:
        raise Problem(409, str(refusal)) from refusal
    services().ring_notices(corp_pk)
    return answer(shown)


def _find(connection: Connection, plan_id: str) -> PlanSummary:
    return plans.find_plan(connection, plan_id) or not_found(f"plan {plan_id}")


def _note(connection: Connection, act: str, plan: PlanSummary, reason: str) -> None:
    deed = deeds.plan_decided(
        act,
        plan_id=plan.plan_id,
        corp_id=plan.corp_id,
        was=plan.state,
        plan_hash=plan.hash,
    )
    note_deed(connection, deed, reason=reason)


def _names(connection: Connection, corp_id: str | None) -> list[str] | None:
    if corp_id is None:
        return None
    return corps.names_of(corp_id, pseudonym_key(connection))


def _get(connection: Connection, plan_id: str) -> Plan:
    found = plans.find_plan(connection, plan_id)
    return _show(connection, found or not_found(f"plan {plan_id}"), asked=None)


def _show(connection: Connection, plan: PlanSummary, *, asked: str | None) -> Plan:
    data_key = find_data_key(connection, plan.corp_pk, keyring=services().keyring)
    entries = stored_plans.list_entries(connection, plan.plan_id, data_key=data_key)
    return show_row(
        Plan,
        plan,
        corp_id=asked or plan.corp_id,
        decisions=[
            {
                "name": each.name,
                "key": each.key,
                "before": masked(each.before),
                "after": masked(each.after),
                "reason": each.reason,
            }
            for each in entries
        ],
    )
