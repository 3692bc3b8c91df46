"""Sends a browser to another platform's page, and knows it again when it comes back."""

import secrets
from typing import Any

from flask import Response, after_this_request, g, request

from store.database import Connection
from store.installs import oauth_states
from store.installs.oauth_states import Journey, ReturnPath
from web import cookies
from web.cookies import Cookie

SECONDS = 20 * 60.0
_YEAR_SECONDS = 365 * 24 * 3600
_RANDOM_BYTES = 16
_STRANGE = Journey(returned=ReturnPath.STRANGE, cargo={})


def depart(connection: Connection, *, purpose: str, cargo: dict[str, Any]) -> str:
    """The state of a new way out, bound to this browser.

    Shape: letters and digits, as WeCom demands.
    """
    state = secrets.token_hex(_RANDOM_BYTES)
    oauth_states.begin(
        connection,
        state=state,
        visitor=visitor(),
        purpose=purpose,
        cargo=cargo,
        seconds=SECONDS,
    )
    return state


def arrive(connection: Connection, *, purpose: str) -> Journey:
    """The journey whose `state` this request brings back."""
    state, marked = request.args.get("state"), cookies.read(Cookie.BROWSER)
    if not state or not marked:
        return _STRANGE
    return oauth_states.end(connection, state=state, visitor=marked, purpose=purpose)


def visitor() -> str:
    """What marks this browser; it is marked now if it was not before."""
    known = cookies.read(Cookie.BROWSER) or g.get("visitor")
    if known:
        return str(known)
    g.visitor = secrets.token_urlsafe(_RANDOM_BYTES)
    after_this_request(_mark)
    return str(g.visitor)


def _mark(answer: Response) -> Response:
    cookies.keep(answer, Cookie.BROWSER, g.visitor, seconds=_YEAR_SECONDS)
    return answer
