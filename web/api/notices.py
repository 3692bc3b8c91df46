"""What members were sent, and sending it once more."""

from datetime import datetime
from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from domain.ids import CorpPk, MemberPk
from domain.notices import Obstacle
from store.database import transaction
from store.notices.reinvites import NotInvitable, TooOften, reinvite
from store.summaries import notices
from store.summaries.notices import NoticeSummary
from store.summaries.org.members import find_member
from web.access import Audience, seen_by
from web.api.auditing import note
from web.api.blueprint import Page, answer, blueprint, not_found, problems
from web.api.org.corps import CorpPath
from web.api.org.members import MemberPath
from web.http.cursors import cut
from web.http.problems import Problem
from web.http.shown import show_row
from web.org.corps import get_corp
from web.services import services

api = blueprint("api-notices")

_WHY = {
    Obstacle.LINKED: "is linked already, so there is nothing to ask",
    Obstacle.REMOVED: "is not in the visible range any more; widen it in WeCom first",
    Obstacle.LEFT: "is disabled or has left; enable them in WeCom first",
    Obstacle.HELD: "waits in a held plan; approve or reject that first",
}


class Notice(BaseModel):
    """One message to one member."""

    id: str
    kind: Literal["link", "invite", "approval", "item", "digest"]
    userid: str
    state: Literal["queued", "sent", "undeliverable", "dropped", "unknown"] = Field(
        description="unknown: no answer came while it could be repeated safely."
    )
    reason: str | None = Field(description="Why it was dropped or not delivered.")
    cause: str = Field(description="What it comes from; one notice for each.")
    queued_at: datetime
    sent_at: datetime | None
    expires_at: datetime | None
    closed: Literal["used", "expired", "merged", "over"] | None = Field(
        description="Why what it opens cannot be used any more."
    )


class Notices(BaseModel):
    """A page of notices, newest first."""

    items: list[Notice]
    next: str | None


class Queued(BaseModel):
    """The notice that was queued."""

    id: str


@api.get("/corps/<corp_id>/notices", responses={200: Notices, **problems(400, 404)})
@seen_by(Audience.BEARER)
def list_corp_notices(path: CorpPath, query: Page) -> Response:
    """What the members of a corp were sent, newest first."""
    of = ["notices", path.corp_id]
    position = services().cursors.open(query.cursor, of=of)
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        rows = notices.list_notices(
            connection,
            corp.corp_pk,
            before=position[0] if position else None,
            limit=query.limit + 1,
        )
    shown, end = cut(rows, limit=query.limit, position=lambda row: [row.notice_id])
    following = services().cursors.seal(end, of=of) if end else None
    return answer(Notices(items=[_show(row) for row in shown], next=following))


@api.post(
    "/corps/<corp_id>/members/<userid>/invite",
    responses={202: Queued, **problems(404, 409, 429)},
)
@seen_by(Audience.BEARER)
def invite_member(path: MemberPath) -> Response:
    """Send the member's question once more; three times in 24 hours at the most."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        if corp.summary.state not in {"linked", "paused"}:
            raise Problem(409, f"corp {path.corp_id} is {corp.summary.state}.")
        member = find_member(connection, corp.corp_pk, corp.userids(path.userid))
        if member is None:
            not_found(f"member {path.userid}")
        try:
            notice_id = reinvite(
                connection, CorpPk(corp.corp_pk), MemberPk(member.member_pk)
            )
            note(
                connection,
                "invite",
                target=f"member:{member.userid}",
                corp_id=path.corp_id,
                after={"notice_id": str(notice_id)},
            )
        except NotInvitable as refusal:
            why = _WHY.get(refusal.obstacle, "cannot be asked now")
            raise Problem(409, f"{path.userid} {why}.") from refusal
        except TooOften as refusal:
            raise Problem(
                429, f"{path.userid} was invited three times in 24 hours; wait."
            ) from refusal
    services().ring_notices(corp.corp_pk)
    return answer(Queued(id=str(notice_id)), status=202)


def _show(row: NoticeSummary) -> Notice:
    return show_row(Notice, row, id=str(row.notice_id))
