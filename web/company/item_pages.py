"""Item notices of a company: its defaults, and why somebody was told or was not."""

from collections.abc import Mapping
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from domain.ids import CompanyId
from domain.items.items import ItemKind
from domain.items.people import RoleChoice
from store.database import Connection, transaction
from store.items.preferences import get_company_items
from store.links.company_acts import ActKind
from store.org.companies import change_company
from store.summaries.items import FoundItem, ToldEvent, find_items, list_of_item
from web.access import Audience, seen_by
from web.company.actions import act_once, to_act
from web.company.authorize import Host, host
from web.company.blueprint import company
from web.company.list_pages import new_form
from web.http.cursors import cut
from web.item_view import told_rows
from web.services import services

_PAGE_ROWS = 50
_FOUND = 20
_LONGEST_SEARCH = 64


@company.get("/<corp_id>/items")
@seen_by(Audience.COMPANY)
def show_items(corp_id: str) -> ResponseReturnValue:
    """The defaults, and the items that a search finds by the end of their number."""
    shown, text = host(), request.args.get("q", "").strip()[:_LONGEST_SEARCH]
    company_id = _company_id(shown)
    with transaction(services().pool) as connection:
        found = (
            find_items(connection, company_id, ends_with=text, limit=_FOUND)
            if text
            else []
        )
        events = _events(connection, company_id, found[0]) if len(found) == 1 else []
        rows, following = _page(connection, company_id, found, events)
        defaults = get_company_items(
            connection, company_id, switch=services().item_notices
        )
    return render_template(
        "company_items.html",
        host=shown,
        text=text,
        found=found,
        rows=rows,
        following=following,
        defaults=defaults,
        kinds=list(ItemKind),
        roles=list(RoleChoice),
        form=new_form(),
    )


@company.post("/<corp_id>/items")
@seen_by(Audience.COMPANY)
def set_defaults(corp_id: str) -> ResponseReturnValue:
    """Set what holds for members who chose nothing, or switch item notices off."""
    shown = host()
    with transaction(services().pool) as connection:
        act_id = act_once(
            connection, shown, ActKind.ITEMS, lambda: _set(connection, shown)
        )
    return to_act(shown, act_id)


def _set(connection: Connection, shown: Host) -> Mapping[str, Any]:
    wanted = request.form
    chosen = {
        "switch": "on" if wanted.get("switch") == "on" else "off",
        "kinds": [each.value for each in ItemKind if each in wanted.getlist("kind")],
        "roles": [each.value for each in RoleChoice if each in wanted.getlist("role")],
    }
    change_company(
        connection,
        _company_id(shown),
        given={"item_notices": chosen},
        keyring=services().keyring,
    )
    return {"outcome": f"items_{chosen['switch']}", **chosen}


def _events(
    connection: Connection, company_id: CompanyId, item: FoundItem
) -> list[ToldEvent]:
    of = ["company-items", company_id, item.kind, item.item_id]
    position = services().cursors.open(request.args.get("cursor"), of=of)
    return list_of_item(
        connection,
        company_id,
        item.kind,
        item.item_id,
        before=(position[0], position[1]) if position else None,
        limit=_PAGE_ROWS + 1,
    )


def _page(
    connection: Connection,
    company_id: CompanyId,
    found: list[FoundItem],
    events: list[ToldEvent],
) -> tuple[list[Any], str | None]:
    if not events:
        return [], None
    of = ["company-items", company_id, found[0].kind, found[0].item_id]
    shown, end = cut(
        events, limit=_PAGE_ROWS, position=lambda row: [row.mail_id, row.nick]
    )
    following = services().cursors.seal(end, of=of) if end else None
    return list(told_rows(connection, company_id, shown)), following


def _company_id(shown: Host) -> CompanyId:
    return CompanyId(shown.company.company_id)
