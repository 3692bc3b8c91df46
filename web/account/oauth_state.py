"""Sends a browser to another platform's page, and knows it again when it comes back."""

import secrets
from typing import Any

from flask import Response, after_this_request, current_app, g, request

from store.database import Connection
from store.installs import oauth_states
from store.installs.oauth_states import Journey, ReturnPath

COOKIE = "visitor"
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
    state, marked = request.args.get("state"), request.cookies.get(COOKIE)
    if not state or not marked:
        return _STRANGE
    return oauth_states.end(connection, state=state, visitor=marked, purpose=purpose)


def visitor() -> str:
    """What marks this browser; it is marked now if it was not before."""
    known = request.cookies.get(COOKIE) or g.get(COOKIE)
    if known:
        return str(known)
    g.visitor = secrets.token_urlsafe(_RANDOM_BYTES)
    after_this_request(_mark)
    return str(g.visitor)


def _mark(answer: Response) -> Response:
    answer.set_cookie(
        COOKIE,
        g.visitor,
        max_age=_YEAR_SECONDS,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        # The way back begins on another site: Strict would forget the browser there.
        samesite="Lax",
    )
    return answer
