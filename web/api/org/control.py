"""Pause and resume: asked of a worker by mail, for only workers change a corp."""

from flask import Response

from store.database import transaction
from store.platform import deeds
from web.access import Audience, seen_by
from web.api.auditing import note_deed
from web.api.blueprint import Why, answer, blueprint, problems
from web.api.org.corps import Corp, CorpPath, show_corp
from web.org.orders import (
    Order,
    check_order,
    look,
    look_until_done,
    post_order,
    state_of,
)
from web.services import services

api = blueprint("api-control")


@api.post("/corps/<corp_id>/pause", responses={200: Corp, **problems(404, 409)})
@seen_by(Audience.BEARER)
def pause_corp(path: CorpPath, query: Why) -> Response:
    """Stop following WeCom; the answer shows the corp once a worker has done it."""
    return _bring(path.corp_id, "paused", act="pause", reason=query.reason)


@api.post("/corps/<corp_id>/resume", responses={200: Corp, **problems(404, 409)})
@seen_by(Audience.BEARER)
def resume_corp(path: CorpPath, query: Why) -> Response:
    """Follow WeCom again; the answer shows the corp once a worker has done it."""
    return _bring(path.corp_id, "resumed", act="resume", reason=query.reason)


def _bring(corp_id: str, order: Order, *, act: str, reason: str) -> Response:
    corp = look(corp_id)
    if not check_order(corp, order):
        return answer(show_corp(corp.summary))
    with transaction(services().pool) as connection:
        mailbox = post_order(connection, corp_id, order)
        deed = deeds.corp_ordered(
            act, corp_id=corp_id, was=corp.summary.state, becomes=state_of(order)
        )
        note_deed(connection, deed, reason=reason)
    services().ring(mailbox)
    return answer(show_corp(look_until_done(corp_id, order).summary))
