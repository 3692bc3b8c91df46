"""What two servers in a row could take for different requests is none, or is one."""

import pytest

from serving.parsing import BadRequest, Request, RequestReader

POST = b"POST /a HTTP/1.1\r\nHost: x\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
EMPTY = b"0\r\n\r\n"

REFUSED: dict[str, bytes] = {
    "length and chunks": POST + b"Content-Length: 4\r\n" + CHUNKED + b"\r\n" + EMPTY,
    "chunks and length": POST + CHUNKED + b"Content-Length: 4\r\n\r\n" + EMPTY,
    "the same length twice": POST + b"Content-Length: 1\r\n" * 2 + b"\r\na",
    "two lengths": POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a list of lengths": POST + b"Content-Length: 1, 1\r\n\r\na",
    "a signed length": POST + b"Content-Length: +1\r\n\r\na",
    "a length below nothing": POST + b"Content-Length: -1\r\n\r\na",
    "a hexadecimal length": POST + b"Content-Length: 0x1\r\n\r\na",
    "a length with a line in it": POST + b"Content-Length: 1_0\r\n\r\naaaaaaaaaa",
    "no length at all": POST + b"Content-Length: \r\n\r\n",
    "an endless length": POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
    "digits of another script": POST + "Content-Length: ١\r\n\r\na".encode(),
    "a blank before the colon": POST + b"Content-Length : 1\r\n\r\na",
    "a blank before the other colon": POST + b"Transfer-Encoding : chunked\r\n\r\n",
    "a coding that is none": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + EMPTY,
    "chunks within something": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n",
    "something within chunks": POST
    + b"Transfer-Encoding: gzip, chunked\r\n\r\n"
    + EMPTY,
    "chunks twice": POST + CHUNKED * 2 + b"\r\n" + EMPTY,
    "a control before the coding": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n",
    "a folded coding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + EMPTY,
    "a folded header": POST + b"X-A: b\r\n c\r\n\r\n",
    "lines that end by LF": b"GET / HTTP/1.1\nHost: x\n\n",
    "lines that end by CR": b"GET / HTTP/1.1\rHost: x\r\r",
    "a header before the first": b"GET / HTTP/1.1\r\n Host: x\r\n\r\n",
    "a header without colon": POST + b"Foo\r\n\r\n",
    "a header without name": POST + b": a\r\n\r\n",
    "NUL in a value": POST + b"X: a\x00b\r\n\r\n",
    "NUL in the target": b"GET /a\x00b HTTP/1.1\r\n\r\n",
    "a blank in the target": b"GET /a b HTTP/1.1\r\n\r\n",
    "two hosts": POST + b"Host: y\r\n\r\n",
    "chunks that end by LF": POST + CHUNKED + b"\r\n1\na\n0\n\n",
    "a chunk longer than it says": POST + CHUNKED + b"\r\n1\r\nabXX0\r\n\r\n",
    "a chunk below nothing": POST + CHUNKED + b"\r\n-1\r\na\r\n0\r\n\r\n",
    "a chunk with a prefix": POST + CHUNKED + b"\r\n0x1\r\na\r\n0\r\n\r\n",
    "an endless chunk": POST + CHUNKED + b"\r\n" + b"f" * 17 + b"\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an older protocol": b"GET /\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 100,
    "a tunnel": b"CONNECT a:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "an upgrade and two bodies": POST
    + b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n"
    + CHUNKED
    + b"\r\n3\r\nabc\r\n0\r\n\r\n",
}
# As many requests as are meant, with these bodies, and nothing behind them.
READ: dict[str, tuple[bytes, list[tuple[bytes, bytes]]]] = {
    "one behind the other": (
        POST + b"Content-Length: 1\r\n\r\na" + SMUGGLED,
        [(b"/a", b"a"), (b"/smuggled", b"")],
    ),
    "a body that looks like a request": (
        POST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
        [(b"/a", SMUGGLED)],
    ),
    "a GET with a body": (
        b"GET /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nab",
        [(b"/a", b"ab")],
    ),
    "chunks in another case": (
        POST + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n1;x=y\r\na\r\n0\r\n\r\n",
        [(b"/a", b"a")],
    ),
    "an upgrade with a body": (
        POST
        + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
        + CHUNKED
        + b"\r\n3\r\nabc\r\n0\r\n\r\n",
        [(b"/a", b"abc")],
    ),
    "the whole address": (
        b"GET http://elsewhere/a HTTP/1.1\r\nHost: x\r\n\r\n",
        [(b"http://elsewhere/a", b"")],
    ),
    "lines before it": (b"\r\n\r\n" + SMUGGLED, [(b"/smuggled", b"")]),
}


def read(data: bytes) -> tuple[list[Request], BadRequest | None]:
    """What was whole, and how it ended."""
    reader = RequestReader(lambda _target: 1_000)
    try:
        return reader.feed(data), None
    except BadRequest as fault:
        return reader.take_ready(), fault


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused(name: str) -> None:
    found, fault = read(REFUSED[name] + SMUGGLED)

    assert found == []
    assert fault is not None
    assert 400 <= fault.status < 500


@pytest.mark.parametrize("name", READ)
def test_what_is_clear_is_read_as_it_is_meant(name: str) -> None:
    data, meant = READ[name]

    found, fault = read(data)

    assert [(each.target, each.body) for each in found] == meant
    assert fault is None


@pytest.mark.parametrize("connection", [b"", b"Connection: keep-alive\r\n"])
def test_chunks_of_http_1_0_are_the_last_of_their_connection(connection: bytes) -> None:
    head = b"POST /a HTTP/1.0\r\n" + connection + CHUNKED + b"\r\n"

    found, _ = read(head + b"1\r\na\r\n0\r\n\r\n")

    assert [each.keeps_alive for each in found] == [False]


def test_nothing_is_read_behind_what_closes() -> None:
    found, fault = read(POST + b"Connection: close\r\n\r\n" + SMUGGLED)

    assert [each.target for each in found] == [b"/a"]
    assert fault is not None
