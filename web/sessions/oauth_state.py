"""Sends a browser to another platform's page, and knows it again when it comes back.

What the page knew travels with the browser, sealed: a stranger who asks for ways out
writes no row. A row is written when the other platform has known the code that came
back, so that a state is good once.
"""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask import Response, after_this_request, g, request

from store.database import Connection, transaction
from store.installs import oauth_states
from web.http import cookies
from web.http.cookies import Cookie
from web.services import services
from web.sessions.way_cookies import Way, find_way, keep_way, list_ways, now_seconds

SECONDS = 20 * 60.0
_YEAR_SECONDS = 365 * 24 * 3600
_RANDOM_BYTES = 16


class ReturnPath(StrEnum):
    """How a browser came back."""

    FIRST = "first"
    AGAIN = "again"  # Reloaded, or gone back to: what was to do is done.
    LATE = "late"
    STRANGE = "strange"  # No such state, or it was given to another browser.


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A browser that came back, and what the page knew when it sent it away."""

    returned: ReturnPath
    cargo: dict[str, Any]
    way: Way | None = None


def depart(*, purpose: str, cargo: dict[str, Any]) -> str:
    """The state of a way out, bound to this browser.

    Shape: letters and digits, as WeCom demands.
    Repeats: while a way is fresh and unused, the same page leads out by it again.
    """
    for way in list_ways():
        fresh = way.expires_at - now_seconds() > SECONDS / 2
        if fresh and not way.used and (way.purpose, way.cargo) == (purpose, cargo):
            return way.state
    way = Way(
        state=secrets.token_hex(_RANDOM_BYTES),
        purpose=purpose,
        cargo=cargo,
        expires_at=now_seconds() + SECONDS,
    )
    keep_way(way)
    return way.state


def arrive(*, purpose: str) -> Journey:
    """The journey whose `state` this request brings back; nothing is written."""
    way = find_way(request.args.get("state", ""))
    if way is None or way.purpose != purpose:
        return Journey(returned=ReturnPath.STRANGE, cargo={})
    return Journey(returned=_returned(way), cargo=way.cargo, way=way)


def use(connection: Connection, journey: Journey) -> bool:
    """Whether this is the first return of a journey whose code was known.

    Repeats: whoever comes second, even at the same moment, does nothing.
    """
    way = journey.way
    if way is None:
        return False
    keep_way(way.after_use())
    seconds = max(way.expires_at - now_seconds(), 0)
    return oauth_states.use(connection, way.state, purpose=way.purpose, seconds=seconds)


def was_used_meanwhile(journey: Journey) -> bool:
    """Whether another request of this browser was faster with the same state."""
    return journey.way is not None and _returned(journey.way) is ReturnPath.AGAIN


def visitor() -> str:
    """What marks this browser; it is marked now if it was not before."""
    known = cookies.read(Cookie.BROWSER) or g.get("visitor")
    if known:
        return str(known)
    g.visitor = secrets.token_urlsafe(_RANDOM_BYTES)
    after_this_request(_mark)
    return str(g.visitor)


def _returned(way: Way) -> ReturnPath:
    if way.used:
        return ReturnPath.AGAIN
    with transaction(services().pool) as connection:
        if oauth_states.is_used(connection, way.state):
            return ReturnPath.AGAIN
    late = way.expires_at < now_seconds()
    return ReturnPath.LATE if late else ReturnPath.FIRST


def _mark(answer: Response) -> Response:
    cookies.keep(answer, Cookie.BROWSER, g.visitor, seconds=_YEAR_SECONDS)
    return answer
