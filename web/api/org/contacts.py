"""Mobile and e-mail of a member in full, for whoever says why; each look is kept."""

from typing import Literal

from flask import Response
from pydantic import BaseModel

from store.database import transaction
from store.summaries.org.contacts import list_contacts
from store.summaries.org.members import find_member
from web.access import Audience, seen_by
from web.api.auditing import note
from web.api.blueprint import ReasonBody, answer, blueprint, not_found, problems
from web.api.org.members import MemberPath
from web.http.shown import show_row
from web.org.corps import get_corp
from web.services import services

api = blueprint("api-contacts")


class ContactRow(BaseModel):
    """A number or an address, and who has told it."""

    name: str
    value: str
    source: Literal["wecom", "tapd"]


class Contacts(BaseModel):
    """How a member is reached; nothing of it stays anywhere."""

    items: list[ContactRow]
    next: str | None


@api.post(
    "/corps/<corp_id>/members/<userid>/reveal",
    responses={200: Contacts, **problems(404, 422)},
)
@seen_by(Audience.BEARER)
def reveal_member(path: MemberPath, body: ReasonBody) -> Response:
    """Show a member's contacts in full, in this answer alone."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        found = find_member(connection, corp.corp_pk, corp.userids(path.userid))
        if found is None:
            not_found(f"member {path.userid}")
        shown = list_contacts(connection, corp.corp_pk, found.member_pk)
        # In the same transaction: nothing is shown of which it is not kept who looked.
        note(
            connection,
            "reveal",
            target=f"member:{found.userid}",
            reason=body.reason,
            corp_id=path.corp_id,
            after={"fields": sorted({each.name for each in shown}), "seconds": 0},
        )
    items = [show_row(ContactRow, each) for each in shown]
    answered = answer(Contacts(items=items, next=None))
    answered.headers["Cache-Control"] = "no-store"
    return answered
