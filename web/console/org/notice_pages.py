"""What a corp's members were sent, and what became of it."""

from flask import request
from flask.typing import ResponseReturnValue

from store.database import transaction
from store.summaries import notices
from store.summaries.org.members import find_member, list_names
from web.access import Audience, seen_by
from web.console.blueprint import console
from web.console.frame import show
from web.console.stream import live
from web.http.cursors import cut
from web.org.corps import get_corp
from web.services import services

_PAGE_ROWS = 50


@console.get("/corps/<corp_id>/notices")
@seen_by(Audience.OPERATOR)
@live
def list_notices(corp_id: str) -> ResponseReturnValue:
    """The notices of a corp, or with `member` those of one person, newest first."""
    userid = request.args.get("member", "")
    of = ["console-notices", corp_id]
    position = services().cursors.open(request.args.get("cursor"), of=of)
    with transaction(services().pool) as connection:
        corp = get_corp(connection, corp_id)
        member = (
            find_member(connection, corp.corp_pk, corp.userids(userid))
            if userid
            else None
        )
        rows = notices.list_notices(
            connection,
            corp.corp_pk,
            member_pk=member.member_pk if member else None,
            before=position[0] if position else None,
            limit=_PAGE_ROWS + 1,
        )
        shown, end = cut(rows, limit=_PAGE_ROWS, position=lambda row: [row.notice_id])
        names = list_names(connection, corp.corp_pk, [row.userid for row in shown])
        counts = notices.count_by_state(connection, corp.corp_pk)
    following = services().cursors.seal(end, of=of) if end else None
    return show(
        "console/notices.html",
        place="corps",
        corp=corp.summary,
        member=member,
        rows=shown,
        names=names,
        counts=counts,
        next=following,
    )
