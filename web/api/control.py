"""Pause and resume: asked of a worker by mail, for only workers change a corp."""

import time

from flask import Response

from domain.ids import CORP_KEY
from store.database import transaction
from store.inbox.record import post_internal
from web.access import Audience, seen_by
from web.api.blueprint import answer, blueprint, problems
from web.api.corps import Corp, CorpPath, show_corp
from web.corps import FoundCorp, get_corp
from web.problems import Problem
from web.services import services

api = blueprint("api-control")

# A worker answers within milliseconds; without one the caller sees the old state.
_WAIT_SECONDS = 2.0
_LOOK_SECONDS = 0.05


@api.post("/corps/<corp_id>/pause", responses={200: Corp, **problems(404, 409)})
@seen_by(Audience.BEARER)
def pause_corp(path: CorpPath) -> Response:
    """Stop following WeCom; the answer shows the corp once a worker has done it."""
    return _bring(path.corp_id, order="paused", wanted="paused")


@api.post("/corps/<corp_id>/resume", responses={200: Corp, **problems(404, 409)})
@seen_by(Audience.BEARER)
def resume_corp(path: CorpPath) -> Response:
    """Follow WeCom again; the answer shows the corp once a worker has done it."""
    return _bring(path.corp_id, order="resumed", wanted="linked")


def _bring(corp_id: str, *, order: str, wanted: str) -> Response:
    corp = _look(corp_id)
    if corp.summary.state not in {"linked", "paused"}:
        raise Problem(409, f"corp {corp_id} is {corp.summary.state}.")
    if corp.summary.state == wanted:
        return answer(show_corp(corp.summary))
    mailbox = f"corp:{corp_id}"
    with transaction(services().pool) as connection:
        post_internal(
            connection,
            mailbox=mailbox,
            kind=order,
            key=CORP_KEY,
            hint={"by": "operator"},
        )
    services().ring(mailbox)
    return answer(show_corp(_look_until(corp_id, wanted).summary))


def _look_until(corp_id: str, wanted: str) -> FoundCorp:
    ends_at = time.monotonic() + _WAIT_SECONDS
    corp = _look(corp_id)
    while corp.summary.state != wanted and time.monotonic() < ends_at:
        time.sleep(_LOOK_SECONDS)
        corp = _look(corp_id)
    return corp


def _look(corp_id: str) -> FoundCorp:
    with transaction(services().pool) as connection:
        return get_corp(connection, corp_id)
