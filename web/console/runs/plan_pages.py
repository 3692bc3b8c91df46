"""Held plans: who would be removed and why, side by side; decided here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from domain.links.links import LinkReason
from domain.reasons import Reason
from store.database import Connection, transaction
from store.platform import audit, deeds
from store.runs import approvals
from store.runs.approvals import PlanNotOpen
from store.summaries.org import corps
from store.summaries.runs import plan_entries
from store.summaries.runs.plan_entries import CauseCount, EntryRow
from store.summaries.runs.plans import PlanSummary, find_plan
from web.access import Audience, seen_by
from web.console import acting
from web.console.blueprint import console
from web.console.frame import show
from web.console.stream import live
from web.http.cursors import cut
from web.http.problems import Problem
from web.http.texts import translate
from web.org.corps import get_corp, pseudonym_key
from web.services import services

_PAGE_ROWS = 50
# So many removals stand on one page; a plan of more goes on.
_PAGE_ENTRIES = 200
_STATES = ("held", "approved", "rejected", "superseded")
_REASONS = {each.value for each in (*Reason, *LinkReason)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Removals with the same cause: the words, how many, and those on this page."""

    reason: str
    words: str
    waiting: int
    applied: int
    returned: int
    entries: tuple[EntryRow, ...]


@console.get("/plans")
@seen_by(Audience.OPERATOR)
@live
def list_plans() -> ResponseReturnValue:
    """The plans, newest first: those that wait, or of a state, or of a corp."""
    corp_id = request.args.get("corp")
    state = request.args.get("state", "held" if corp_id is None else "")
    of = ["console-plans", corp_id, state]
    position = services().cursors.open(request.args.get("cursor"), of=of)
    with transaction(services().pool) as connection:
        rows = plan_entries.list_rows(
            connection,
            corp_ids=_names(connection, corp_id),
            state=state if state in _STATES else None,
            before=(datetime.fromisoformat(position[0]), position[1])
            if position
            else None,
            limit=_PAGE_ROWS + 1,
        )
    shown, end = cut(
        rows,
        limit=_PAGE_ROWS,
        position=lambda row: [row.created_at.isoformat(), row.plan_id],
    )
    following = services().cursors.seal(end, of=of) if end else None
    return show(
        "console/plans.html",
        place="plans",
        rows=shown,
        states=_STATES,
        state=state,
        corp_id=corp_id,
        next=following
        and url_for("console.list_plans", corp=corp_id, state=state, cursor=following),
    )


@console.get("/plans/<plan_id>")
@seen_by(Audience.OPERATOR)
@live
def show_plan(plan_id: str) -> ResponseReturnValue:
    """Removals that wait or waited, grouped by cause, and the decision."""
    wanted = request.args.get("reason")
    after = request.args.get("after", "-1")
    is_number = after.lstrip("-").isdigit() and len(after) < 10
    with transaction(services().pool) as connection:
        plan = _get(connection, plan_id)
        counts = plan_entries.count_causes(connection, plan_id)
        rows = plan_entries.list_entries(
            connection,
            plan_id,
            reason=wanted,
            after=int(after) if is_number else -1,
            limit=_PAGE_ENTRIES + 1,
        )
        shown, end = cut(rows, limit=_PAGE_ENTRIES, position=lambda row: [row.position])
        return show(
            "console/plan.html",
            place="plans",
            plan=plan,
            corp=corps.find_corp(connection, [plan.corp_id]),
            causes=_causes(counts, shown),
            waiting=sum(each.number for each in counts if each.state == "waiting"),
            returned=sum(each.number for each in counts if each.state == "returned"),
            decided=plan_entries.find_decided(connection, plan_id),
            acts=audit.list_of(
                connection, f"plan:{plan_id}", keyring=services().keyring
            ),
            done=acting.done_word(),
            next=end
            and url_for(
                "console.show_plan", plan_id=plan_id, reason=wanted, after=end[0]
            ),
        )


@console.post("/plans/<plan_id>/approve")
@seen_by(Audience.OPERATOR)
def approve_plan(plan_id: str) -> ResponseReturnValue:
    """Ask WeCom about each again, and remove those whom it still does not show."""
    reason = acting.wanted_reason()
    plan_hash = request.form.get("hash", "")
    try:
        with transaction(services().pool) as connection:
            plan = _get(connection, plan_id)
            approval = approvals.approve(
                connection, plan_id, plan_hash=plan_hash, by=acting.actor()
            )
            if approval is None:
                raise Problem(404, f"plan {plan_id}: not known here.")
            if not approval.repeated:
                _keep(connection, "approve", plan, reason)
    except PlanNotOpen as refusal:
        raise Problem(409, str(refusal), words=f"plan_{refusal.code}") from refusal
    services().ring_run(approval.run_id)
    services().ring_notices(approval.corp_pk)
    return acting.back("console.show_plan", "approve", plan_id=plan_id)


@console.post("/plans/<plan_id>/reject")
@seen_by(Audience.OPERATOR)
def reject_plan(plan_id: str) -> ResponseReturnValue:
    """Keep everybody of the plan until WeCom's answer about them changes."""
    reason = acting.wanted_reason()
    try:
        with transaction(services().pool) as connection:
            plan = _get(connection, plan_id)
            corp_pk = approvals.reject(connection, plan_id, by=acting.actor())
            if corp_pk is None:
                raise Problem(404, f"plan {plan_id}: not known here.")
            _keep(connection, "reject", plan, reason)
    except PlanNotOpen as refusal:
        raise Problem(409, str(refusal), words=f"plan_{refusal.code}") from refusal
    services().ring_notices(corp_pk)
    return acting.back("console.show_plan", "reject", plan_id=plan_id)


@console.get("/corps/<corp_id>/plans/<plan_id>")
@seen_by(Audience.OPERATOR)
def moved_plan(corp_id: str, plan_id: str) -> ResponseReturnValue:
    """Where plans were: links in old messages still lead to them."""
    with transaction(services().pool) as connection:
        if _get(connection, plan_id).corp_pk != get_corp(connection, corp_id).corp_pk:
            raise Problem(404, f"plan {plan_id}: not known here.")
    return redirect(url_for("console.show_plan", plan_id=plan_id), 301)


def _keep(connection: Connection, act: str, plan: PlanSummary, reason: str) -> None:
    deed = deeds.plan_decided(
        act,
        plan_id=plan.plan_id,
        corp_id=plan.corp_id,
        was=plan.state,
        plan_hash=plan.hash,
    )
    acting.keep_deed(connection, deed, reason=reason)


def _get(connection: Connection, plan_id: str) -> PlanSummary:
    plan = find_plan(connection, plan_id)
    if plan is None:
        raise Problem(404, f"plan {plan_id}: not known here.")
    return plan


def _names(connection: Connection, corp_id: str | None) -> list[str] | None:
    if corp_id is None:
        return None
    return corps.names_of(corp_id, pseudonym_key(connection))


def _causes(counts: Sequence[CauseCount], rows: Sequence[EntryRow]) -> list[Cause]:
    """The causes with what this page shows of each, those that wait first."""
    reasons = list(dict.fromkeys(each.reason for each in counts))
    numbers = {(each.reason, each.state): each.number for each in counts}
    return [
        Cause(
            reason=reason,
            words=translate(f"reason.{reason}") if reason in _REASONS else reason,
            waiting=numbers.get((reason, "waiting"), 0),
            applied=numbers.get((reason, "applied"), 0),
            returned=numbers.get((reason, "returned"), 0),
            entries=tuple(row for row in rows if row.reason == reason),
        )
        for reason in reasons
    ]
