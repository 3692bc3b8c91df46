"""When every thread of a process is held up, whoever asks is told so, in time."""

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from demo.machine.ports import LOOPBACK
from tests.support.processes.fronts import Jammable, running_jammable, send
from tests.support.receiving import Draft, contact, rows_of, wait_until

RECEIVER_THREADS, WEB_THREADS = 8, 32
PATIENT = "tests.support.processes.jammed.Patient"


@pytest.fixture
def receiver(database: str, redis_url: str, tmp_path: Path) -> Iterator[Jammable]:
    with running_jammable(
        "receiver", database=database, redis_url=redis_url, folder=tmp_path
    ) as server:
        yield server


@pytest.fixture
def patient(database: str, redis_url: str, tmp_path: Path) -> Iterator[Jammable]:
    """A receiver whose requests wait for a thread for as long as it takes."""
    with running_jammable(
        "receiver",
        database=database,
        redis_url=redis_url,
        folder=tmp_path,
        worker=f"{PATIENT}Receiver",
    ) as server:
        yield server


@pytest.fixture
def web(database: str, redis_url: str, tmp_path: Path) -> Iterator[Jammable]:
    with running_jammable(
        "web", database=database, redis_url=redis_url, folder=tmp_path
    ) as server:
        yield server


def callback(number: int = 1) -> bytes:
    """A callback as it comes over the wire."""
    draft = Draft(
        message=contact("delete_party", Id=number), timestamp=str(int(time.time()))
    )
    body = draft.envelope()
    head = (
        f"POST {draft.path}?{draft.query()} HTTP/1.1\r\nHost: x\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def ask(port: int, data: bytes) -> socket.socket:
    """A client that has asked and waits."""
    client = socket.create_connection((LOOPBACK, port), timeout=60)
    client.sendall(data)
    return client


def answer(client: socket.socket) -> bytes:
    """What comes first; it is short and comes as one."""
    with client:
        return client.recv(65_536)


def get(port: int, path: str) -> requests.Response:
    return requests.get(f"http://{LOOPBACK}:{port}{path}", timeout=60)


def test_a_callback_that_no_thread_took_is_refused_and_opens_a_gap(
    receiver: Jammable, database: str
) -> None:
    with receiver.jammed(threads=RECEIVER_THREADS):
        refused = answer(ask(receiver.port, callback()))
        gaps = "SELECT DISTINCT reason FROM gaps"
        opened = [{"reason": "refused"}]
        # Another process would write it as well: what is held are threads, not stores.
        told = wait_until(lambda: opened[0] in rows_of(database, gaps), seconds=30)

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert told
    assert rows_of(database, "SELECT event_id FROM inbox") == []


def test_what_is_not_believed_opens_no_gap_in_a_jam_either(
    receiver: Jammable, database: str
) -> None:
    forged = callback().replace(b"msg_signature=", b"msg_signature=0")

    with receiver.jammed(threads=RECEIVER_THREADS):
        refused = answer(ask(receiver.port, forged))

    assert refused.startswith(b"HTTP/1.1 403 ")
    refusals = "SELECT reason FROM refusals"
    assert wait_until(
        lambda: {"reason": "signature"} in rows_of(database, refusals), seconds=30
    )
    assert {"reason": "refused"} not in rows_of(database, "SELECT reason FROM gaps")


def test_a_callback_waits_for_a_thread_and_is_kept(
    patient: Jammable, database: str
) -> None:
    with patient.jammed(threads=RECEIVER_THREADS):
        waiting = ask(patient.port, callback())
        alive = get(patient.port, "/healthz")

    assert alive.text == "alive\n"
    assert answer(waiting).endswith(b"success")
    assert len(rows_of(database, "SELECT event_id FROM inbox")) == 1


def test_a_receiver_that_serves_nobody_opens_a_gap_though_it_says_it_is_alive(
    receiver: Jammable, database: str
) -> None:
    silent = "SELECT count(*) AS gaps FROM gaps WHERE reason = 'receivers_silent'"

    with receiver.jammed(threads=RECEIVER_THREADS):
        opened = wait_until(
            lambda: rows_of(database, silent) == [{"gaps": 1}], seconds=60
        )
        alive = get(receiver.port, "/healthz")

    assert opened
    assert (alive.status_code, alive.text) == (200, "alive\n")


def test_pages_and_the_api_say_what_to_do_and_health_is_still_told(
    web: Jammable,
) -> None:
    with web.jammed(threads=WEB_THREADS):
        page = get(web.port, "/console/")
        problem = get(web.port, "/api/v1/corps")
        alive = get(web.port, "/healthz")

    assert (page.status_code, problem.status_code) == (503, 503)
    assert "再试一次" in page.content.decode()
    assert "try again" in page.text
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert problem.json()["status"] == 503
    assert {page.headers["Retry-After"], problem.headers["Retry-After"]} == {"5"}
    assert alive.text == "alive\n"


def test_who_was_jammed_goes_on_and_so_does_the_connection(web: Jammable) -> None:
    with web.jammed(threads=WEB_THREADS) as clients:
        busy = requests.Session()
        address = f"http://{LOOPBACK}:{web.port}/healthz"
        first = busy.get(address, timeout=60)

    second = busy.get(address, timeout=60)

    assert [first.status_code, second.status_code] == [200, 200]
    assert all(each.fileno() == -1 for each in clients)


def test_stopping_answers_what_was_read_whole(patient: Jammable, database: str) -> None:
    with patient.jammed(threads=RECEIVER_THREADS):
        read = [ask(patient.port, callback(number)) for number in range(20)]
        half = ask(patient.port, callback(99)[:-1])
        # All were read when somebody who came later is answered.
        assert get(patient.port, "/healthz").ok
        patient.process.send_signal(signal.SIGTERM)
        # Whoever stands before a closed door comes again, to another process.
        assert wait_until(lambda: _is_closed(patient.port), seconds=60)

    assert {answer(each)[-7:] for each in read} == {b"success"}
    assert answer(half) == b""
    assert len(rows_of(database, "SELECT event_id FROM inbox")) == len(read)


def test_stopping_under_load_loses_nothing_that_was_acknowledged(
    receiver: Jammable, database: str
) -> None:
    acknowledged = asked = 0
    while asked < 10_000:
        if asked == 30:
            receiver.process.send_signal(signal.SIGTERM)
        try:
            told = send(
                receiver.port, callback(asked).replace(b"Host", CLOSE + b"Host")
            )
        except ConnectionRefusedError:
            break
        asked += 1
        # Cut off before an answer: WeCom sends it again.
        assert told == b"" or told.endswith(b"success"), told
        acknowledged += told != b""

    assert 30 <= acknowledged <= len(rows_of(database, "SELECT event_id FROM inbox"))
    assert asked < 10_000


CLOSE = b"Connection: close\r\n"


def _is_closed(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return True
    return False
