"""One call to the API as its handler sees it, and the words to refuse it with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from simulator.org.corp import Agent, Corp
from simulator.org.directory import Directory
from simulator.world import World

MESSAGES = {
    -1: "system busy",
    40001: "invalid credential",
    40003: "invalid userid",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40029: "invalid code",
    40058: "invalid Request Parameter",
    40082: "invalid suite_token",
    40084: "invalid permanent_code",
    40085: "invalid suite_ticket",
    41001: "access_token missing",
    41022: "suite_access_token missing",
    42001: "access_token expired",
    42009: "suite_access_token expired",
    45009: "api freq out of limit",
    45033: "api concurrent out of limit",
    46004: "user no exist",
    48002: "api forbidden",
    48004: "invalid auth relation",
    60003: "department not found",
    60011: "no privilege to access/modify contact/party/agent",
    60111: "userid not found",
    60123: "invalid party id",
    81013: "user & party & tag all invalid",
    82001: "touser & toparty & totag all empty",
}


class Refusal(Exception):
    """WeCom's answer is an error; HTTP stays 200."""

    def __init__(self, errcode: int, hint: str = "") -> None:
        super().__init__(errcode, hint)
        self.errcode = errcode
        self.hint = hint


class Needs(StrEnum):
    """Which token an endpoint wants in its query."""

    NOTHING = "nothing"
    SUITE = "suite_access_token"
    PROVIDER = "provider_access_token"
    CORP = "access_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, with its token already looked up.

    Shape: `late` says that contacts are answered as they were before the last change.
    """

    world: World
    query: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict)
    suite_id: str = ""
    tenant: Corp | None = None
    late: bool = False

    @property
    def corp(self) -> Corp:
        """The corp of the token.

        Raises: LookupError when the endpoint has no corp.
        """
        if self.tenant is None:
            raise LookupError("no corp on this call")
        return self.tenant

    @property
    def agent(self) -> Agent:
        """The app in the token's corp.

        Raises: Refusal.
        """
        if self.corp.agent is None:
            raise Refusal(48004)
        return self.corp.agent

    def view_of(self, corp: Corp) -> Directory:
        """The contacts to answer from."""
        if self.late and corp.before is not None:
            return corp.before
        return corp.now

    @property
    def view(self) -> Directory:
        """The contacts of the token's corp to answer from."""
        return self.view_of(self.corp)


Handler = Callable[[Call], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How a path is called and who answers it.

    Shape: `bare` answers carry no errcode on success (WeCom 90600, 90605, 91200).
    """

    method: str
    needs: Needs
    handler: Handler
    bare: bool = False


def text(source: Mapping[str, Any], name: str, *, missing: int = 40058) -> str:
    """A required text.

    Raises: Refusal.
    """
    value = source.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal(missing, f"{name} is required")
    return value


def whole(
    source: Mapping[str, Any], name: str, *, default: int | None = None
) -> int | None:
    """An integer, which a query spells as text.

    Raises: Refusal.
    """
    value = source.get(name, default)
    if value is None or value == "":
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Refusal(40058, f"{name} is not a number") from None


def listed(source: Mapping[str, Any], name: str, *, most: int, code: int) -> list[Any]:
    """An optional list.

    Raises: Refusal.
    """
    value = source.get(name) or []
    if not isinstance(value, list):
        raise Refusal(40058, f"{name} is not a list")
    if len(value) > most:
        raise Refusal(code, f"{name} is longer than {most}")
    return value
