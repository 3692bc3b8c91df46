"""TAPD's documented read API: who is in a company, and what TAPD links them to.

Source: TAPD's API pages on app tokens, get_workspace_users and get_third_user_mapping.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from tapd.envelope import Envelope, basic, bearer
from tapd.errors import Denied, Throttled, Unavailable
from tapd.pace import Pace, Turns

# Of a token's two hours; without expires_in it is not kept at all.
AHEAD_SECONDS = 300.0
WECOM = "qywx"

_FIELDS = "user,user_id,name,email"
_ROW = "UserWorkspace"

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPerson:
    """Somebody of a company; None where TAPD tells nothing, or nothing readable."""

    account_id: str
    nick: str | None
    name: str | None
    email: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleList:
    """Everybody of a company; `without_id` is how many rows named nobody."""

    people: tuple[ListedPerson, ...]
    without_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    value: str = field(repr=False)
    until: float


def open_api(
    api_url: str, *, client_id: str, client_secret: str, pace: Turns | None = None
) -> TapdApi | None:
    """TAPD's API in our app's name; None without credentials."""
    if not (client_id and client_secret):
        return None
    return TapdApi(
        Envelope(api_url), client_id=client_id, client_secret=client_secret, pace=pace
    )


class TapdApi:
    """The calls that our app may make for companies that installed it.

    Safe to share between threads. The token is kept in memory: asking for another one
    costs nothing but the call.
    """

    def __init__(
        self,
        envelope: Envelope,
        *,
        client_id: str,
        client_secret: str,
        pace: Turns | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._envelope = envelope
        self._app = basic(client_id, client_secret)
        self._pace: Turns = pace or Pace()
        self._clock = clock
        self._token: _Token | None = None

    def list_people(self, company_id: str) -> PeopleList:
        """Everybody of a company; TAPD has no pages here, and tells no mobiles.

        Raises: TapdError.
        """
        query = {"workspace_id": company_id, "fields": _FIELDS}
        return _people(self.get("workspaces/users", query))

    def list_wecom_ids(self, company_id: str, account_id: str) -> tuple[str, ...]:
        """The ids in WeCom that TAPD itself links an account to.

        Whether they are the ids that WeCom shows us is documented nowhere.

        Raises: TapdError.
        """
        query = {"workspace_id": company_id, "user_id": account_id}
        return tuple(_wecom_ids(self.get("users/get_third_user_mapping", query)))

    def check_credentials(self) -> None:
        """Fetch a new token.

        Raises: TapdError; Denied when TAPD does not know these credentials.
        """
        self._fetch_token()

    def get(self, path: str, query: Mapping[str, str]) -> object:
        """The data that TAPD answers to our app.

        Raises: TapdError.
        """
        held = self._token
        if held is not None and held.until > self._clock():
            try:
                return self._ask(path, query, held)
            except Denied:
                # It may have been withdrawn; a fresh one tells whether we have.
                self._token = None
        return self._ask(path, query, self._fetch_token())

    def _ask(self, path: str, query: Mapping[str, str], token: _Token) -> object:
        self._pace.take()
        header = bearer(token.value)
        try:
            return self._envelope.get(path, query=query, authorization=header)
        except Throttled as error:
            self._pace.rest(error.wait_seconds)
            raise

    def _fetch_token(self) -> _Token:
        # In its turn like others: credentials that are taken no more ask for many.
        self._pace.take()
        asked_at = self._clock()
        data = self._envelope.post(
            "tokens/request_token",
            form={"grant_type": "client_credentials"},
            authorization=self._app,
        )
        value = _text(data, "access_token")
        if value is None:
            raise Unavailable("the answer holds no token", path="tokens/request_token")
        token = _Token(value=value, until=asked_at + _lasts(data) - AHEAD_SECONDS)
        self._token = token
        return token


def _lasts(data: object) -> float:
    seconds = _text(data, "expires_in") or ""
    return float(seconds) if seconds.isascii() and seconds.isdigit() else 0.0


def _people(data: object) -> PeopleList:
    rows = [_person(_unwrapped(row)) for row in _list(data)]
    found = {each.account_id: each for each in rows if each is not None}
    return PeopleList(people=tuple(found.values()), without_id=rows.count(None))


def _unwrapped(row: object) -> object:
    return row.get(_ROW, row) if isinstance(row, dict) else row


def _person(row: object) -> ListedPerson | None:
    account_id = _text(row, "user_id")
    if account_id is None:
        return None
    return ListedPerson(
        account_id=account_id,
        nick=_text(row, "user"),
        name=_text(row, "name"),
        email=_text(row, "email"),
    )


def _wecom_ids(data: object) -> Iterator[str]:
    # The page's own sample is broken, so both shapes that it may have are taken.
    linked = data.get("third_partys") if isinstance(data, dict) else data
    for each in _list(linked or []):
        third_party_id = _text(each, "third_party_id")
        if _text(each, "third_party_type") == WECOM and third_party_id:
            yield third_party_id


def _list(data: object) -> list[object]:
    if not isinstance(data, list):
        raise Unavailable("the answer holds no list")
    return data


def _text(row: object, name: str) -> str | None:
    """A field that TAPD writes as text or as a number; None when it is empty."""
    value = row.get(name) if isinstance(row, dict) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None
