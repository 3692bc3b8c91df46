"""TAPD's sign-in: a person shows which account is theirs, and nothing else is asked.

Source: TAPD's API pages on authorisation (user mode) and users/info.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

from domain.items.items import ItemKind
from tapd import todo
from tapd.envelope import Envelope, basic, bearer
from tapd.errors import Refused, Unavailable
from tapd.todo import OpenItem

# Who one is, and no item of anybody.
_SCOPE = "user#read"
# The same, and what waits for one.
_SCOPE_OF_ITEMS = "user#read story#read bug#read task#read"
# What TAPD's pages say of all its tokens, where the answer does not.
_TOKEN_SECONDS = 7200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenAccount:
    """The account that somebody signed in to; None where TAPD tells nothing."""

    account_id: str
    nick: str | None
    name: str | None
    token: str = field(repr=False)
    token_seconds: float


class TapdOAuth:
    """TAPD's OAuth as one client of it; safe to share between threads."""

    def __init__(
        self, api: Envelope, *, url: str, client_id: str, client_secret: str
    ) -> None:
        self._api = api
        self._url = url.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret

    def address(self, *, redirect_uri: str, state: str, items: bool = False) -> str:
        """Where a browser goes to sign in; it comes back with `code` and `state`.

        Shape: with `items` the person is asked to let us read their open items, too.
        """
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._client_id,
                "redirect_uri": redirect_uri,
                "scope": _SCOPE_OF_ITEMS if items else _SCOPE,
                "state": state,
                "auth_by": "user",
            }
        )
        return f"{self._url}/oauth/?{query}"

    def prove(self, code: str, *, redirect_uri: str) -> ProvenAccount:
        """The account behind a code, which is good once and for five minutes.

        The `resource` in the browser's address is not looked at: its owner can write
        into it what they like. What TAPD itself answers is.

        Raises: Refused when the code is not accepted, TapdError.
        """
        granted = _table(
            self._api.post(
                "tokens/request_token",
                form={
                    "grant_type": "authorization_code",
                    "redirect_uri": redirect_uri,
                    "code": code,
                },
                authorization=basic(self._client_id, self._client_secret),
            )
        )
        token = _text(granted.get("access_token"))
        if token is None:
            raise Unavailable("the answer holds no token")
        info = self._api.get("users/info", query={}, authorization=bearer(token))
        return _proven(
            _unwrapped(_table(info)),
            _owner(granted.get("resource")),
            token=token,
            seconds=_seconds(granted.get("expires_in")),
        )

    def list_open(
        self, token: str, *, workspace_id: str, kind: ItemKind, limit: int
    ) -> list[OpenItem]:
        """What of a kind waits in a project for the owner of a token.

        Raises: TapdError.
        """
        return todo.list_open(
            self._api, token=token, workspace_id=workspace_id, kind=kind, limit=limit
        )


def _proven(
    info: dict[str, object], owner: str | None, *, token: str, seconds: float
) -> ProvenAccount:
    named = _text(info.get("id")) or _text(info.get("user_id"))
    if named is not None and owner is not None and named != owner:
        raise Refused("the token and the person are two accounts")
    account_id = named or owner
    if account_id is None:
        raise Refused("TAPD names no account")
    return ProvenAccount(
        account_id=account_id,
        nick=_text(info.get("nick")),
        name=_text(info.get("name")),
        token=token,
        token_seconds=seconds,
    )


def _seconds(value: object) -> float:
    text = _text(value) or ""
    return float(text[:9]) if text.isascii() and text.isdigit() else _TOKEN_SECONDS


def _owner(resource: object) -> str | None:
    """Whom the grant names, as an object or as its text; a workspace names nobody."""
    if isinstance(resource, str):
        try:
            resource = json.loads(resource)
        except (ValueError, RecursionError):
            return None
    if not isinstance(resource, dict) or resource.get("type") != "user":
        return None
    return _text(resource.get("user_id"))


def _unwrapped(info: dict[str, object]) -> dict[str, object]:
    inner = info.get("User")
    return inner if isinstance(inner, dict) else info


def _table(data: object) -> dict[str, object]:
    if not isinstance(data, dict):
        raise Unavailable("the answer is not one of TAPD's")
    return data


def _text(value: object) -> str | None:
    # Ids are text in examples and numbers in tables; 0 and blank name nobody.
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    return text if text not in {"", "0"} else None
