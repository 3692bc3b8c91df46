"""A call over a kept connection comes to what the same call over a new one comes to."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.unit.wecom.scripted import (
    Reply,
    ScriptedServer,
    hangs_up,
    says,
    scripted_server,
    sends,
    stays_silent,
    trickles,
)
from wecom.errors import WeComError
from wecom.payload import Payload
from wecom.transport import Transport

FINE: dict[str, Any] = {"errcode": 0}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ANSWER = b'{"errcode": 0, "name": "\xe5\xbc\xa0"}'


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def whole(payload: Payload) -> Payload:
    return payload


def ask(transport: Transport) -> Payload | tuple[type[WeComError], str]:
    """What a call comes to: an answer, or an error with its reason."""
    try:
        return transport.get("user/get", whole, query={"userid": "张 三&?#"})
    except WeComError as error:
        return type(error), error.reason


def raw(*pieces: bytes, ends: bool = False) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        for each in pieces:
            handler.wfile.write(each)
            handler.wfile.flush()
        handler.close_connection = ends

    return reply


CHUNKS = [b"%x\r\n%b\r\n" % (1, ANSWER[n : n + 1]) for n in range(len(ANSWER))]
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PACKED = gzip.compress(ANSWER)
GZIPPED = HEAD + b"Content-Encoding: gzip\r\n"

REPLIES = {
    "fine": says({"errcode": 0, "name": "张"}),
    "an errcode": says({"errcode": 60111}),
    "500": says({}, status=500),
    "429": says({}, status=429),
    "redirect": says({}, status=302),
    "empty": sends(b""),
    "cut short": sends(b'{"errcode": 0}', declared=99),
    "hangs up": hangs_up,
    "no head": raw(b"HTTP/1.1 200 OK\r\nX: ", ends=True),
    "no HTTP": raw(b"220 mail.example ESMTP\r\n\r\n", ends=True),
    "chunked": raw(CHUNKED, *CHUNKS, b"0\r\n\r\n"),
    "chunks cut short": raw(CHUNKED, *CHUNKS[:5], ends=True),
    "no chunk": raw(CHUNKED, b"zz\r\n\r\n", ends=True),
    "until the end": raw(HEAD, b"\r\n", ANSWER, ends=True),
    "packed": raw(GZIPPED, b"Content-Length: %d\r\n\r\n" % len(PACKED), PACKED),
    "packed badly": raw(GZIPPED, b"Content-Length: 4\r\n\r\nabcd"),
    "continue first": raw(
        b"HTTP/1.1 100 Continue\r\n\r\n",
        HEAD,
        b"Content-Length: %d\r\n\r\n" % len(ANSWER),
        ANSWER,
    ),
    "too much": sends(b" " * 200_001),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_it_comes_to_the_same_and_so_does_the_next(
    server: ScriptedServer, reply: Reply
) -> None:
    server.will(reply, FINE, reply, FINE)
    new, kept = (
        Transport(server.url, body_bytes=200_000),
        Transport(server.url, body_bytes=200_000),
    )
    over_new = ask(new)

    assert ask(kept) == FINE
    assert ask(kept) == over_new
    assert ask(kept) == FINE


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200", HEAD + b"Content-Length: 99\r\n\r\n{"]
)
def test_so_does_one_that_nobody_answers_in_time(
    server: ScriptedServer, head: bytes
) -> None:
    late = trickles(server, head=head) if head else stays_silent(server)
    server.will(late, FINE, late, FINE)
    over_new = ask(Transport(server.url, call_seconds=0.3))
    kept = Transport(server.url, call_seconds=0.3)

    assert ask(kept) == FINE
    assert ask(kept) == over_new
    assert ask(kept) == FINE


def test_it_asks_the_same_way(server: ScriptedServer) -> None:
    server.will(FINE, FINE)
    transport = Transport(server.url)

    ask(transport)
    ask(transport)

    first, second = server.asked
    assert first == second


def test_a_body_is_sent_with_its_length(server: ScriptedServer) -> None:
    server.will(FINE, FINE)
    transport = Transport(server.url)

    for _ in range(2):
        transport.post("message/send", whole, body={"content": "张三"}, query={})

    assert [each.body for each in server.asked] == [{"content": "张三"}] * 2
    assert len({each.client_port for each in server.asked}) == 1


def test_a_connection_that_was_ended_meanwhile_is_opened_anew(
    server: ScriptedServer,
) -> None:
    ended = threading.Event()

    def last(handler: BaseHTTPRequestHandler) -> None:
        says(FINE)(handler)
        hangs_up(handler)
        ended.set()

    server.will(last, FINE)
    transport = Transport(server.url)

    assert ask(transport) == FINE
    assert ended.wait(60)
    assert ask(transport) == FINE
    assert len({each.client_port for each in server.asked}) == 2
