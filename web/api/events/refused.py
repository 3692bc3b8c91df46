"""Callbacks that were refused, verified again by the settings of this moment."""

from datetime import datetime

from flask import Response
from pydantic import BaseModel, Field

from web.access import Audience, seen_by
from web.api.blueprint import answer, blueprint, problems
from web.http.problems import Problem
from web.operations.refused_view import list_refusals_now
from wecom.forensics import RefusalCause

api = blueprint("api-refused")


class Refusal(BaseModel):
    """One refused request, redacted."""

    at: datetime
    method: str
    cause: RefusalCause = Field(description="What is wrong with it by today's settings")
    refused_for: str = Field(description="What was wrong with it when it came.")
    skew_seconds: float | None
    query: str = Field(description="Names of all arguments; values of time and nonce.")


class Refusals(BaseModel):
    """The newest of each fault."""

    items: list[Refusal]
    next: str | None


@api.get("/refused", responses={200: Refusals, **problems(503)})
@seen_by(Audience.BEARER)
def list_refused_callbacks() -> Response:
    """The newest refused callbacks, each verified again by the settings of now."""
    shown = list_refusals_now()
    if shown is None:
        raise Problem(503, "Redis cannot be reached; try again.")
    items = [
        Refusal(
            at=each.kept.at,
            method=each.kept.method,
            cause=each.fault,
            refused_for=each.kept.reason,
            skew_seconds=each.skew_seconds,
            query=each.shown,
        )
        for each in shown
    ]
    return answer(Refusals(items=items, next=None))
