"""The choice between light, dark and what the system has."""

from flask import current_app, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from web.access import Audience, seen_by
from web.console.blueprint import console
from web.console.frame import THEME_COOKIE, THEMES
from web.paths import local_path
from web.problems import Problem

_YEAR_SECONDS = 365 * 24 * 3600


@console.get("/theme/<name>")
@seen_by(Audience.OPERATOR)
def choose_theme(name: str) -> ResponseReturnValue:
    """Remember a theme and go back to the page."""
    if name not in THEMES:
        raise Problem(404, f"theme {name}: not known here.")
    wanted = local_path(request.args.get("next")) or url_for("console.overview")
    answer = make_response(redirect(wanted, 303))
    answer.set_cookie(
        THEME_COOKIE,
        name,
        max_age=_YEAR_SECONDS,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return answer
