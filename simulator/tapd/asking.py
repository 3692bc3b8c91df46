"""One call to TAPD's API as its handler sees it, and how TAPD answers and refuses."""

import base64
import binascii
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from simulator.tapd.people import Tapd
from simulator.tokens import Issued, Paper
from simulator.world import World

PLACEHOLDER = "Hello world from TAPD API server, please read the documents."
# Top-level paths that exist; all others are greeted (tapd.md 1.3).
KNOWN = {
    "bugs",
    "iterations",
    "quickstart",
    "stories",
    "tasks",
    "tokens",
    "user_oauth",
    "users",
    "workflows",
    "workspaces",
}


class Refusal(Exception):
    """TAPD's answer is an error; the body repeats the HTTP status."""

    def __init__(self, status: int, info: str) -> None:
        super().__init__(status, info)
        self.status = status
        self.info = info


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whom an Authorization header stands for: a person, or our app alone."""

    account_id: str | None = None
    token: Issued | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call, read but not yet believed."""

    world: World
    method: str
    path: str
    given: Mapping[str, str]
    authorization: str = field(default="", repr=False)

    @property
    def tapd(self) -> Tapd:
        """What TAPD knows."""
        return self.world.tapd


Handler = Callable[[Asked], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How a path is called and who answers it."""

    method: str
    handler: Handler


def required(asked: Asked, name: str) -> str:
    """A parameter that must be there.

    Raises: Refusal.
    """
    value = asked.given.get(name, "")
    if not value:
        raise Refusal(422, f"Mandatory field missing: {name}")
    return value


def check_client(asked: Asked) -> None:
    """Basic authentication by the open app's id and secret.

    Raises: Refusal.
    """
    app = asked.world.config.tapd_app
    if _basic(asked.authorization) != (app.client_id, app.secret):
        raise Refusal(401, "401 Unauthorized")


def caller(asked: Asked) -> Caller:
    """Who calls, by a Bearer token or as the app itself.

    Raises: Refusal: 401 for nobody, 422 for a token that is not good.
    """
    kind, _, value = asked.authorization.partition(" ")
    if kind.lower() != "bearer":
        check_client(asked)
        return Caller()
    token = asked.world.papers.find(Paper.TAPD_TOKEN, value.strip())
    if token is None or asked.world.papers.is_expired(token):
        raise Refusal(422, "The access token provided is invalid")
    return Caller(account_id=token.payload["account_id"], token=token)


def succeeded(data: Any) -> str:
    """The envelope of an answer."""
    return _written({"status": 1, "data": data, "info": "success"})


def refused(refusal: Refusal) -> str:
    """The envelope of an error."""
    meta = {"request_id": uuid.uuid4().hex}
    status = refusal.status
    return _written({"status": status, "data": "", "info": refusal.info, "meta": meta})


def _written(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    # RFC 6749 2.3.1 has both form-encoded before they are joined.
    return unquote(name), unquote(secret)
