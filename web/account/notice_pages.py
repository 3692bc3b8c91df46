"""What a link or invite notice opens: is this your account, or shall we make one?"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from domain.links.claims import ClaimKind
from domain.links.links import LinkState
from store.database import Connection, transaction
from store.installs.visitors import Visitor
from store.links.views import LinkView, view_link
from store.notices.addresses import FoundNotice, find_kind, find_notice
from web import limits
from web.access import Audience, seen_by
from web.account.blueprint import account
from web.account.claiming import claim, way_to_tapd
from web.account.masking import masked_account
from web.account.notice_view import Shown, shown
from web.http.problems import Problem
from web.services import services
from web.sessions.session import get_member

_STATUS = {Shown.EXPIRED: 410, Shown.OVER: 410}
_MAY_PROVE = {Shown.OFFER, Shown.CONFLICT, Shown.USED}


class _NoNotice(Problem):
    """An address of a notice that we never gave away."""


@account.get("/link/<token>")
@account.get("/invite/<token>", endpoint="show_invite")
@seen_by(Audience.MEMBER)
def show_notice(token: str) -> ResponseReturnValue:
    """What the notice asks, or how far the answer has come."""
    member = get_member()
    with _door_of(member), transaction(services().pool) as connection:
        notice = _find_own(connection, token, member)
        if notice is None:
            return render_template("notice_of_another.html", member=member), 403
        link = view_link(connection, member.corp_pk, member.member_pk)
        page = shown(link, notice)
        way = None
        if page in _MAY_PROVE:
            way = way_to_tapd(member, back=request.path)
    return _show(page, member=member, link=link, kind=notice.kind, way=way)


@account.post("/link/<token>")
@account.post("/invite/<token>", endpoint="answer_invite")
@seen_by(Audience.MEMBER)
def answer_notice(token: str) -> ResponseReturnValue:
    """A new account is wanted; the page that follows says what comes of it."""
    member = get_member()
    with _door_of(member), transaction(services().pool) as connection:
        notice = _find_own(connection, token, member)
        link = view_link(connection, member.corp_pk, member.member_pk)
    # Whatever else the page would show now is no question any more.
    if notice is not None and may_create(link, notice):
        claim(member, ClaimKind.CREATE, None)
    return redirect(request.path, 303)


def may_create(link: LinkView, notice: FoundNotice) -> bool:
    """Whether the person may have an account of their own made."""
    return shown(link, notice) is Shown.OFFER and link.state is LinkState.PENDING


@contextmanager
def _door_of(member: Visitor) -> Iterator[None]:
    """Redis is asked before a connection is taken, and told after it is given back."""
    who = f"{member.corp_pk}:{member.member_pk}"
    limits.refuse_after_failures(limits.NOTICE, who)
    try:
        yield
    except _NoNotice:
        limits.note_failure(limits.NOTICE, who)
        raise


def _find_own(
    connection: Connection, token: str, member: Visitor
) -> FoundNotice | None:
    if find_kind(connection, token) is None:
        raise _NoNotice(404, "no such notice.")
    return find_notice(connection, token, member.corp_pk, member.member_pk)


def _show(
    page: Shown, *, member: Visitor, link: LinkView, kind: str, way: str | None
) -> ResponseReturnValue:
    return render_template(
        f"notice_{page.value}.html",
        member=member,
        link=link,
        kind=kind,
        way=way,
        create=link.state is LinkState.PENDING,
        account=masked_account(link.account),
        suggested=masked_account(link.suggested),
        contested=masked_account(link.contested),
    ), _STATUS.get(page, 200)
