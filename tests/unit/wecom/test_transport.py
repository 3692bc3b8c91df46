"""A call ends in time, with an answer or an error, and never tells a token."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler

import pytest

from tests.unit.wecom.scripted import (
    Reply,
    ScriptedServer,
    hangs_up,
    says,
    sends,
    stays_silent,
    trickles,
)
from wecom.errors import (
    NotVisible,
    Refused,
    Throttled,
    Unavailable,
    WeComError,
)
from wecom.payload import Payload
from wecom.transport import Transport

SECRET = "token-that-nobody-may-see"
QUERY = {"access_token": SECRET, "userid": "woU1"}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Counted:
    """A meter that remembers, and refuses when told to."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.calls: list[tuple[str, str | None, int | None]] = []
        self.refuses = refuses

    def before(self, endpoint: str, corp_id: str | None) -> None:
        if self.refuses:
            raise Throttled("our own rate", wait_seconds=7)

    def after(
        self,
        endpoint: str,
        corp_id: str | None,
        errcode: int | None,
        seconds: float,
        *,
        came: str = "",
    ) -> None:
        assert seconds >= 0
        self.calls.append((endpoint, corp_id, errcode))


def whole(payload: Payload) -> Payload:
    return payload


def ask(transport: Transport) -> Payload:
    return transport.get("user/get", whole, query=QUERY, corp_id="wpCorpA")


def failure(transport: Transport) -> WeComError:
    with pytest.raises(WeComError) as caught:
        ask(transport)
    return caught.value


def test_a_get_carries_its_query_and_gives_what_was_answered(
    server: ScriptedServer,
) -> None:
    server.will({"errcode": 0, "userid": "woU1"})

    answer = ask(Transport(server.url))

    assert answer["userid"] == "woU1"
    (asked,) = server.asked
    assert (asked.method, asked.endpoint, asked.query) == ("GET", "user/get", QUERY)


def test_a_post_carries_json_in_utf8(server: ScriptedServer) -> None:
    server.will({"errcode": 0})

    Transport(server.url).post("message/send", whole, body={"text": "小王"})

    assert server.asked[0].body == {"text": "小王"}


def test_an_answer_without_errcode_is_a_success(server: ScriptedServer) -> None:
    server.will({"suite_access_token": "t"})

    assert ask(Transport(server.url)) == {"suite_access_token": "t"}


def test_an_errcode_may_be_text(server: ScriptedServer) -> None:
    server.will({"errcode": "60111", "errmsg": ""})

    assert isinstance(failure(Transport(server.url)), NotVisible)


def test_an_errcode_becomes_its_error_with_place_and_hint(
    server: ScriptedServer,
) -> None:
    server.will({"errcode": 60011, "errmsg": "no privilege, hint: [17-ab_c], more"})

    error = failure(Transport(server.url))

    assert isinstance(error, NotVisible)
    assert (error.errcode, error.endpoint, error.corp_id, error.hint) == (
        60011,
        "user/get",
        "wpCorpA",
        "17-ab_c",
    )


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(says({"errcode": -1, "errmsg": "busy"}), id="-1"),
        pytest.param(says({}, status=500), id="500"),
        pytest.param(says({"errcode": 60111}, status=502), id="502 with errcode"),
        pytest.param(says({}, status=404), id="404"),
        pytest.param(says({}, status=302), id="redirect"),
        pytest.param(says([]), id="a list"),
        pytest.param(says(None), id="null"),
        pytest.param(says({"errcode": "all right"}), id="errcode is a word"),
        pytest.param(says({"errcode": None}), id="errcode is null"),
        pytest.param(says({"errcode": True}), id="errcode is true"),
        pytest.param(sends(b""), id="empty"),
        pytest.param(sends(b"<html>"), id="not json"),
        pytest.param(sends(b'{"errcode": 0, "userlist": ['), id="json cut short"),
        pytest.param(sends(b"[" * 100_000), id="json too deep"),
        pytest.param(sends(b'{"errcode": 0}', declared=99), id="body cut short"),
        pytest.param(sends(b"\xff\xfe\x00"), id="not text"),
        pytest.param(hangs_up, id="hangs up"),
    ],
)
def test_what_is_no_answer_is_unavailable(server: ScriptedServer, reply: Reply) -> None:
    server.will(reply)

    error = failure(Transport(server.url))

    assert type(error) is Unavailable
    assert (error.endpoint, error.corp_id) == ("user/get", "wpCorpA")


def test_an_http_429_is_throttled(server: ScriptedServer) -> None:
    server.will(says({}, status=429))

    assert isinstance(failure(Transport(server.url)), Throttled)


def test_an_unread_request_body_is_our_bug_though_the_errcode_is_0(
    server: ScriptedServer,
) -> None:
    server.will({"errcode": 0, "errmsg": "ok. Warning: wrong json format. "})

    assert type(failure(Transport(server.url))) is Refused


