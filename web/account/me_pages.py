"""Who a member is here, which account of TAPD is theirs, and how to undo that."""

from enum import StrEnum

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from domain.ids import AccountId
from domain.links.claims import ClaimKind
from domain.links.links import LinkState
from store.database import transaction
from store.installs.visitors import Visitor
from store.links.views import LinkView, view_link
from web.access import Audience, seen_by
from web.account.blueprint import account
from web.account.claiming import claim, way_to_tapd
from web.account.masking import masked_account
from web.services import services
from web.sessions.session import get_member


class Standing(StrEnum):
    """How a member stands to TAPD, in the words of the page."""

    WORKING = "working"
    LINKED = "linked"
    PENDING = "pending"
    CONFLICT = "conflict"
    UNLINKED = "unlinked"
    NONE = "none"


@account.get("/me")
@seen_by(Audience.MEMBER)
def show_me() -> ResponseReturnValue:
    """The member who is signed in, and what they can do about their link."""
    member = get_member()
    with transaction(services().pool) as connection:
        link = view_link(connection, member.corp_pk, member.member_pk)
        standing, way = standing_of(link), None
        if standing not in {Standing.LINKED, Standing.WORKING}:
            way = way_to_tapd(member, back=url_for("account.show_me"))
    return render_template(
        "me.html",
        member=member,
        link=link,
        standing=standing,
        account=masked_account(link.account),
        way=way,
    )


@account.get("/me/unlink")
@seen_by(Audience.MEMBER)
def ask_unlink() -> ResponseReturnValue:
    """What undoing the link means, and the question whether that is meant."""
    member = get_member()
    link = _link(member)
    if standing_of(link) is not Standing.LINKED:
        return redirect(url_for("account.show_me"), 303)
    return render_template(
        "unlink.html",
        member=member,
        account=masked_account(link.account),
        account_id=link.account.account_id if link.account else None,
    )


@account.post("/me/unlink")
@seen_by(Audience.MEMBER)
def unlink() -> ResponseReturnValue:
    """Undo the link that the page showed; another one made meanwhile stays."""
    member = get_member()
    link = _link(member)
    named = request.form.get("account_id")
    if link.account is not None and link.account.account_id == named:
        claim(member, ClaimKind.UNLINKED, AccountId(named))
    return redirect(url_for("account.show_me"), 303)


def _link(member: Visitor) -> LinkView:
    with transaction(services().pool) as connection:
        return view_link(connection, member.corp_pk, member.member_pk)


def standing_of(link: LinkView) -> Standing:
    """How a link stands, in the words of the pages."""
    if link.claim is not None:
        return Standing.WORKING
    return Standing(LinkState(link.state).value)
