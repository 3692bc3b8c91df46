"""What every route of the API has in common: prefix, bearer, answers, errors."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field

from web.api.strict import WholeNumber
from web.http.problems import MEDIA_TYPE, Problem

PREFIX = "/api/v1"
BEARER = "bearer"

_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)"
    r"([Zz]|[+ -][0-9]{2}:[0-9]{2})"
)

_WORDS = {
    400: "An address that cannot be read: a bad limit, cursor, filter or character.",
    401: "No bearer, or the wrong one.",
    404: "Unknown, or a thing of another corp.",
    409: "Not possible in the present state.",
    413: "A body of more than 16 MiB.",
    422: "A malformed body.",
    429: "A limit is reached.",
    503: "The database cannot be reached.",
}

Responses = dict[str | int, type[BaseModel] | dict[Any, Any] | None]
Id = Annotated[str, Field(min_length=1, max_length=256)]


def _check_rfc3339(value: object) -> object:
    # A bare number would be taken for seconds since 1970.
    if not isinstance(value, str):
        return value
    parts = _RFC3339.fullmatch(value)
    if parts is None:
        raise ValueError(
            "must be a time of RFC 3339 with its offset, like 2026-01-05T12:00:00Z"
        )
    # In an address that was not encoded a plus arrives as a blank.
    return parts[1] + parts[2].replace(" ", "+")


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is outside the years 1 to 9999") from error


Moment = Annotated[
    AwareDatetime, BeforeValidator(_check_rfc3339), AfterValidator(_to_utc)
]


class Page(BaseModel):
    """Which part of a list is wanted."""

    limit: WholeNumber = Field(100, ge=1, le=1000, description="Rows of one answer.")
    cursor: str | None = Field(None, description="`next` of the answer before.")


class Why(BaseModel):
    """Why something is done: for acts that take no body."""

    reason: str = Field("", max_length=500, description="Kept in the audit.")


class ReasonBody(BaseModel):
    """Why; it is kept in the audit."""

    reason: str = Field(min_length=1, max_length=500)


def blueprint(name: str) -> APIBlueprint:
    """The routes of one noun, all behind the bearer."""
    return APIBlueprint(
        name,
        __name__,
        url_prefix=PREFIX,
        abp_security=[{BEARER: []}],
        abp_responses=problems(400, 401, 429, 503),
        operation_id_callback=_operation_id,
    )


def _operation_id(*, name: str, path: str, method: str) -> str:
    """The name of the function: short, and unique in this API."""
    return name


def problems(*statuses: int) -> Responses:
    """The errors that a route may answer, for the document.

    Shape: what may have a malformed body may have too large a one.
    """
    if 422 in statuses:
        statuses = (413, *statuses)
    return {
        status: {
            "description": _WORDS[status],
            "content": {
                MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
            },
        }
        for status in statuses
    }


def answer(document: BaseModel, *, status: int = 200) -> Response:
    """A document as JSON; times end in Z, absent values are null."""
    return Response(
        document.model_dump_json(by_alias=True),
        status=status,
        content_type="application/json",
    )


def not_found(what: str) -> NoReturn:
    """There is no such thing, or it belongs to another corp.

    Raises: Problem 404.
    """
    raise Problem(404, f"{what}: not known here.")


def strings(values: Sequence[object]) -> list[str]:
    """Ids as strings, whatever the store holds them as."""
    return [str(value) for value in values]
