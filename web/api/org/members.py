"""Members of a corp, and why each is as it is."""

from typing import Literal
from urllib.parse import quote

from flask import Response
from pydantic import BaseModel, Field

from domain.ids import CorpPk
from store.database import Connection, transaction
from store.summaries.org import members as stored_members
from store.summaries.org.members import MemberSummary
from store.summaries.org.past import list_active, list_removed
from web.access import Audience, seen_by
from web.api.blueprint import (
    PREFIX,
    Id,
    Moment,
    Page,
    answer,
    blueprint,
    not_found,
    problems,
)
from web.api.org.corps import CorpPath
from web.api.org.past import AT, Past, find_past
from web.http.cursors import cut
from web.http.shown import show_row
from web.org.corps import FoundCorp, get_corp
from web.org.explain import Why, explain
from web.services import services

api = blueprint("api-members")

MOVED = {
    "description": "An older userid of the member; Location names the current one.",
    "headers": {"Location": {"schema": {"type": "string"}}},
}


class MemberPath(BaseModel):
    """Which member of which corp."""

    corp_id: Id = Field(description="WeCom's corpid.")
    userid: Id = Field(description="The current userid, or an older one.")


class MemberPage(Page):
    """Which members are wanted."""

    state: Literal["active", "removed"] = "active"
    at: Moment | None = Field(None, description=AT)


class Link(BaseModel):
    """Which TAPD account the member is."""

    state: Literal["linked", "pending", "conflict", "unlinked", "none"]
    reason: str | None
    account_id: str | None = Field(description="Null unless linked.")


class Member(BaseModel):
    """A person who may use the app."""

    userid: str
    open_userid: str | None
    name: str | None = Field(description="Null when WeCom gave the id.")
    departments: list[int] = Field(description="Ascending; listed ones only.")
    main_department: int | None = Field(description="Null unless listed.")
    leads: list[int] = Field(
        description="Ascending, listed ones only; empty when not visible."
    )
    activation: Literal["active", "disabled", "pending", "quit"] | None
    employment: Literal["working", "left"]
    state: Literal["active", "removed"]
    held_plan_id: str | None = Field(description="A removal waits for approval.")
    link: Link


class Members(BaseModel):
    """A page of members, ascending by the bytes of the userid."""

    items: list[Member]
    next: str | None


@api.get("/corps/<corp_id>/members", responses={200: Members, **problems(400, 404)})
@seen_by(Audience.BEARER)
def list_corp_members(path: CorpPath, query: MemberPage) -> Response:
    """The members of a corp, active ones unless others are asked for.

    With `at` as they were then; whether a removal waited is not remembered.
    """
    of = ["members", path.corp_id, query.state, query.at]
    after = services().cursors.open(query.cursor, of=of) or ["", 0, None]
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        past = find_past(connection, corp, at=query.at, begun=after[2])
        rows = _list(connection, corp, query, past, (after[0], after[1]))
    shown, end = cut(
        rows,
        limit=query.limit,
        position=lambda row: [row.userid, row.member_pk, past and past.cut],
    )
    following = services().cursors.seal(end, of=of) if end else None
    return answer(Members(items=[_show(row) for row in shown], next=following))


@api.get(
    "/corps/<corp_id>/members/<userid>",
    responses={200: Member, 301: MOVED, **problems(404)},
)
@seen_by(Audience.BEARER)
def read_member(path: MemberPath) -> Response:
    """One member; an older userid answers 301 to the current one."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        member = _get(connection, corp, path.userid)
    if elsewhere := moved(corp, member, path, "/"):
        return elsewhere
    return answer(_show(member))


@api.get(
    "/corps/<corp_id>/members/<userid>/why",
    responses={200: Why, 301: MOVED, **problems(404)},
)
@seen_by(Audience.BEARER)
def read_why(path: MemberPath) -> Response:
    """The chain that explains the member's state, and what to do next."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        member = _get(connection, corp, path.userid)
        if elsewhere := moved(corp, member, path, "/why"):
            return elsewhere
        return answer(explain(connection, corp, member))


def _list(
    connection: Connection,
    corp: FoundCorp,
    query: MemberPage,
    past: Past | None,
    after: tuple[str, int],
) -> list[MemberSummary]:
    limit = query.limit + 1
    if past is None:
        return stored_members.list_members(
            connection, corp.corp_pk, state=query.state, after=after, limit=limit
        )
    listing = list_active if query.state == "active" else list_removed
    return listing(
        connection,
        CorpPk(corp.corp_pk),
        cut=past.cut,
        after=after,
        limit=limit,
        data_key=past.data_key,
    )


def _get(connection: Connection, corp: FoundCorp, userid: str) -> MemberSummary:
    found = stored_members.find_member(connection, corp.corp_pk, corp.userids(userid))
    return found or not_found(f"member {userid}")


def moved(
    corp: FoundCorp, member: MemberSummary, path: MemberPath, tail: str
) -> Response | None:
    """A 301 to the current userid, when an older one was asked for."""
    if member.userid in corp.userids(path.userid):
        return None
    corp_id, userid = quote(path.corp_id, safe=""), quote(member.userid, safe="")
    address = f"{PREFIX}/corps/{corp_id}/members/{userid}{tail.rstrip('/')}"
    return Response(status=301, headers={"Location": address})


def _show(row: MemberSummary) -> Member:
    return show_row(
        Member,
        row,
        link={
            "state": row.link_state,
            "reason": row.link_reason,
            "account_id": row.account_id,
        },
    )
