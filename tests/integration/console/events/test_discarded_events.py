"""What cannot be mended is given up by a person: it stays, and troubles nobody."""

from collections.abc import Iterator

import pytest

from tests.support.console.asking import answers, tell_worker
from tests.support.console.desk import Desk, figures_in, marks_in, open_desk
from tests.support.webclient import add_corp, add_event


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        tell_worker(desk.web.app.extensions["sync-services"].redis, "alive-1")
        add_corp(desk.rows, "wwcorp", last_synced_at="2999-01-01T00:00:00Z")
        yield desk


def test_what_is_given_up_stays_with_its_error_and_troubles_nobody(desk: Desk) -> None:
    event_id = add_event(desk.rows, "corp:wwcorp", "failed", error="KeyError")
    assert marks_in(desk.page("/console/"), "standing") == ["not_in_step"]

    done = desk.post(f"/console/events/{event_id}/discard", reason="of a test corp")

    assert done.status_code == 303
    page = desk.page("/console/")
    assert marks_in(page, "standing") == ["in_step"]
    figures = figures_in(page)
    assert (figures["received"], figures["ignored"], figures["failed"]) == (
        "1",
        "1",
        "0",
    )
    answers(
        desk,
        f"/console/events/{event_id}",
        en=r"ignored.*given up by an operator",
        zh=r"已由运维放弃",
    )
    kept = desk.rows.execute("SELECT state, outcome, error FROM inbox").fetchall()
    assert kept == [("ignored", "discarded", "KeyError")]


def test_whoever_changes_their_mind_retries_it(desk: Desk) -> None:
    event_id = add_event(desk.rows, "corp:wwcorp", "failed", error="KeyError")
    desk.post(f"/console/events/{event_id}/discard", reason="x")
    assert "retry" in marks_in(desk.page(f"/console/events/{event_id}"), "action")

    again = desk.post(f"/console/events/{event_id}/retry", reason="mended")

    assert again.status_code == 303
    kept = desk.rows.execute("SELECT state, outcome, error FROM inbox").fetchall()
    assert kept == [("pending", None, None)]


@pytest.mark.parametrize("state", ["pending", "parked", "done", "ignored", "folded"])
def test_only_what_failed_can_be_given_up(desk: Desk, state: str) -> None:
    event_id = add_event(desk.rows, "corp:wwcorp", state)

    answer = desk.post(f"/console/events/{event_id}/discard", reason="x")

    assert answer.status_code == 409
    assert "discard" not in marks_in(desk.page(f"/console/events/{event_id}"), "action")


def test_nothing_is_given_up_without_a_reason(desk: Desk) -> None:
    event_id = add_event(desk.rows, "corp:wwcorp", "failed")

    answer = desk.post(f"/console/events/{event_id}/discard")

    assert answer.status_code == 400
    assert desk.rows.execute("SELECT state FROM inbox").fetchone() == ("failed",)
