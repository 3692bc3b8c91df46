"""The workbench: one's home in this app, and the way on to TAPD or to an item there."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from domain.ids import CompanyId
from domain.links.links import LinkState
from store.database import Connection, transaction
from store.installs.visitors import Visitor
from store.links.views import LinkView, view_link
from store.summaries.items import list_of_member
from tapd.links import item_path
from web.access import Audience, seen_by
from web.account.blueprint import account
from web.account.claiming import way_to_tapd
from web.account.items.item_pages import why_nothing
from web.account.items.open_items import OpenItems, read_open_items
from web.account.masking import masked_account
from web.account.me_pages import standing_of
from web.http.paths import local_path
from web.item_view import ToldRow, told_rows
from web.services import services
from web.sessions.session import get_member, is_known_admin

_NEWEST = 5


@account.get("/enter")
@seen_by(Audience.MEMBER)
def enter() -> ResponseReturnValue:
    """Signed in by WeCom: on to where `to` leads in TAPD, else home.

    Who is asked something first, or undid their link, would stand before a closed
    door there, so they are told.
    """
    member, to = get_member(), request.args.get("to")
    with transaction(services().pool) as connection:
        link = view_link(connection, member.corp_pk, member.member_pk)
    if to is None:
        return _home(member, link)
    if link.state not in {LinkState.LINKED, LinkState.NONE}:
        return redirect(url_for("account.show_me"), 303)
    return redirect(services().addresses.tapd + (local_path(to) or "/"), 303)


def _home(member: Visitor, link: LinkView) -> ResponseReturnValue:
    with transaction(services().pool) as connection:
        told = _told(connection, member)
        empty = None if told else why_nothing(connection, member)
    linked = link.account is not None
    items = _open_items(member, link)
    grant = None
    if linked and not items.granted:
        grant = way_to_tapd(member, back=url_for("account.enter"), items=True)
    return render_template(
        "workbench.html",
        member=member,
        link=link,
        standing=standing_of(link),
        account=masked_account(link.account),
        told=told,
        empty=empty,
        items=items,
        item_path=item_path,
        grant=grant,
        is_admin=is_known_admin(),
    )


def _told(connection: Connection, member: Visitor) -> list[ToldRow]:
    newest = list_of_member(
        connection, member.corp_pk, member.member_pk, before=None, limit=_NEWEST
    )
    return told_rows(connection, member.company_id or CompanyId(""), newest)


def _open_items(member: Visitor, link: LinkView) -> OpenItems:
    if link.account is None:
        return OpenItems(granted=False)
    return read_open_items(member, link.account.nick)
