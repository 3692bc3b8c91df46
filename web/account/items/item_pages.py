"""What a member was told of items and why, and how they want to be told."""

from collections.abc import Sequence

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from domain.ids import CompanyId
from domain.items.items import ItemKind
from domain.items.people import RoleChoice
from domain.items.quiet_hours import QuietHours
from store.database import Connection, transaction
from store.installs.visitors import Visitor
from store.items import preferences
from store.items.preferences import StoredPreferences, get_company_items
from store.items.states import list_titles
from store.links.views import view_link
from store.summaries.items import list_of_member
from web.access import Audience, seen_by
from web.account.blueprint import account
from web.http.cursors import cut
from web.http.texts import language
from web.item_view import told_rows
from web.services import services
from web.sessions.session import get_member

_PAGE_ROWS = 30
# The hours that a form offers somebody who has none.
_NIGHT = QuietHours.parse("21:00", "08:00")


@account.get("/me/notices")
@seen_by(Audience.MEMBER)
def list_my_notices() -> ResponseReturnValue:
    """What concerned the member, the newest first: told or not, and why."""
    member = get_member()
    of = ["my-notices", member.corp_pk, member.member_pk]
    position = services().cursors.open(request.args.get("cursor"), of=of)
    with transaction(services().pool) as connection:
        events = list_of_member(
            connection,
            member.corp_pk,
            member.member_pk,
            before=(position[0], position[1]) if position else None,
            limit=_PAGE_ROWS + 1,
        )
        shown, end = cut(
            events, limit=_PAGE_ROWS, position=lambda row: [row.mail_id, row.nick]
        )
        rows = told_rows(connection, _company_id(member), shown)
        empty = None if rows else why_nothing(connection, member)
    following = services().cursors.seal(end, of=of) if end else None
    return render_template(
        "my_notices.html", member=member, rows=rows, empty=empty, following=following
    )


def why_nothing(connection: Connection, member: Visitor) -> str:
    """Why a member has no notices: unlinked, switched off, or nothing happened."""
    company = get_company_items(
        connection, _company_id(member), switch=services().item_notices
    )
    if not company.is_on:
        return "off"
    link = view_link(connection, member.corp_pk, member.member_pk)
    return "linked" if link.account is not None else "unlinked"


@account.get("/me/preferences")
@seen_by(Audience.MEMBER)
def show_preferences() -> ResponseReturnValue:
    """How the member wants to be told of items, to be changed."""
    member = get_member()
    return _page(member, _chosen(member), saved="saved" in request.args)


@account.post("/me/preferences")
@seen_by(Audience.MEMBER)
def save_preferences() -> ResponseReturnValue:
    """Keep what the form says, as a whole; the cards speak the page's language."""
    member, form = get_member(), request.form
    before = _chosen(member)
    try:
        quiet = _quiet(form.get("quiet_from", ""), form.get("quiet_to", ""))
    except ValueError:
        return _page(member, before, wrong="quiet"), 422
    kept = set(form.getlist("muted"))
    chosen = StoredPreferences(
        item_notices=form.get("item_notices") == "on",
        kinds=tuple(each for each in ItemKind if each in form.getlist("kind")),
        roles=tuple(each for each in RoleChoice if each in form.getlist("role")),
        quiet=quiet if form.get("quiet") == "on" else None,
        muted_items=tuple(each for each in before.muted_items if each in kept),
        language=language(),
    )
    with transaction(services().pool) as connection:
        preferences.keep_preferences(
            connection, member.corp_pk, member.member_pk, chosen
        )
    return redirect(url_for("account.show_preferences", saved=1), 303)


def _page(
    member: Visitor,
    chosen: StoredPreferences,
    *,
    saved: bool = False,
    wrong: str | None = None,
) -> str:
    with transaction(services().pool) as connection:
        company = get_company_items(
            connection, _company_id(member), switch=services().item_notices
        )
        muted = _muted(connection, member, chosen.muted_items)
    return render_template(
        "my_preferences.html",
        member=member,
        chosen=chosen,
        quiet=chosen.quiet or _NIGHT,
        kinds=list(ItemKind),
        roles=list(RoleChoice),
        muted=muted,
        company_is_on=company.is_on,
        saved=saved,
        wrong=wrong,
    )


def _muted(
    connection: Connection, member: Visitor, item_ids: Sequence[str]
) -> list[tuple[str, str]]:
    """Muted items with their titles, the newest first."""
    titles: dict[str, str] = {}
    for kind in ItemKind:
        titles |= list_titles(
            connection, _company_id(member), kind, item_ids, keyring=services().keyring
        )
    return [(each, titles.get(each, each)) for each in reversed(item_ids)]


def _chosen(member: Visitor) -> StoredPreferences:
    with transaction(services().pool) as connection:
        found = preferences.find_preferences(
            connection, member.corp_pk, member.member_pk
        )
        company = get_company_items(
            connection, _company_id(member), switch=services().item_notices
        )
    return found or StoredPreferences(
        item_notices=True, kinds=company.kinds, roles=company.roles
    )


def _quiet(begin: str, end: str) -> QuietHours | None:
    return QuietHours.parse(begin, end) if begin or end else None


def _company_id(member: Visitor) -> CompanyId:
    return member.company_id or CompanyId("")
