"""Whom events of an item concerned, and how members want to hear of items."""

from datetime import datetime
from typing import Literal

from flask import Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from domain.ids import CompanyId, CorpPk, MemberPk
from domain.items.items import ItemKind
from domain.items.people import RoleChoice
from domain.items.quiet_hours import QuietHours
from store.database import Connection, transaction
from store.items import preferences
from store.items.preferences import (
    MOST_MUTED,
    StoredPreferences,
    get_company_items,
)
from store.org.companies import find_company
from store.summaries.items import ToldEvent, list_of_item
from store.summaries.org.members import MemberSummary, find_member
from web.access import Audience, seen_by
from web.api.auditing import note
from web.api.blueprint import Id, Page, answer, blueprint, not_found, problems
from web.api.org.members import MOVED, MemberPath, moved
from web.http.cursors import cut
from web.http.shown import show_row
from web.org.corps import FoundCorp, get_corp
from web.services import services

api = blueprint("api-items")

Kind = Literal["story", "bug", "task", "iteration"]
Role = Literal["owner", "cc", "follower", "creator"]


class ItemPath(BaseModel):
    """Which item of which company."""

    company_id: Id
    kind: Kind
    item_id: Id = Field(description="The long id, as TAPD's events and addresses say.")


class ItemNotice(BaseModel):
    """One person whom one event concerned."""

    event_id: str = Field(description="As TAPD numbers it; ours where it does not.")
    event: str = Field(description="As TAPD calls it, such as story::update.")
    userid: str | None = Field(
        description="Null where no member is linked to the nick."
    )
    nick: str
    role: Literal[
        "owner",
        "cc",
        "follower",
        "creator",
        "participator",
        "mentioned",
        "former_owner",
    ]
    state: Literal[
        "queued", "sent", "digested", "suppressed", "undeliverable", "unknown"
    ]
    reason: (
        Literal[
            "operator",
            "creator_or_cc",
            "no_owner",
            "left",
            "out_of_scope",
            "held",
            "not_linked",
            "unknown_nick",
            "muted",
            "kind",
            "role",
            "item_muted",
            "quiet_hours",
            "company_off",
        ]
        | None
    ) = Field(
        description="Why no card was sent at once. Null with suppressed: what it would "
        "have told was put back before it was due."
    )
    sent_at: datetime | None


class ItemNotices(BaseModel):
    """A page of people and events, the newest event first."""

    items: list[ItemNotice]
    next: str | None


class Quiet(BaseModel):
    """From and to, `HH:MM` in SYNC_TIME_ZONE; over midnight where `to` is earlier."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    begin: str = Field(alias="from", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    end: str = Field(alias="to", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")

    @field_validator("end")
    @classmethod
    def _lasts(cls, end: str, info: object) -> str:
        begin = getattr(info, "data", {}).get("begin")
        if end == begin:
            raise ValueError("quiet hours begin and end at different times")
        return end


class PreferencesBody(BaseModel):
    """How a member wants to hear of items; the whole of it, nothing is left out."""

    model_config = ConfigDict(extra="forbid")

    item_notices: Literal["on", "off"]
    kinds: list[Kind]
    roles: list[Role] = Field(
        description="participator counts as follower, former_owner as owner; who is "
        "mentioned is always told."
    )
    quiet_hours: Quiet | None
    muted_items: list[Id] = Field(max_length=MOST_MUTED)


class Preferences(PreferencesBody):
    """The same, or the company's defaults while the member chose nothing."""


@api.get(
    "/companies/<company_id>/items/<kind>/<item_id>/notices",
    responses={200: ItemNotices, **problems(400, 404)},
)
@seen_by(Audience.BEARER)
def list_item_notices(path: ItemPath, query: Page) -> Response:
    """Who was told of an item's events, who was not, and why; the newest first."""
    of = ["item-notices", path.company_id, path.kind, path.item_id]
    position = services().cursors.open(query.cursor, of=of)
    with transaction(services().pool) as connection:
        if find_company(connection, path.company_id) is None:
            not_found(f"company {path.company_id}")
        rows = list_of_item(
            connection,
            CompanyId(path.company_id),
            ItemKind(path.kind),
            path.item_id,
            before=(position[0], position[1]) if position else None,
            limit=query.limit + 1,
        )
    shown, end = cut(
        rows, limit=query.limit, position=lambda row: [row.mail_id, row.nick]
    )
    following = services().cursors.seal(end, of=of) if end else None
    return answer(ItemNotices(items=[_show(row) for row in shown], next=following))


@api.get(
    "/corps/<corp_id>/members/<userid>/preferences",
    responses={200: Preferences, 301: MOVED, **problems(404)},
)
@seen_by(Audience.BEARER)
def read_preferences(path: MemberPath) -> Response:
    """How a member wants to hear of items."""
    with transaction(services().pool) as connection:
        corp, member = _find(connection, path)
        if elsewhere := moved(corp, member, path, "/preferences"):
            return elsewhere
        found = _preferences(connection, corp, member)
    return answer(_body(found))


@api.put(
    "/corps/<corp_id>/members/<userid>/preferences",
    responses={200: Preferences, 301: MOVED, **problems(404, 422)},
)
@seen_by(Audience.BEARER)
def put_preferences(path: MemberPath, body: PreferencesBody) -> Response:
    """Replace a member's preferences as a whole; what is queued follows at once."""
    quiet = body.quiet_hours
    chosen = StoredPreferences(
        item_notices=body.item_notices == "on",
        kinds=tuple(each for each in ItemKind if each in set(body.kinds)),
        roles=tuple(each for each in RoleChoice if each in set(body.roles)),
        quiet=None if quiet is None else QuietHours.parse(quiet.begin, quiet.end),
        muted_items=tuple(dict.fromkeys(body.muted_items)),
    )
    with transaction(services().pool) as connection:
        corp, member = _find(connection, path)
        if elsewhere := moved(corp, member, path, "/preferences"):
            return elsewhere
        preferences.keep_preferences(
            connection, CorpPk(corp.corp_pk), MemberPk(member.member_pk), chosen
        )
        note(
            connection,
            "set_preferences",
            target=f"member:{member.userid}",
            corp_id=path.corp_id,
        )
    return answer(_body(chosen))


def _find(connection: Connection, path: MemberPath) -> tuple[FoundCorp, MemberSummary]:
    corp = get_corp(connection, path.corp_id)
    member = find_member(connection, corp.corp_pk, corp.userids(path.userid))
    return corp, member or not_found(f"member {path.userid}")


def _preferences(
    connection: Connection, corp: FoundCorp, member: MemberSummary
) -> StoredPreferences:
    found = preferences.find_preferences(
        connection, CorpPk(corp.corp_pk), MemberPk(member.member_pk)
    )
    if found is not None:
        return found
    defaults = get_company_items(
        connection,
        CompanyId(corp.summary.company_id or ""),
        switch=services().item_notices,
    )
    return StoredPreferences(
        item_notices=True, kinds=defaults.kinds, roles=defaults.roles
    )


def _body(found: StoredPreferences) -> Preferences:
    quiet = found.quiet
    return Preferences.model_validate(
        {
            "item_notices": "on" if found.item_notices else "off",
            "kinds": list(found.kinds),
            "roles": list(found.roles),
            "quiet_hours": None
            if quiet is None
            else {
                "from": quiet.begin.strftime("%H:%M"),
                "to": quiet.end.strftime("%H:%M"),
            },
            "muted_items": list(found.muted_items),
        }
    )


def _show(row: ToldEvent) -> ItemNotice:
    return show_row(ItemNotice, row)
