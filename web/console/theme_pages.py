"""How the console looks in this browser: light or dark, and in which time zone."""

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from web.access import Audience, seen_by
from web.console.blueprint import console
from web.console.frame import THEMES
from web.console.zone import find_zone
from web.http import cookies
from web.http.cookies import Cookie
from web.http.paths import local_path
from web.http.problems import Problem

_YEAR_SECONDS = 365 * 24 * 3600


@console.get("/theme/<name>")
@seen_by(Audience.OPERATOR)
def choose_theme(name: str) -> ResponseReturnValue:
    """Remember a theme and go back to the page."""
    if name not in THEMES:
        raise Problem(404, f"theme {name}: not known here.")
    wanted = local_path(request.args.get("next")) or url_for("console.overview")
    answer = make_response(redirect(wanted, 303))
    cookies.keep(answer, Cookie.THEME, name, seconds=_YEAR_SECONDS)
    return answer


@console.get("/zone")
@seen_by(Audience.OPERATOR)
def choose_zone() -> ResponseReturnValue:
    """Tell times in another zone from now on; exports and the API stay in UTC."""
    name = request.args.get("name", "").strip()
    if find_zone(name) is None:
        raise Problem(400, f"zone {name[:64]}: not known here.", words="zone")
    wanted = local_path(request.args.get("next")) or url_for("console.overview")
    answer = make_response(redirect(wanted, 303))
    cookies.keep(answer, Cookie.ZONE, name, seconds=_YEAR_SECONDS)
    return answer
