"""Law: which requests a connection bears does not depend on how its bytes are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.parsing import HEAD_BYTES, BadRequest, Request, RequestReader
from tests.property.inbox.test_no_stranger_costs_anything import CONVERSATIONS

LIMIT = 1000
Outcome = tuple[list[Request], tuple[int, str] | None]


def _read(pieces: list[bytes]) -> Outcome:
    reader = RequestReader(lambda _target: LIMIT)
    found: list[Request] = []
    try:
        for piece in pieces:
            found += reader.feed(piece)
    except BadRequest as fault:
        return found + reader.take_ready(), (fault.status, fault.reason)
    return found, None


def _cut(data: bytes, places: list[float]) -> list[bytes]:
    ends = sorted({0, len(data), *(int(place * len(data)) for place in places)})
    return [data[start:end] for start, end in pairwise(ends)]


def _feed_often(reader: RequestReader, piece: bytes, *, times: int) -> None:
    for _ in range(times):
        reader.feed(piece)


@given(CONVERSATIONS, st.lists(st.floats(0, 1), max_size=8))
def test_any_cut_gives_the_same_requests(data: bytes, places: list[float]) -> None:
    whole, cut = _read([data] if data else []), _read(_cut(data, places))

    # A long body is given up at the piece that shows it; how long it was then differs.
    shapes = [
        [(r.method, r.target, r.headers, r.body, r.is_too_long) for r in found]
        for found, _ in (whole, cut)
    ]
    assert shapes[0] == shapes[1]
    assert (whole[1] is None) == (cut[1] is None)


@given(CONVERSATIONS)
def test_no_bytes_raise_anything_but_a_refusal(data: bytes) -> None:
    found, fault = _read([data[i : i + 1] for i in range(len(data))][:5000])

    assert all(len(request.body) <= LIMIT for request in found)
    assert fault is None or 400 <= fault[0] < 500


@pytest.mark.parametrize("filler", [b"a" * 100, b"a: b\r\n", b"\r\n"])
def test_a_head_without_end_is_given_up(filler: bytes) -> None:
    reader = RequestReader(lambda _target: LIMIT)
    reader.feed(b"GET / HTTP/1.1\r\n" if filler != b"\r\n" else b"")

    with pytest.raises(BadRequest):
        _feed_often(reader, filler, times=2 * HEAD_BYTES // len(filler))


@pytest.mark.parametrize("filler", [b"0" * 100, b"1;" + b"x" * 98, b"1\r\na\r\n"])
def test_chunks_without_end_are_given_up(filler: bytes) -> None:
    reader = RequestReader(lambda _target: LIMIT)
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    reader.feed(head)

    with pytest.raises(BadRequest):
        _feed_often(reader, filler, times=(HEAD_BYTES + 20 * LIMIT) // len(filler) + 2)


def test_trailers_are_no_headers() -> None:
    data = (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\na\r\n0\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n"
    )

    [request], fault = _read([data])

    assert fault is None
    assert request.headers == ((b"transfer-encoding", b"chunked"),)
    assert request.body == b"a"


def test_whoever_offers_another_protocol_is_served_in_this_one() -> None:
    data = (
        b"POST /x HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        b"HTTP2-Settings: AAMAAABk\r\nContent-Length: 3\r\nX: y\r\n\r\nabc"
    )

    [request], fault = _read([data])

    assert fault is None
    assert (request.body, request.keeps_alive) == (b"abc", False)
    assert (b"x", b"y") in request.headers


@pytest.mark.parametrize(
    ("framing", "waits"),
    [
        (b"Expect: 100-continue\r\nContent-Length: 3\r\n", True),
        (b"Content-Length: 3\r\n", False),
        (b"Expect: 100-continue\r\nContent-Length: 1001\r\n", False),
    ],
)
def test_a_client_that_waits_to_be_told_is_told(framing: bytes, waits: bool) -> None:
    reader = RequestReader(lambda _target: LIMIT)

    reader.feed(b"POST / HTTP/1.1\r\n" + framing + b"\r\n")

    told = [reader.wants_go_ahead() for _ in range(2)]
    assert told == [waits, False]
