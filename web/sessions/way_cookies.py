"""The ways out that a browser has taken, each sealed in a short-lived cookie.

Of its own, so that two pages that lead out at once do not forget each other; few and
small, so that a server reads them all in one line.
"""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson
from flask import Response, after_this_request, current_app, request

from store.sealing import SealBroken
from web.http import cookies
from web.services import services

# One that is late is still known as such for a while.
_KEPT_SECONDS = 3600
_MOST_WAYS = 6
_MOST_BYTES = 3_600
_LARGEST_BYTES = 1_800
_PREFIX = "sync-way-"
_NAME_CHARACTERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way out, as only the browser keeps it: what it is for, and what the page knew.

    Units: `expires_at` in seconds since 1970.
    """

    state: str
    purpose: str
    cargo: dict[str, Any]
    expires_at: float
    used: bool = False

    def after_use(self) -> "Way":
        """The same, used: whoever reloads the page is led on and nothing is done."""
        return replace(self, used=True)


def now_seconds() -> float:
    """The moment by which ways expire."""
    return time.time()


def keep_way(way: Way) -> None:
    """Have the browser keep a way, and forget the oldest when there are too many."""
    value = _seal(way)
    if len(value) > _LARGEST_BYTES:
        # Too long to carry: it ends at the page where such ways end by themselves.
        short = {k: v for k, v in way.cargo.items() if k not in {"next", "back"}}
        value = _seal(replace(way, cargo=short))
    name = _name_of(way.state)
    surplus = _surplus(name, len(value))

    @after_this_request
    def keep(answer: Response) -> Response:
        for each in surplus:
            cookies.drop(answer, each)
        cookies.keep(
            answer, name, value, seconds=way.expires_at - now_seconds() + _KEPT_SECONDS
        )
        return answer


def find_way(state: str) -> Way | None:
    """The way that this browser took with a state."""
    name = _name_of(state)
    value = cookies.read(name)
    way = _open(name, value) if value else None
    return way if way is not None and way.state == state else None


def list_ways() -> Iterator[Way]:
    """Every way of this browser that can be read."""
    for name, value in _kept().items():
        way = _open(name, value)
        if way is not None:
            yield way


def _surplus(name: str, size: int) -> list[str]:
    """The cookies to give up, the oldest and the unreadable first."""
    there = {each: value for each, value in _kept().items() if each != name}

    def age(each: str) -> float:
        way = _open(each, there[each])
        return way.expires_at if way else 0.0

    given_up: list[str] = []
    for each in sorted(there, key=age):
        left = [value for key, value in there.items() if key not in given_up]
        if len(left) < _MOST_WAYS and sum(map(len, left)) + size <= _MOST_BYTES:
            break
        given_up.append(each)
    return given_up


def _kept() -> dict[str, str]:
    prefix = cookies.name_of(current_app, _PREFIX)
    return {
        _PREFIX + name.removeprefix(prefix): value
        for name, value in request.cookies.items()
        if name.startswith(prefix)
    }


def _name_of(state: str) -> str:
    digest = hashlib.sha256(state.encode(errors="replace")).hexdigest()
    return _PREFIX + digest[:_NAME_CHARACTERS]


def _seal(way: Way) -> str:
    fields = [way.state, way.purpose, way.cargo, way.expires_at, way.used]
    sealed = services().keyring.seal(orjson.dumps(fields), place=_name_of(way.state))
    return base64.urlsafe_b64encode(sealed).decode()


def _open(name: str, value: str) -> Way | None:
    """The way in a cookie; None for what we did not seal, or under a lost key."""
    try:
        sealed = base64.urlsafe_b64decode(value.encode())
        state, purpose, cargo, expires_at, used = json.loads(
            services().keyring.open(sealed, place=name)
        )
    except (ValueError, SealBroken):
        return None
    return Way(
        state=state, purpose=purpose, cargo=cargo, expires_at=expires_at, used=used
    )
