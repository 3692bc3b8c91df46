"""Clients that say nothing, stall or trickle hold up nobody, and are cut off."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests

from benchmarks.slow_clients import slow_clients
from demo.machine.ports import LOOPBACK
from tests.support.processes.fronts import read_all, running_receiver, running_web
from tests.support.receiving import Draft, contact, rows_of

# More of each kind than there are threads in both processes.
EACH = 40
HEAD = b"POST /wecom/command?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n"


def _silent(_client: socket.socket) -> None:
    """Says nothing at all."""


def _in_head(client: socket.socket) -> None:
    client.sendall(HEAD[:30])


def _after_head(client: socket.socket) -> None:
    client.sendall(HEAD + b"\r\n")


def _in_body(client: socket.socket) -> None:
    client.sendall(HEAD + b"\r\n" + b"x" * 499)


def _in_chunk(client: socket.socket) -> None:
    head = HEAD.replace(b"Content-Length: 500", b"Transfer-Encoding: chunked")
    client.sendall(head + b"\r\n5\r\nhel")


def _after_an_answer(client: socket.socket) -> None:
    client.sendall(b"GET /healthz HTTP/1.1\r\n\r\n" + HEAD[:30])


STALLS: tuple[Callable[[socket.socket], None], ...] = (
    _silent,
    _in_head,
    _after_head,
    _in_body,
    _in_chunk,
    _after_an_answer,
)


@pytest.fixture
def receiver(database: str, redis_url: str, tmp_path: Path) -> Iterator[int]:
    log = tmp_path / "receiver.log"
    with running_receiver(database=database, redis_url=redis_url, log=log) as port:
        yield port


@pytest.fixture
def web(database: str, redis_url: str, tmp_path: Path) -> Iterator[int]:
    with running_web(
        database=database, redis_url=redis_url, log=tmp_path / "web.log"
    ) as port:
        yield port


@contextmanager
def _stalled(port: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        clients = []
        for stall in STALLS * EACH:
            client = socket.create_connection((LOOPBACK, port), timeout=10)
            clients.append(stack.enter_context(client))
            with suppress(OSError):  # It may be sent away already.
                stall(client)
        yield clients


def test_stalled_clients_refuse_no_callback(receiver: int, database: str) -> None:
    now = str(int(time.time()))
    drafts = [
        Draft(message=contact("delete_party", Id=number), timestamp=now)
        for number in range(40)
    ]

    with _stalled(receiver):
        answers = [
            requests.post(
                f"http://{LOOPBACK}:{receiver}{draft.path}?{draft.query()}",
                data=draft.envelope(),
                timeout=4,
            )
            for draft in drafts
        ]

    assert {answer.content for answer in answers} == {b"success"}
    assert len(rows_of(database, "SELECT event_id FROM inbox")) == len(drafts)
    assert rows_of(database, "SELECT reason FROM gaps") == []


def test_two_and_a_half_thousand_slow_clients_refuse_no_callback(
    receiver: int, database: str
) -> None:
    now = str(int(time.time()))
    drafts = [
        Draft(message=contact("delete_party", Id=number), timestamp=now)
        for number in range(40)
    ]

    with slow_clients(receiver, stalled=512, idle=2_000):
        # Each over a connection of its own, behind all who come again meanwhile.
        answers = [
            requests.post(
                f"http://{LOOPBACK}:{receiver}{draft.path}?{draft.query()}",
                data=draft.envelope(),
                timeout=30,
            )
            for draft in drafts
        ]

    assert {answer.content for answer in answers} == {b"success"}
    assert len(rows_of(database, "SELECT event_id FROM inbox")) == len(drafts)
    assert rows_of(database, "SELECT reason FROM gaps") == []


def test_stalled_clients_keep_nobody_from_a_page(web: int) -> None:
    with _stalled(web):
        answers = [
            requests.get(f"http://{LOOPBACK}:{web}/healthz", timeout=4)
            for _ in range(20)
        ]

    assert {answer.status_code for answer in answers} == {200}


def test_who_stalls_is_cut_off(receiver: int) -> None:
    with _stalled(receiver) as clients, ThreadPoolExecutor(len(clients)) as pool:
        # Each ends by the server's closing, or fails here after ten seconds.
        ends = list(
            pool.map(lambda client: client.recv(1 << 16) and b"", clients[:EACH])
        )
        rest = [read_all(client) for client in clients[EACH:]]

    assert set(ends) == {b""}
    assert {part[9:12] for part in rest} <= {b"", b"200"}


def test_who_trickles_is_cut_off(receiver: int) -> None:
    with socket.create_connection((LOOPBACK, receiver), timeout=0.1) as client:
        sent = 0
        for byte in HEAD * 100:
            try:
                client.sendall(bytes([byte]))
                if client.recv(100) == b"":
                    break
            except TimeoutError:
                sent += 1
            except OSError:
                break

    assert 0 < sent < len(HEAD)


def test_when_all_places_are_taken_the_newcomer_is_served(
    database: str, redis_url: str, tmp_path: Path
) -> None:
    with (
        running_receiver(
            database=database,
            redis_url=redis_url,
            log=tmp_path / "receiver.log",
            places=20,
        ) as port,
        _stalled(port),
    ):
        answers = [
            requests.get(f"http://{LOOPBACK}:{port}/healthz", timeout=4)
            for _ in range(10)
        ]

    assert {answer.status_code for answer in answers} == {200}


def test_who_reads_no_answer_holds_no_thread(web: int) -> None:
    asked = b"GET /static/console.css HTTP/1.1\r\nHost: x\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(EACH):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            client.connect((LOOPBACK, web))
            client.sendall(asked * 50)

        answer = requests.get(f"http://{LOOPBACK}:{web}/healthz", timeout=4)

    assert answer.status_code == 200
