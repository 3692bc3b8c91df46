"""The receiver as the Procfile runs it: two processes that count as one."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from demo.machine.ports import LOOPBACK
from tests.support.processes.fronts import running_receiver
from tests.support.receiving import Draft, contact


@pytest.fixture
def address(database: str, redis_url: str, tmp_path: Path) -> Iterator[str]:
    log = tmp_path / "receiver.log"
    with running_receiver(database=database, redis_url=redis_url, log=log) as port:
        yield f"http://{LOOPBACK}:{port}"


def _post(address: str, draft: Draft) -> requests.Response:
    # A new connection each time, so that both processes get their share.
    return requests.post(
        f"{address}{draft.path}?{draft.query()}",
        data=draft.envelope(),
        headers={"Connection": "close"},
        timeout=10,
    )


def test_any_process_tells_the_counts_of_all(address: str) -> None:
    now = str(int(time.time()))
    answers = [
        _post(address, Draft(message=contact("delete_party", Id=n), timestamp=now))
        for n in range(20)
    ]
    refused = [_post(address, Draft(timestamp=now, token="x")) for _ in range(4)]

    pages = [requests.get(f"{address}/metrics", timeout=10).text for _ in range(8)]

    kept = 'receiver_callbacks_total{kind="change_contact",outcome="fresh"} 20.0'
    not_kept = 'receiver_refusals_total{reason="signature"} 4.0'
    assert {answer.content for answer in answers} == {b"success"}
    assert {answer.status_code for answer in refused} == {403}
    assert all(kept in page and not_kept in page for page in pages)
    assert all("inbox_depth 20.0" in page for page in pages)
    assert all("spill_depth 0.0" in page for page in pages)


def test_a_body_in_chunks_is_measured_as_it_is_read(address: str) -> None:
    now = str(int(time.time()))
    draft = Draft(message=contact("delete_party", Id=1), timestamp=now)
    url = f"{address}/wecom/command?{draft.query()}"

    taken = requests.post(url, data=iter([draft.envelope()]), timeout=10)
    too_long = requests.post(url, data=iter([b" " * 40_000] * 2), timeout=10)

    assert (taken.status_code, taken.content) == (200, b"success")
    assert (too_long.status_code, too_long.content) == (413, b"")


def test_over_the_wire_too_only_get_and_post_are_methods(address: str) -> None:
    methods = ("HEAD", "OPTIONS", "PUT", "TRACE", "BREW")

    answers = [
        requests.request(method, f"{address}/wecom/data", timeout=10)
        for method in methods
    ]

    assert [(a.status_code, a.content) for a in answers] == [(405, b"")] * len(methods)
