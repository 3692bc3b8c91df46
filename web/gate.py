"""Lets a request through only to whom its route is for."""

from flask import Flask, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from web import limits
from web.access import Audience, audience_of
from web.company.authorize import require_company
from web.operators import is_api_token, is_operator
from web.problems import Problem
from web.sessions.session import require_member


def enforce(app: Flask) -> None:
    """Let every request through only to whom its route is for.

    Raises: LookupError when a route does not state its audience.
    """
    for rule in app.url_map.iter_rules():
        if audience_of(app, rule.endpoint) is None:
            raise LookupError(f"{rule.rule} does not state who may see it")
    app.before_request(_refuse_strangers)


def _refuse_strangers() -> Response | None:
    if request.endpoint is None:
        return None
    match audience_of(current_app, request.endpoint):
        case Audience.ANYONE:
            return None
        case Audience.OPERATOR:
            return None if is_operator() else _to_sign_in()
        case Audience.MEMBER:
            return require_member(_wanted_page())
        case Audience.COMPANY:
            return require_company(_wanted_page())
        case _:
            _require_bearer()
            return None


def _require_bearer() -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    given = token.strip() if scheme.lower() == "bearer" else ""
    if given and is_api_token(given):
        return
    if given:
        # Who says nothing guesses at nothing.
        limits.refuse_token("api")
    raise Problem(401, "This needs the header Authorization: Bearer API_TOKEN.")


def _to_sign_in() -> Response:
    return redirect(url_for("console.sign_in", next=_wanted_page()), 303)


def _wanted_page() -> str | None:
    """Where to go on after a detour; what a form carried is not sent again."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    adapter = current_app.create_url_adapter(request)
    openable = adapter is not None and adapter.test(request.path, "GET")
    return request.path if openable else None
