"""The overview: how many are linked, asked or in conflict, and who they are."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from store.database import Connection, transaction
from store.links import account_reads, company_acts
from store.summaries.links.doubtful import list_doubtful
from store.summaries.links.people import (
    PeopleGroup,
    PersonSummary,
    find_counts,
    list_group,
    search,
)
from store.summaries.links.people_search import WINDOW, search_many
from store.summaries.org.corp_facts import is_large
from web.access import Audience, seen_by
from web.company.authorize import Host, host
from web.company.blueprint import company
from web.http.cursors import cut
from web.http.problems import Problem
from web.services import services
from web.sessions.session import get_member

PAGE_ROWS = 50
_ACTS = 50
_LONGEST_SEARCH = 100
# Whoever has to be looked after stands first.
_URGENT = (
    PeopleGroup.CONFLICT,
    PeopleGroup.PENDING,
    PeopleGroup.NONE,
    PeopleGroup.UNLINKED,
)
_START = ("", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A page of people, and the cursor of the next one."""

    people: list[PersonSummary]
    following: str | None
    looked: int | None = None


@company.get("/")
@seen_by(Audience.MEMBER)
def show_own() -> ResponseReturnValue:
    """On to the company of the member who is signed in."""
    return redirect(url_for("company.list_people", corp_id=get_member().corp_id), 303)


@company.get("/<corp_id>/")
@seen_by(Audience.COMPANY)
def list_people(corp_id: str) -> ResponseReturnValue:
    """The company's people by group, or those whom a search finds."""
    shown, text = host(), request.args.get("q", "").strip()[:_LONGEST_SEARCH]
    with transaction(services().pool) as connection:
        counts = find_counts(connection, shown.corp.corp_pk)
        group = _group(counts)
        page = _read(connection, shown, group=group, text=text)
        reading = account_reads.find(connection, shown.company.company_id)
        doubtful = list_doubtful(connection, shown.corp.corp_pk)
    return render_template(
        "company_people.html",
        host=shown,
        doubtful=doubtful,
        counts=counts,
        group=group,
        text=text,
        page=page,
        reading=reading,
        form=new_form(),
    )


@company.get("/<corp_id>/acts")
@seen_by(Audience.COMPANY)
def list_acts(corp_id: str) -> ResponseReturnValue:
    """What admins and operators did here, newest first."""
    shown = host()
    of = ["company-acts", shown.corp.corp_pk]
    before = services().cursors.open(request.args.get("cursor"), of=of) or [None]
    with transaction(services().pool) as connection:
        rows = company_acts.list_latest(
            connection, shown.corp.corp_pk, before=before[0], limit=_ACTS + 1
        )
    acts, end = cut(rows, limit=_ACTS, position=lambda act: [act.act_id])
    following = services().cursors.seal(end, of=of) if end else None
    return render_template(
        "company_acts.html", host=shown, acts=acts, following=following
    )


def _search_many(connection: Connection, shown: Host, text: str) -> _Page:
    """Whom a text may name among very many, some thousands looked at for a page."""
    corp_pk = shown.corp.corp_pk
    of = ["company-search", corp_pk, text]
    opened = services().cursors.open(request.args.get("cursor"), of=of)
    page = search_many(
        connection,
        corp_pk,
        text,
        after=int(opened[0]) if opened else None,
        limit=PAGE_ROWS,
    )
    more = page.after is not None
    return _Page(
        people=list(page.people),
        following=services().cursors.seal([page.after], of=of) if more else None,
        looked=WINDOW if page.looked else None,
    )


def new_form() -> str:
    """The mark of a form that is about to be shown."""
    return secrets.token_urlsafe(16)


def _group(counts: Mapping[PeopleGroup, int]) -> PeopleGroup:
    wanted = request.args.get("group")
    if wanted is not None:
        if wanted not in {each.value for each in PeopleGroup}:
            raise Problem(404, "there is no such group.")
        return PeopleGroup(wanted)
    return next((each for each in _URGENT if counts[each]), PeopleGroup.LINKED)


def _read(
    connection: Connection, shown: Host, *, group: PeopleGroup, text: str
) -> _Page:
    corp_pk = shown.corp.corp_pk
    if text and is_large(connection, corp_pk):
        return _search_many(connection, shown, text)
    of = ["company-people", corp_pk, group.value, text]
    opened = services().cursors.open(request.args.get("cursor"), of=of)
    after = (str(opened[0]), int(opened[1])) if opened else _START
    if text:
        rows = search(connection, corp_pk, text, after=after, limit=PAGE_ROWS + 1)
    else:
        rows = list_group(connection, corp_pk, group, after=after, limit=PAGE_ROWS + 1)
    people, end = cut(
        rows, limit=PAGE_ROWS, position=lambda row: [row.userid, row.member_pk]
    )
    following = services().cursors.seal(end, of=of) if end else None
    return _Page(people=list(people), following=following)
