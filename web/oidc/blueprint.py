"""The provider's routes: pages for people, with marked forms, and calls of clients."""

from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from web import limits
from web.http.csrf import protect
from web.http.problems import Problem

# People answer these forms in a browser.
oidc_pages = protect(Blueprint("oidc", __name__))
# Clients call these with secrets and tokens of their own, or anybody; no cookie counts.
oidc_calls = Blueprint("oidc_calls", __name__)


@oidc_calls.after_request
def _let_browsers_read(answer: Response) -> Response:
    # A client that runs in a browser asks from its own site.
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
    return answer


@oidc_calls.after_request
def _count_strangers(answer: Response) -> Response:
    said = answer.get_json(silent=True) if answer.status_code in {400, 401} else None
    if not isinstance(said, dict) or said.get("error") != "invalid_client":
        return answer
    try:
        limits.refuse_client()
    except Problem as problem:
        return _slow_down(problem)
    return answer


def _slow_down(problem: Problem) -> Response:
    answer = jsonify(
        error="temporarily_unavailable",
        error_description="Too many wrong clients or secrets from this address.",
    )
    answer.status_code = problem.status
    answer.headers["Retry-After"] = str(problem.retry_after_seconds)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def by_query(endpoint: str) -> Redirect:
    """The request of a form once more, by its query.

    Another site's form brings no cookie of ours; an address that it leads to does.
    """
    query = urlencode(list(request.form.items(multi=True)))
    return redirect(f"{url_for(endpoint)}?{query}", 303)
