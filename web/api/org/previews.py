"""What a sync of one person would do now, and what finding that out has cost."""

import time
from datetime import datetime
from typing import Any, Literal

from flask import Response
from pydantic import BaseModel, Field
from redis import RedisError

from domain.decisions import DecisionName
from store.database import Connection, transaction
from store.events.previews import Preview, PreviewState
from store.summaries.org.journal import masked
from texts.catalogue import LANGUAGES
from web.access import Audience, seen_by
from web.api.auditing import ACTOR, note
from web.api.blueprint import Why, answer, blueprint, not_found, problems
from web.api.org.members import MemberPath
from web.console.org.preview_words import shown_preview
from web.http.problems import Problem
from web.org.corps import get_corp
from web.org.previews import PreviewPlace, may_be_asked, place_of
from web.services import services

api = blueprint("api-previews")

_WAIT_SECONDS = 10.0
_LOOK_SECONDS = 0.1


class ForeseenStep(BaseModel):
    """One decision that a sync would make, or would let wait."""

    name: DecisionName
    key: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    held: bool = Field(description="The guard would let it wait, or does already.")


class ForeseenHold(BaseModel):
    """Why a removal would wait."""

    key: str
    plan_state: Literal["new", "held", "rejected"]
    plan_id: str | None = Field(description="Where it waits already; null if new.")
    removals: int = Field(description="How many it would be within these hours.")
    limit: int = Field(description="How many of them pass without a person.")
    hours: int


class ForeseenNotice(BaseModel):
    """A message that somebody would get, or that would be void."""

    userid: str
    kind: str
    state: str


class ForeseenCall(BaseModel):
    """One call to WeCom that finding out has made; token calls included."""

    endpoint: str
    outcome: str = Field(description="The errcode, `none` or `held_back`.")
    milliseconds: int
    about: str = Field(
        description="member, department:<id>, tag:<id>, tree, scope, authorised; empty."
    )


class MemberForesight(BaseModel):
    """What a sync of one person would have done; nothing of it was done."""

    userid: str
    state: Literal["asking", "answered", "lost"]
    asked_at: datetime
    asked_by: str
    answered_at: datetime | None
    outcome: str = Field(
        description="What would become of the question, or what it waits for."
    )
    error: str | None
    words: dict[str, str] = Field(description="In one sentence, in every language.")
    decisions: list[ForeseenStep]
    holds: list[ForeseenHold]
    notices: list[ForeseenNotice]
    calls: list[ForeseenCall]


@api.post(
    "/corps/<corp_id>/members/<userid>/preview",
    responses={200: MemberForesight, 202: MemberForesight, **problems(404, 409, 503)},
)
@seen_by(Audience.BEARER)
def preview_member(path: MemberPath, query: Why) -> Response:
    """Find out what a sync of this person alone would do, known here or not."""
    if not may_be_asked(path.userid):
        not_found(f"member {path.userid}")
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        place = _place(connection, corp.corp_pk, path.userid)
        if corp.summary.state != "linked" or place is None:
            raise Problem(409, f"corp {path.corp_id} is {corp.summary.state}.")
        note(
            connection,
            "preview",
            target=f"member:{path.userid}",
            reason=query.reason,
            corp_id=path.corp_id,
        )
    try:
        if not place.ask(services().ring_preview, by=ACTOR):
            raise Problem(503, "Redis cannot be reached; try again.")
        found = _look_until_answered(place)
    except (RedisError, OSError) as error:
        raise Problem(503, "Redis cannot be reached; try again.") from error
    return _answer(corp.corp_pk, found, path)


@api.get(
    "/corps/<corp_id>/members/<userid>/preview",
    responses={200: MemberForesight, 202: MemberForesight, **problems(404, 503)},
)
@seen_by(Audience.BEARER)
def read_preview(path: MemberPath) -> Response:
    """What was found out within the last ten minutes; 202 while it is not yet."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        place = _place(connection, corp.corp_pk, path.userid)
    try:
        found = place.find() if place else None
    except (RedisError, OSError) as error:
        raise Problem(503, "Redis cannot be reached; try again.") from error
    return _answer(corp.corp_pk, found, path)


def _place(connection: Connection, corp_pk: int, userid: str) -> PreviewPlace | None:
    return place_of(
        connection,
        corp_pk,
        userid,
        redis=services().redis,
        keyring=services().keyring,
    )


def _look_until_answered(place: PreviewPlace) -> Preview | None:
    ends_at = time.monotonic() + _WAIT_SECONDS
    found = place.find()
    while found and found.state is PreviewState.ASKING and time.monotonic() < ends_at:
        time.sleep(_LOOK_SECONDS)
        found = place.find()
    return found


def _answer(corp_pk: int, found: Preview | None, path: MemberPath) -> Response:
    if found is None:
        not_found(f"preview of member {path.userid}")
    with transaction(services().pool) as connection:
        words = {
            tag: shown_preview(connection, corp_pk, found, tag=tag).verdict
            for tag in LANGUAGES
        }
    is_open = found.state is PreviewState.ASKING
    return answer(_show(found, words), status=202 if is_open else 200)


def _show(row: Preview, words: dict[str, str]) -> MemberForesight:
    return MemberForesight.model_validate(
        {
            "userid": row.userid,
            "state": row.state.value,
            "asked_at": row.asked_at,
            "asked_by": row.asked_by,
            "answered_at": row.answered_at,
            "outcome": row.outcome,
            "error": row.error or None,
            "words": words,
            "decisions": [
                {
                    "name": each.name,
                    "key": each.key,
                    "before": masked(dict(each.before)),
                    "after": masked(dict(each.after)),
                    "reason": each.reason,
                    "held": each.held,
                }
                for each in row.steps
            ],
            "holds": [
                {
                    "key": each.key,
                    "plan_state": each.plan_state,
                    "plan_id": each.plan_id,
                    "removals": each.removals,
                    "limit": each.limit,
                    "hours": each.hours,
                }
                for each in row.holds
            ],
            "notices": [
                {"userid": each.userid, "kind": each.kind, "state": each.state}
                for each in row.notices
            ],
            "calls": [
                {
                    "endpoint": each["endpoint"],
                    "outcome": each["outcome"],
                    "milliseconds": each["ms"],
                    "about": each["about"],
                }
                for each in row.calls
                if "endpoint" in each
            ],
        }
    )
