"""Whether a session is young enough for what a client asks: `prompt=login`, `max_age`.

On the way to WeCom the address is marked with the moment: whoever comes back was named
after it, or is sent there again.
"""

import time
from urllib.parse import urlencode

from flask import request

from web.http.problems import Problem
from web.services import services
from web.sessions.session import get_session

_MARK = "asked_at"
# Between Postgres' clock, by which a session begins, and ours.
_LENIENT_SECONDS = 5
_AFRESH = {"login", "select_account"}


def is_recent_enough() -> bool:
    """Whether the member who is signed in was named recently enough."""
    began_at = get_session().began_at.timestamp()
    marked_at = _marked_at()
    if marked_at is not None and began_at >= marked_at - _LENIENT_SECONDS:
        return True
    if _AFRESH & set(request.args.get("prompt", "").split()):
        return False
    longest = request.args.get("max_age")
    return longest is None or time.time() - began_at <= int(longest)


def with_mark(address: str) -> str:
    """The address of this request, marked with this moment."""
    mark = urlencode({_MARK: services().cursors.seal([time.time()], of=_about())})
    base, _, query = address.partition("?")
    rest = [each for each in query.split("&") if not each.startswith(f"{_MARK}=")]
    return f"{base}?{'&'.join([*rest, mark])}"


def _marked_at() -> float | None:
    try:
        position = services().cursors.open(request.args.get(_MARK), of=_about())
    except Problem:
        # The client's own, or of another request: it says nothing.
        return None
    return None if position is None else float(position[0])


def _about() -> list[object]:
    asked = ("client_id", "state", "nonce", "code_challenge")
    return ["oidc", *(request.args.get(each) for each in asked)]
