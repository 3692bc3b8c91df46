"""A page can be followed: what it streams is what it shows, to whom it may show it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import pytest

from tests.support.console.desk import Desk, open_desk
from tests.support.webclient import add_corp, add_event
from web.console import stream

WANTED = {"Accept": "text/event-stream", "Accept-Language": "en"}


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        yield desk


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams that do not wait between two looks."""
    monkeypatch.setattr(stream, "_TICK_SECONDS", 0.0)
    monkeypatch.setattr(stream, "_LEAST_REST", 0.0)


@contextmanager
def following(desk: Desk, path: str, **headers: str) -> Iterator[Iterator[str]]:
    """The parts of a page's stream, as they come; left again at the end."""
    with desk.web.app.test_client(use_cookies=True) as client:
        client._cookies = desk.web.client._cookies
        answer = client.get(path, headers={**WANTED, **headers}, buffered=False)
        assert answer.mimetype == "text/event-stream"
        yield (
            part.decode() if isinstance(part, bytes) else part
            for part in answer.response
        )
        answer.close()


def first_event(parts: Iterator[str]) -> str:
    return next(part for part in parts if part.startswith("id:"))


def test_a_stream_begins_with_the_part_that_changes(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp", name="Acme")

    with following(desk, "/console/corps") as parts:
        part = first_event(parts)

    assert "Acme" in part
    assert "<html" not in part
    assert 'role="search"' not in part


def test_what_has_not_changed_is_not_sent_again(desk: Desk, at_once: None) -> None:
    add_corp(desk.rows, "wwcorp")
    with following(desk, "/console/corps/wwcorp") as parts:
        known = first_event(parts).partition("\n")[0].removeprefix("id: ")

    with following(desk, "/console/corps/wwcorp", **{"Last-Event-ID": known}) as again:
        quiet = list(islice(again, 6))
        add_event(desk.rows, "corp:wwcorp", "pending")
        told = first_event(again)

    assert [each for each in quiet if each.startswith("id:")] == []
    assert "1 event waiting" in told


def test_forms_keep_their_tokens_out_of_what_counts_as_a_change() -> None:
    one = stream._TOKEN.sub("", 'x name="csrf_token" value="abc" y')
    other = stream._TOKEN.sub("", 'x name="csrf_token" value="xyz" y')

    assert one == other


def test_streams_beyond_the_threads_say_one_thing_and_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def acquire(self, *, blocking: bool) -> bool:
            return False

    monkeypatch.setattr(stream, "_streams", Full())

    with following(desk, "/console/corps") as stream_parts:
        parts = list(stream_parts)

    assert parts[0].startswith("retry:")
    assert len([part for part in parts if part.startswith("id:")]) == 1


def test_a_stranger_cannot_follow_a_page(desk: Desk) -> None:
    stranger = desk.web.app.test_client()

    answer = stranger.get("/console/corps", headers=WANTED)

    assert answer.status_code == 303
