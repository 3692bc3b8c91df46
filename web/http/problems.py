"""RFC 9457 problems: how every error of the JSON API looks."""

import logging
import math
import re
from http import HTTPStatus

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from pydantic import BaseModel, Field, ValidationError
from werkzeug.exceptions import HTTPException

from store.database import StoreUnavailable
from web.http.texts import count, language, translate

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
API_PREFIX = "/api/"
_WITH_WORDS = {400, 401, 403, 404, 405, 408, 409, 413, 429, 503}
_WITH_DETAIL = {400, 403, 409}
_ONE_WORD = re.compile(r"[\w.-]{1,40}")
# Where one begins anew, by where one was: operators, then members and their admins.
_HOME = ("/enter", "error.to_enter")
_HOMES = {
    "/console": ("/console/", "error.to_overview"),
    "/install": ("/register", "error.to_register"),
    "/register": ("/register", "error.to_register"),
}


class ProblemDocument(BaseModel):
    """What an error answers (RFC 9457)."""

    type: str = Field("about:blank", description="The kind; its title says it all.")
    title: str = Field(description="The phrase of the HTTP status.")
    status: int
    detail: str = Field(description="What is wrong with this request.")


class Problem(Exception):
    """A request that cannot be answered as asked."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        words: str = "",
        retry_after_seconds: int | None = None,
        **values: object,
    ) -> None:
        """A refusal; `words` names what a page says in place of the status' words.

        Shape: `detail` is for programs, in English; of `refusal.<words>` in the texts
            `title` and `text` are for people, `values` are put into them.
        """
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.words = words
        self.values = values
        self.retry_after_seconds = retry_after_seconds


def answer_problem(problem: Problem) -> Response:
    """The problem as a response; a 401 names the scheme that it wants."""
    document = ProblemDocument(
        type="about:blank",
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=problem.detail,
    )
    answer = Response(
        document.model_dump_json(), status=problem.status, content_type=MEDIA_TYPE
    )
    if problem.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    if problem.retry_after_seconds is not None:
        answer.headers["Retry-After"] = str(problem.retry_after_seconds)
    return answer


def answer_invalid(error: ValidationError) -> Response:
    """A request that does not fit the types: 422 for a body, 400 for arguments."""
    faults = "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}"
        for fault in error.errors(include_input=False, include_url=False)
    )
    # Pydantic gives the class of the model as title; bodies are named so.
    return answer_problem(Problem(422 if error.title.endswith("Body") else 400, faults))


def handle_errors(app: Flask) -> None:
    """Answer every error as a problem under /api/, and as a page elsewhere."""
    app.register_error_handler(Problem, on_problem)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(StoreUnavailable, _on_store)
    app.register_error_handler(Exception, _on_crash)


def on_problem(error: Problem) -> ResponseReturnValue:
    """The problem under /api/, a page that says it elsewhere."""
    if request.path.startswith(API_PREFIX):
        return answer_problem(error)
    if error.retry_after_seconds is not None:
        return _page_for_later(error.status, error.retry_after_seconds)
    if error.words:
        return _page_of_refusal(error)
    return _page(error.status, error.detail)


def _on_http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:
        return error
    if not request.path.startswith(API_PREFIX):
        if isinstance(error, CSRFError):
            return _page_of_refusal(Problem(error.code, "", words="form"))
        return _page(error.code)
    answer = answer_problem(Problem(error.code, error.description or ""))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            answer.headers[name] = value
    return answer


def _on_store(error: StoreUnavailable) -> ResponseReturnValue:
    log.error("postgres unavailable", extra={"reason": str(error)})
    return on_problem(Problem(503, "The database cannot be reached; try again."))


def _on_crash(error: Exception) -> ResponseReturnValue:
    log.error("request failed", exc_info=error, extra={"endpoint": request.endpoint})
    return on_problem(Problem(500, "This is our fault; the log names the cause."))


def _page_for_later(status: int, seconds: int) -> ResponseReturnValue:
    page = _render(
        title=translate(f"error.{status}.title"),
        text=count("error.later", math.ceil(seconds / 60)),
    )
    return page, status, {"Retry-After": str(seconds)}


def _page_of_refusal(error: Problem) -> ResponseReturnValue:
    said = f"refusal.{error.words}"
    page = _render(
        title=translate(f"{said}.title"), text=translate(f"{said}.text", **error.values)
    )
    return page, error.status


def _page(status: int, detail: str | None = None) -> ResponseReturnValue:
    known = status if status in _WITH_WORDS else 500 if status >= 500 else 400
    return _render(
        title=translate(f"error.{known}.title"),
        text=translate(f"error.{known}.text"),
        # What a form or an address held; of our own faults and absences nothing.
        detail=_shown(detail) if status in _WITH_DETAIL else None,
    ), status


def _shown(detail: str | None) -> str | None:
    """What is said in English; whoever reads another language is told what it is of."""
    if detail is None or language() == "en":
        return detail
    of, _, _ = detail.partition(":")
    return of if _ONE_WORD.fullmatch(of) else None


def _render(**words: str | None) -> str:
    address, name = next(
        (way for start, way in _HOMES.items() if request.path.startswith(start)),
        _HOME,
    )
    return render_template(
        "error.html", home=address, home_words=translate(name), **words
    )
