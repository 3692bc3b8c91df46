"""TAPD's sign-in proves an account by TAPD's own answer, never by the browser's."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tapd.envelope import Envelope
from tapd.errors import Denied, Refused, TapdError, Unavailable
from tapd.oauth import ProvenAccount, TapdOAuth
from tests.unit.wecom.scripted import ScriptedServer, hangs_up, says

BACK = "https://sync.example/tapd/done"
SECRET = "secret-that-nobody-may-see"
TOKEN = "token-that-nobody-may-see"


def good(data: object) -> dict[str, Any]:
    return {"status": 1, "data": data, "info": "success"}


def granted(**others: Any) -> dict[str, Any]:
    return good({"access_token": TOKEN, "token_type": "Bearer", **others})


def of_user(user_id: object) -> dict[str, Any]:
    return {"type": "user", "user_id": user_id, "company_id": "7"}


def make(server: ScriptedServer) -> TapdOAuth:
    return TapdOAuth(
        Envelope(f"{server.url}/tapd-api"),
        url="https://tapd.example/tapd",
        client_id="client",
        client_secret=SECRET,
    )


def prove(server: ScriptedServer) -> ProvenAccount:
    return make(server).prove("code-1", redirect_uri=BACK)


def failure(server: ScriptedServer) -> TapdError:
    with pytest.raises(TapdError) as caught:
        prove(server)
    assert SECRET not in repr(caught.value)
    assert TOKEN not in repr(caught.value)
    return caught.value


def test_the_browser_goes_to_tapds_page_with_a_way_back(server: ScriptedServer) -> None:
    address = make(server).address(redirect_uri=BACK, state="s1")

    parts = urlsplit(address)
    assert address.startswith("https://tapd.example/tapd/oauth/?")
    assert {name: values[0] for name, values in parse_qs(parts.query).items()} == {
        "response_type": "code",
        "client_id": "client",
        "redirect_uri": BACK,
        "scope": "user#read",
        "state": "s1",
        "auth_by": "user",
    }
    assert "%23read" in address


def test_a_code_proves_the_account_of_its_owner(server: ScriptedServer) -> None:
    server.will(granted(), good({"id": "1001", "nick": "阿伟", "name": "张伟"}))

    proven = prove(server)

    assert (proven.account_id, proven.nick, proven.name) == ("1001", "阿伟", "张伟")
    assert "token" not in repr(proven).replace("token_seconds", "")
    exchange, who = server.asked
    assert exchange.endpoint == "/tapd-api/tokens/request_token"
    assert (exchange.authorization or "").startswith("Basic ")
    assert exchange.body == {
        "grant_type": "authorization_code",
        "redirect_uri": BACK,
        "code": "code-1",
    }
    assert (who.method, who.endpoint) == ("GET", "/tapd-api/users/info")
    assert who.authorization == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("resource", "info", "account_id"),
    [
        ({"type": "workspace", "workspace_id": 7}, {"id": 1001}, "1001"),
        (of_user("1001"), {"nick": "阿伟"}, "1001"),
        (of_user(1001), {"id": "1001"}, "1001"),
        ('{"type":"user","user_id":"1001"}', {"nick": "阿伟"}, "1001"),
        (None, {"User": {"id": "1001", "nick": "阿伟"}}, "1001"),
        ("not json", {"user_id": "1001"}, "1001"),
    ],
)
def test_both_forms_of_a_grant_are_understood(
    server: ScriptedServer, resource: Any, info: dict[str, Any], account_id: str
) -> None:
    server.will(granted(resource=resource), good(info))

    assert prove(server).account_id == account_id


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ([{"status": 422, "info": "Invalid authorization code"}], Refused),
        ([{"status": 401, "info": "401 Unauthorized"}], Denied),
        ([good("Hello world from TAPD API server")], Refused),
        ([good({"token_type": "Bearer"})], Unavailable),
        ([good([])], Unavailable),
        ([hangs_up], Unavailable),
        ([says({}, status=502)], Unavailable),
        (
            [
                granted(),
                {"status": 422, "info": "The access token provided is invalid"},
            ],
            Denied,
        ),
        ([granted(), good("Hello world from TAPD API server")], Refused),
        ([granted(), good({"nick": "nobody"})], Refused),
        ([granted(), good({"id": "0"})], Refused),
        ([granted(resource=of_user("1001")), good({"id": "2002"})], Refused),
    ],
)
def test_whatever_names_no_single_account_proves_nothing(
    server: ScriptedServer, replies: list[Any], expected: type[TapdError]
) -> None:
    server.will(*replies)

    assert type(failure(server)) is expected


def test_what_is_held_shows_no_secret(server: ScriptedServer) -> None:
    assert SECRET not in repr(make(server))
