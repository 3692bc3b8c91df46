"""What a sync of one person would do: the act that has it found out, and its place."""

from flask import request
from flask.typing import ResponseReturnValue
from redis import RedisError

from store.database import Connection, transaction
from web.access import Audience, seen_by
from web.console import acting
from web.console.blueprint import console
from web.console.org.preview_words import ShownPreview, shown_preview
from web.http.problems import Problem
from web.http.texts import language
from web.org.corps import FoundCorp, get_corp
from web.org.orders import wrong_state
from web.org.previews import PreviewPlace, may_be_asked, place_of
from web.services import services


@console.post("/corps/<corp_id>/preview-person")
@seen_by(Audience.OPERATOR)
def preview_person(corp_id: str) -> ResponseReturnValue:
    """Have a worker find out what a sync of this person alone would do."""
    userid = request.form.get("userid", "").strip()
    if not may_be_asked(userid):
        raise Problem(404, "userid: nobody of WeCom's can be called so.")
    with transaction(services().pool) as connection:
        corp = get_corp(connection, corp_id)
        place = _place(connection, corp, userid)
        if corp.summary.state != "linked" or place is None:
            raise wrong_state(corp_id, corp.summary.state)
        acting.keep(
            connection,
            "preview",
            target=f"member:{userid}",
            reason=acting.given_reason(),
            corp_id=corp_id,
        )
    try:
        rung = place.ask(services().ring_preview, by=acting.actor())
    except (RedisError, OSError):
        rung = False
    if not rung:
        raise Problem(503, "Redis cannot be reached; try again.", words="redis")
    answer = acting.back(
        "console.show_person", "preview", corp_id=corp_id, userid=userid
    )
    answer.headers["Location"] += "#preview"
    return answer


def find_preview(
    connection: Connection, corp: FoundCorp, userid: str
) -> ShownPreview | None:
    """What was found out within the last ten minutes, or is being found out."""
    place = _place(connection, corp, userid)
    try:
        found = place and place.find()
    except (RedisError, OSError):
        # The rest of the page is none of Redis' business.
        return None
    if not found:
        return None
    return shown_preview(connection, corp.corp_pk, found, tag=language())


def _place(connection: Connection, corp: FoundCorp, userid: str) -> PreviewPlace | None:
    return place_of(
        connection,
        corp.corp_pk,
        userid,
        redis=services().redis,
        keyring=services().keyring,
    )
