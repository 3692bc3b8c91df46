"""Does what a form asks for once, keeps who did it, and shows what came of it."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from domain.roles import Role
from store.database import Connection, transaction
from store.links import company_acts
from store.links.company_acts import Act, ActKind
from store.platform import audit
from store.platform.audit import OperatorAct
from store.summaries.links.claims import is_taken
from store.summaries.links.people import find_person, list_userids
from web.access import Audience, seen_by
from web.company.authorize import Host, host
from web.company.blueprint import company
from web.http.problems import Problem
from web.services import services
from web.sessions.operators import actor, operator_role

# For so long a page asks again by itself what came of an act.
PATIENCE = timedelta(minutes=1)

_FORM = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Effect(StrEnum):
    """Whether a worker has decided by what was said."""

    SETTLED = "settled"
    WORKING = "working"
    SLOW = "slow"
    PAUSED = "paused"


def act_once(
    connection: Connection,
    shown: Host,
    kind: ActKind,
    work: Callable[[], Mapping[str, Any]],
) -> int:
    """The act of this request's form: done now, or when it was sent the first time.

    Raises: Problem 400 for a form that is none of ours.
    """
    form, corp_pk = request.form.get("form", ""), shown.corp.corp_pk
    if not _FORM.fullmatch(form):
        raise Problem(400, "form: not one that this page gave out.")
    act_id = company_acts.begin(
        connection, corp_pk, form=form, kind=kind, done_by=shown.said_by
    )
    if act_id is None:
        return company_acts.get_sent(connection, corp_pk, form)
    told = work()
    company_acts.finish(connection, corp_pk, act_id, told=told)
    if shown.is_operator:
        _keep(connection, shown, kind, told)
    return act_id


def _keep(
    connection: Connection, shown: Host, kind: ActKind, told: Mapping[str, Any]
) -> None:
    """What an operator does in a company's stead is in the operators' audit, too."""
    act = OperatorAct(
        actor=actor(),
        role=operator_role() or Role.VIEWER,
        act=f"company_{kind}",
        target=f"corp:{shown.corp.corp_id}",
        corp_id=shown.corp.corp_id,
        after={"member_pks": told.get("member_pks", [])},
    )
    audit.record(connection, act, keyring=services().keyring)


def to_act(shown: Host, act_id: int) -> Response:
    """On to what came of it, so that reloading does nothing again."""
    address = url_for("company.show_act", corp_id=shown.corp.corp_id, act_id=act_id)
    return redirect(address, 303)


@company.get("/<corp_id>/acts/<int:act_id>")
@seen_by(Audience.COMPANY)
def show_act(corp_id: str, act_id: int) -> ResponseReturnValue:
    """What was done and what came of it; it asks again until a worker has decided."""
    shown = host()
    corp_pk = shown.corp.corp_pk
    with transaction(services().pool) as connection:
        act = company_acts.find(connection, corp_pk, act_id)
        if act is None:
            raise Problem(404, "there is no such act.")
        member_pks = act.told.get("member_pks", [])
        return render_template(
            "company_act.html",
            host=shown,
            act=act,
            people=list_userids(connection, corp_pk, member_pks),
            person=_person(connection, corp_pk, act, member_pks),
            effect=_effect(connection, shown, act),
        )


def _person(
    connection: Connection, corp_pk: int, act: Act, member_pks: list[int]
) -> object:
    if act.kind == ActKind.INVITE or len(member_pks) != 1:
        return None
    return find_person(connection, corp_pk, member_pks[0])


def _effect(connection: Connection, shown: Host, act: Act) -> Effect:
    claim_id = act.told.get("claim_id")
    if claim_id is None or is_taken(connection, shown.corp.corp_pk, claim_id):
        return Effect.SETTLED
    if shown.corp.state == "paused":
        return Effect.PAUSED
    patience = datetime.now(UTC) - act.done_at < PATIENCE
    return Effect.WORKING if patience else Effect.SLOW