def test_a_server_that_says_nothing_is_left_in_time(server: ScriptedServer) -> None:
    server.will(stays_silent(server))
    started = time.monotonic()

    error = failure(Transport(server.url, call_seconds=0.2))

    assert type(error) is Unavailable
    assert 0.2 <= time.monotonic() - started < 2


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"HTTP/1.1 200", id="in the status line"),
        pytest.param(HEAD + b"X-Slow: ", id="in a header"),
        pytest.param(HEAD + b"Content-Length: 99999\r\n\r\n{", id="in the body"),
        pytest.param(HEAD + b"Connection: close\r\n\r\n{", id="in a body without end"),
    ],
)
def test_a_server_that_trickles_is_left_in_time(
    server: ScriptedServer, head: bytes
) -> None:
    server.will(trickles(server, head=head))
    started = time.monotonic()

    error = failure(Transport(server.url, call_seconds=0.2))

    assert type(error) is Unavailable
    assert 0.2 <= time.monotonic() - started < 2


def test_an_answer_beyond_the_cap_is_left_unread(server: ScriptedServer) -> None:
    server.will(sends(b" " * 1_000_001))

    error = failure(Transport(server.url, body_bytes=1_000_000))

    assert type(error) is Unavailable


def test_a_small_answer_that_unpacks_beyond_the_cap_is_unavailable(
    server: ScriptedServer,
) -> None:
    packed = gzip.compress(b" " * 10_000_000)

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(packed)))
        handler.end_headers()
        handler.wfile.write(packed)

    server.will(reply)

    error = failure(Transport(server.url, body_bytes=1_000_000))

    assert type(error) is Unavailable


def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        transport = Transport(f"http://127.0.0.1:{unused.getsockname()[1]}")

        error = failure(transport)

    assert type(error) is Unavailable


def test_a_connection_is_kept_for_the_next_call(server: ScriptedServer) -> None:
    server.will({"errcode": 0}, {"errcode": 60111}, {"errcode": 0})
    transport = Transport(server.url)

    ask(transport)
    failure(transport)
    ask(transport)

    assert len({asked.client_port for asked in server.asked}) == 1


def test_a_connection_given_up_is_not_used_again(server: ScriptedServer) -> None:
    server.will(stays_silent(server), {"errcode": 0, "fresh": 1})
    transport = Transport(server.url, call_seconds=0.2)
    failure(transport)

    assert ask(transport)["fresh"] == 1


def test_each_thread_has_a_connection_of_its_own(server: ScriptedServer) -> None:
    server.will({"errcode": 0}, {"errcode": 0})
    transport = Transport(server.url)
    other = threading.Thread(target=ask, args=(transport,))

    ask(transport)
    other.start()
    other.join()

    assert len({asked.client_port for asked in server.asked}) == 2


@pytest.mark.parametrize(
    "reply",
    [
        says({"errcode": 40014, "errmsg": f"bad token {SECRET}"}),
        says({"errcode": -1, "errmsg": SECRET}),
        sends(b'{"access_token": "' + SECRET.encode()),
        says({}, status=500),
        hangs_up,
    ],
)
def test_no_error_tells_the_token(server: ScriptedServer, reply: Reply) -> None:
    server.will(reply)

    error = failure(Transport(server.url))

    told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert SECRET not in told
    assert error.__context__ is None
    assert error.__cause__ is None


def test_a_time_out_does_not_tell_the_token(server: ScriptedServer) -> None:
    server.will(stays_silent(server))

    error = failure(Transport(server.url, call_seconds=0.1))

    assert SECRET not in "".join(traceback.format_exception(error))
    assert error.__context__ is None


def test_no_log_line_tells_the_token(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    broken = b"HTTP/1.1 200 OK\r\n bad header\r\nX: y\r\nContent-Length: 0\r\n\r\n"
    server.will({"errcode": 0}, hangs_up, lambda handler: _write(handler, broken))
    transport = Transport(server.url)

    with caplog.at_level(logging.DEBUG):
        ask(transport)
        failure(transport)
        failure(transport)

    assert "user/get?..." in caplog.text
    assert SECRET not in caplog.text


def _write(handler: BaseHTTPRequestHandler, raw: bytes) -> None:
    handler.wfile.write(raw)
    handler.close_connection = True


def test_calls_are_counted_with_and_without_an_answer(server: ScriptedServer) -> None:
    server.will({"errcode": 0}, {"errcode": 60111}, hangs_up)
    meter = Counted()
    transport = Transport(server.url, meter=meter)

    ask(transport)
    failure(transport)
    failure(transport)

    counted = [("user/get", "wpCorpA", errcode) for errcode in (0, 60111, None)]
    assert meter.calls == counted


def test_a_call_against_our_own_rate_is_not_made(server: ScriptedServer) -> None:
    meter = Counted(refuses=True)

    error = failure(Transport(server.url, meter=meter))

    assert isinstance(error, Throttled)
    assert error.wait_seconds == 7
    assert server.asked == []
    assert meter.calls == []


def test_a_reader_that_finds_no_answer_says_where(server: ScriptedServer) -> None:
    server.will({"errcode": 0})

    def read(payload: Payload) -> str:
        raise Unavailable("userlist is missing")

    with pytest.raises(Unavailable, match="user/list: c: userlist is missing"):
        Transport(server.url).get("user/list", read, query={}, corp_id="c")
