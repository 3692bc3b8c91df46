"""`approve` and `reject`: what an operator decides about removals that wait."""

import click

from commands.auditing import note_deed
from commands.runs.following import follow, report
from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from store.database import Connection, transaction
from store.platform import deeds
from store.platform.deeds import Deed
from store.runs import approvals
from store.runs.approvals import PlanNotOpen
from store.summaries.runs.plans import PlanSummary, find_plan
from workers.queue.bell import open_bell

_reason = click.option("--reason", default="", help="Kept in the audit.")


@click.command()
@click.argument("plan")
@click.option("--hash", "plan_hash", help="What was looked at; another one is refused.")
@_reason
def approve(plan: str, plan_hash: str | None, reason: str) -> None:
    """Do the removals of the held PLAN that WeCom still confirms."""
    settings = read_settings()
    with opened_pool(settings) as pool:
        try:
            with transaction(pool) as connection:
                found = _get(connection, plan)
                approval = approvals.approve(
                    connection, plan, plan_hash=plan_hash, by="cli"
                )
                if approval is not None and not approval.repeated:
                    deed = _deed("approve", found)
                    note_deed(connection, settings, deed, reason=reason)
        except PlanNotOpen as refusal:
            raise Failed(str(refusal)) from refusal
        if approval is None:
            raise _unknown(plan)
        bell = open_bell(settings.redis_url)
        bell.ring_run(approval.run_id)
        # The card that asked the corp's admins says from now on what was decided.
        bell.ring_notices(approval.corp_pk)
        report(follow(pool, approval.run_id))


@click.command()
@click.argument("plan")
@_reason
def reject(plan: str, reason: str) -> None:
    """Keep whom the held PLAN would remove until WeCom's answer about them changes."""
    settings = read_settings()
    with opened_pool(settings) as pool:
        try:
            with transaction(pool) as connection:
                found = _get(connection, plan)
                corp_pk = approvals.reject(connection, plan, by="cli")
                if corp_pk is not None:
                    deed = _deed("reject", found)
                    note_deed(connection, settings, deed, reason=reason)
        except PlanNotOpen as refusal:
            raise Failed(str(refusal)) from refusal
        if corp_pk is None:
            raise _unknown(plan)
        open_bell(settings.redis_url).ring_notices(corp_pk)
        echo("rejected: nothing of the plan is removed.")


def _get(connection: Connection, plan: str) -> PlanSummary:
    found = find_plan(connection, plan)
    if found is None:
        raise _unknown(plan)
    return found


def _deed(act: str, plan: PlanSummary) -> Deed:
    return deeds.plan_decided(
        act,
        plan_id=plan.plan_id,
        corp_id=plan.corp_id,
        was=plan.state,
        plan_hash=plan.hash,
    )


def _unknown(plan: str) -> Failed:
    return Failed(
        f"Plan {plan} is not known here. Those that wait: GET /api/v1/plans?state=held."
    )
