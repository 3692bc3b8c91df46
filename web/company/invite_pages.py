"""Inviting people again: one, some, or all of a page, each told apart in the answer."""

from collections.abc import Sequence

from flask import request
from flask.typing import ResponseReturnValue

from domain.ids import MemberPk
from store.database import Connection, transaction
from store.links.company_acts import ActKind
from store.notices.reinvites import NotInvitable, TooOften, reinvite
from web.access import Audience, seen_by
from web.company.actions import act_once, to_act
from web.company.authorize import Host, host
from web.company.blueprint import company
from web.company.list_pages import PAGE_ROWS
from web.http.problems import Problem
from web.services import services


@company.post("/<corp_id>/invitations")
@seen_by(Audience.COMPANY)
def invite(corp_id: str) -> ResponseReturnValue:
    """Send the notice again to those who were chosen, or to all who were shown."""
    shown = host()
    wanted = _wanted("shown" if request.form.get("whom") == "page" else "member")
    with transaction(services().pool) as connection:
        act_id = act_once(
            connection,
            shown,
            ActKind.INVITE,
            lambda: _invite_all(connection, shown, wanted),
        )
    services().ring_notices(shown.corp.corp_pk)
    return to_act(shown, act_id)


def _wanted(name: str) -> Sequence[int]:
    texts = dict.fromkeys(request.form.getlist(name))
    if len(texts) > PAGE_ROWS or not all(
        each.isascii() and each.isdigit() and len(each) < 19 for each in texts
    ):
        raise Problem(400, f"{name}: not the people of one page.")
    return sorted(map(int, texts))


def _invite_all(
    connection: Connection, shown: Host, member_pks: Sequence[int]
) -> dict[str, object]:
    outcomes = {each: _invite(connection, shown, each) for each in member_pks}
    return {
        "member_pks": list(member_pks),
        "outcomes": {str(pk): outcome for pk, outcome in outcomes.items()},
    }


def _invite(connection: Connection, shown: Host, member_pk: int) -> str:
    by = None if shown.member_pk is None else MemberPk(shown.member_pk)
    try:
        reinvite(connection, shown.corp.corp_pk, MemberPk(member_pk), invited_by=by)
    except NotInvitable as refusal:
        return refusal.obstacle.value
    except TooOften:
        return "too_often"
    except LookupError:
        return "gone"
    return "queued"
