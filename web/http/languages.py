"""The choice of a language, on every page alike."""

from flask import Flask, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from texts.catalogue import LANGUAGES
from web.access import Audience, seen_by
from web.http import cookies
from web.http.cookies import Cookie
from web.http.paths import local_path
from web.http.problems import Problem

_YEAR_SECONDS = 365 * 24 * 3600


def register(app: Flask) -> None:
    """Add /language/<tag>."""
    app.add_url_rule("/language/<tag>", view_func=choose_language)


@seen_by(Audience.ANYONE)
def choose_language(tag: str) -> ResponseReturnValue:
    """Remember a language and go back to the page."""
    if tag not in LANGUAGES:
        raise Problem(404, f"language {tag}: not known here.")
    wanted = local_path(request.args.get("next")) or url_for("front")
    answer = make_response(redirect(wanted, 303))
    cookies.keep(answer, Cookie.LANGUAGE, tag, seconds=_YEAR_SECONDS)
    return answer
