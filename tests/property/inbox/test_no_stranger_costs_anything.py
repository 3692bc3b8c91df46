"""Law: no bytes of a stranger, and no end of a connection, cost us anything.

A receiver that runs as deployed opens no gap, writes no row and logs no traceback for
what nobody signed.
"""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.machine.ports import LOOPBACK
from tests.support.processes.fronts import read_all, reset, running_receiver, send
from tests.support.processes.servers import scratch_database
from tests.support.receiving import wait_until

PATHS = (b"/wecom/command", b"/wecom/data", b"/tapd/events/1", b"/", b"*", b"//x:y/")
METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"BREW", b"CONNECT", b"get", b"")
VERSIONS = (b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/9.9", b"")
QUERIES = (
    b"",
    b"?msg_signature=x&timestamp=1&nonce=n",
    b"?msg_signature=x&timestamp=1700000000&nonce=n&echostr=%ff%00",
    b"?%zz=%&&==&nonce",
    b"?" + b"a" * 9000,
)
FRAMINGS = (
    b"",
    b"Content-Length: 5\r\n",
    b"Content-Length: 65537\r\n",
    b"Content-Length: 99999999999999999999999\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: 5, 5\r\n",
    b"Content-Length: 5\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding: identity\r\n",
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 5\r\n",
    b"Expect: 100-continue\r\nContent-Length: 5\r\n",
)
ODD_HEADERS = (
    b"",
    b"Host: x\r\n",
    b"Host: x\r\nHost: y\r\n",
    b": empty\r\n",
    b"No-Colon\r\n",
    b"Folded: a\r\n b\r\n",
    b"Control: a\x01b\r\n",
    b"Transfer_Encoding: chunked\r\n",
    b"X: " + b"y" * 40_000 + b"\r\n",
    b"X: y\r\n" * 200,
)
BODIES = (
    b"",
    b"hello",
    b"ZZ\r\n",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhelloXX",
    b"5;" + b"e" * 5000 + b"\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
    b"FFFFFFFFFFFFFFFFF\r\n",
    b"4000\r\n" + b" " * 0x4000 + b"\r\n" + b"C001\r\n" + b" " * 0xC001 + b"\r\n",
    b"1\r\n \r\n" * 3000,
    b'{"secret": "x", "event": "story::update"}',
    b"<xml><Encrypt>a</Encrypt></xml>",
)


def _request(*parts: bytes) -> bytes:
    method, path, query, version, framing, odd, body = parts
    first = b" ".join([method, path + query, version])
    return first + b"\r\n" + framing + odd + b"\r\n" + body


REQUESTS = st.builds(
    _request,
    *map(
        st.sampled_from,
        (METHODS, PATHS, QUERIES, VERSIONS, FRAMINGS, ODD_HEADERS, BODIES),
    ),
)
CONVERSATIONS = st.one_of(
    st.binary(max_size=2000), st.lists(REQUESTS, min_size=1, max_size=3).map(b"".join)
)


def _half_close(client: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)
    read_all(client)
    client.close()


ENDINGS: tuple[Callable[[socket.socket], None], ...] = (
    _half_close,
    reset,
    socket.socket.close,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacked:
    """A receiver of this module alone, and where to look for what it did."""

    port: int
    rows: psycopg.Connection
    log: Path

    def traces(self) -> tuple[object, ...]:
        """What must stay as it was: gaps, mail, and tracebacks."""
        found = self.rows.execute(
            "SELECT (SELECT count(*) FROM gaps), (SELECT count(*) FROM inbox),"
            " (SELECT count(*) FROM identities)"
        ).fetchone()
        return (found, b"Traceback" in self.log.read_bytes())


@pytest.fixture(scope="module")
def attacked(
    postgres_url: str,
    template: str,
    redis_server_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Attacked]:
    log = tmp_path_factory.mktemp("attacked") / "receiver.log"
    with (
        scratch_database(postgres_url, template=template) as database,
        running_receiver(
            database=database, redis_url=redis_server_url, log=log
        ) as port,
        psycopg.connect(database, autocommit=True) as rows,
    ):
        yield Attacked(port=port, rows=rows, log=log)


@given(
    sent=CONVERSATIONS,
    share=st.sampled_from((1.0, 1.0, 0.9, 0.5, 0.1)),
    cuts=st.integers(1, 3),
    end=st.sampled_from(ENDINGS),
)
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_bytes_and_no_end_of_a_connection_leave_a_trace(
    attacked: Attacked,
    sent: bytes,
    share: float,
    cuts: int,
    end: Callable[[socket.socket], None],
) -> None:
    sent = sent[: int(len(sent) * share)]
    step = len(sent) // cuts + 1

    client = socket.create_connection((LOOPBACK, attacked.port), timeout=10)
    try:
        for start in range(0, len(sent), step):
            client.sendall(sent[start : start + step])
        end(client)
    except OSError:
        client.close()  # It answered and closed before all was sent.

    assert attacked.traces() == ((0, 0, 0), False)


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"POST /wecom/data HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", 400),
        (b"POST /wecom/data HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413),
        (b"PUT /wecom/data HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", 405),
        (b"HEAD /wecom/data HTTP/1.1\r\n\r\n", 405),
        (b"BREW /wecom/data HTTP/1.1\r\n\r\n", 405),
        (b"GET /wecom/data HTTP/1.1\r\nX: " + b"y" * 40_000 + b"\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400),
    ],
)
def test_each_refusal_is_one_empty_answer(
    attacked: Attacked, sent: bytes, answer: int
) -> None:
    found = send(attacked.port, sent)

    assert found.startswith(b"HTTP/1.1 %d " % answer)
    assert found.endswith(b"\r\n\r\n")
    assert found.count(b"HTTP/1.1") == 1


def test_pipelined_requests_are_answered_in_their_order(attacked: Attacked) -> None:
    asked = b"GET /healthz HTTP/1.1\r\n\r\nPUT /wecom/data HTTP/1.1\r\n\r\n"

    found = send(attacked.port, asked * 2 + b"ZZ\r\n")

    statuses = [part[:3] for part in found.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"405", b"200", b"405"]


def test_what_no_server_would_parse_is_counted_and_no_more(attacked: Attacked) -> None:
    send(attacked.port, b"\x00\n")

    query = "SELECT count(*) FROM refusals WHERE reason = 'http'"
    assert wait_until(lambda: attacked.rows.execute(query).fetchone() == (1,))
    assert attacked.traces() == ((0, 0, 0), False)
