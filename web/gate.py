"""Lets a request through only to whom its route is for."""

from flask import Flask, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from domain.roles import Role
from web import limits
from web.access import Audience, audience_of, needed_role
from web.company.authorize import host, require_company
from web.http.problems import Problem
from web.http.texts import translate
from web.sessions.operators import is_api_token, operator_role
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
            return _require_operator(request.endpoint)
        case Audience.MEMBER:
            return require_member(_wanted_page())
        case Audience.COMPANY:
            return _require_company()
        case _:
            _require_bearer()
            return None


def _require_operator(endpoint: str) -> Response | None:
    role = operator_role()
    if role is None:
        return _to_sign_in()
    needed = needed_role(current_app, endpoint, request.method)
    if not role.may(needed):
        raise _refused(role, needed)
    return None


def _require_company() -> Response | None:
    """A company's admins do there what they like; an operator what the role may."""
    detour = require_company(_wanted_page())
    if detour is None:
        _require_hand()
    return detour


def _require_hand() -> None:
    if not host().is_operator or request.endpoint is None:
        return
    role = operator_role() or Role.VIEWER
    needed = needed_role(current_app, request.endpoint, request.method)
    if not role.may(needed):
        raise _refused(role, needed)


def _refused(role: Role, needed: Role) -> Problem:
    return Problem(
        403,
        f"This needs the role {needed}, and you are signed in as {role}. "
        "Ask an admin of this console for it.",
        words="role",
        needed=translate(f"role.{needed}"),
        role=translate(f"role.{role}"),
    )


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
