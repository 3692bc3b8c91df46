"""A call to TAPD gives what is in the envelope, or the error that says what follows."""

import traceback
from http.server import BaseHTTPRequestHandler

import pytest

from tapd.envelope import Envelope, basic, bearer
from tapd.errors import Denied, Refused, TapdError, Throttled, Unavailable
from tests.unit.wecom.scripted import (
    Reply,
    ScriptedServer,
    hangs_up,
    says,
    sends,
    stays_silent,
    trickles,
)

SECRET = "secret-that-nobody-may-see"
GOOD = {"status": 1, "data": [{"User": {"id": "1"}}], "info": "success"}


def ask(tapd: Envelope) -> object:
    return tapd.get(
        "workspaces/users",
        query={"workspace_id": "7", "user": "张三"},
        authorization=basic("client", SECRET),
    )


def failure(tapd: Envelope) -> TapdError:
    with pytest.raises(TapdError) as caught:
        ask(tapd)
    return caught.value


def asks_to_wait(named: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(429)
        handler.send_header("Retry-After", named)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return reply


def test_a_get_carries_its_query_and_gives_the_data(server: ScriptedServer) -> None:
    server.will(GOOD)

    data = ask(Envelope(server.url))

    assert data == [{"User": {"id": "1"}}]
    (asked,) = server.asked
    assert (asked.method, asked.endpoint) == ("GET", "/workspaces/users")
    assert asked.query == {"workspace_id": "7", "user": "张三"}
    assert asked.authorization == "Basic Y2xpZW50OnNlY3JldC10aGF0LW5vYm9keS1tYXktc2Vl"


def test_a_post_carries_a_form(server: ScriptedServer) -> None:
    server.will({"status": "1", "data": {}, "info": "success"})

    data = Envelope(server.url).post(
        "tokens/request_token",
        form={"grant_type": "client_credentials"},
        authorization=bearer("t"),
    )

    assert data == {}
    (asked,) = server.asked
    assert (asked.method, asked.body) == ("POST", {"grant_type": "client_credentials"})
    assert asked.authorization == "Bearer t"


@pytest.mark.parametrize(
    ("http", "status", "info", "error"),
    [
        (401, 401, "401 Unauthorized", Denied),
        (422, 422, "The access token provided is invalid", Denied),
        (422, 422, "Access Token has expired", Denied),
        (422, 422, "workspace_id is required", Refused),
        (404, 404, "workspace 1010480 not existed", Refused),
        (200, 404, "workspace 1010480 not existed", Refused),
        (200, 0, "no", Refused),
        (429, 429, "To many requests", Throttled),
        (200, 429, "To many requests", Throttled),
        (500, 500, "", Unavailable),
        (502, 502, "", Unavailable),
        (200, 500, "", Unavailable),
        (302, 1, "success", Unavailable),
    ],
)
def test_every_status_has_its_consequence(
    server: ScriptedServer, http: int, status: int, info: str, error: type[TapdError]
) -> None:
    server.will(says({"status": status, "data": "", "info": info}, status=http))

    failed = failure(Envelope(server.url))

    assert type(failed) is error
    assert failed.path == "workspaces/users"


def test_a_401_is_no_token_whoever_wrote_its_body(server: ScriptedServer) -> None:
    server.will(sends(b"<html>401 Authorization Required</html>", status=401))

    assert isinstance(failure(Envelope(server.url)), Denied)


def test_the_greeting_of_unknown_paths_is_no_success(server: ScriptedServer) -> None:
    server.will({"status": 1, "data": "Hello world from TAPD API!", "info": "success"})

    assert "TAPD_API_URL" in str(failure(Envelope(server.url)))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"status": true}', b'{"status": "x"}']
)
def test_what_is_no_envelope_decides_nothing(
    server: ScriptedServer, body: bytes
) -> None:
    server.will(sends(body))

    assert type(failure(Envelope(server.url))) is Unavailable


def test_a_call_ends_in_time_whatever_the_server_does(server: ScriptedServer) -> None:
    server.will(
        hangs_up,
        stays_silent(server),
        trickles(server, head=b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n{"),
        sends(b"{" * 100),
    )

    hurried = Envelope(server.url, call_seconds=0.2, body_bytes=99)
    for _ in range(3):
        assert type(failure(hurried)) is Unavailable
    assert "too large" in str(failure(hurried))


def test_the_wait_that_tapd_names_is_kept_within_an_hour(
    server: ScriptedServer,
) -> None:
    server.will(*map(asks_to_wait, ("7", "99999999", "soon")))

    failed = [failure(Envelope(server.url)) for _ in range(3)]

    waits = [each.wait_seconds for each in failed if isinstance(each, Throttled)]
    assert waits == [7, 3600, 60]


def test_an_error_tells_neither_secret_nor_person(server: ScriptedServer) -> None:
    server.will(hangs_up, {"status": 422, "data": "", "info": f"张三 {SECRET}"})

    for _ in range(2):
        told = "".join(traceback.format_exception(failure(Envelope(server.url))))
        assert SECRET not in told
        assert "张三" not in told
