"""Events with their retry, and the ledger that balances."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.webclient import Web, add_corp, add_event, insert, open_web


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        yield web


def test_an_event_is_answered_with_every_field(web: Web) -> None:
    received = datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=UTC)
    event_id = add_event(
        web.rows,
        "corp:wwcorp",
        "done",
        change="update_user",
        times_seen=2,
        received_at=received,
        done_at=received + timedelta(seconds=1),
        attempts=1,
        outcome="applied",
    )

    (event,) = web.get("/events")["items"]

    assert event == {
        "id": str(event_id),
        "mailbox": "corp:wwcorp",
        "kind": "change_contact",
        "change": "update_user",
        "key": "member:zhang",
        "state": "done",
        "times_seen": 2,
        "received_at": "2026-01-02T03:04:05.000060Z",
        "done_at": "2026-01-02T03:04:06.000060Z",
        "attempts": 1,
        "outcome": "applied",
        "error": None,
        "waits": None,
    }


def test_events_are_filtered_by_corp_mailbox_and_state(web: Web) -> None:
    add_event(web.rows, "corp:wwa", "pending")
    add_event(web.rows, "corp:wwa", "failed")
    add_event(web.rows, "corp:wwb", "failed")
    add_event(web.rows, "suite", "done")

    def mailboxes(**query: str) -> list[str]:
        return [row["mailbox"] for row in web.get("/events", **query)["items"]]

    assert mailboxes(corp_id="wwa") == ["corp:wwa", "corp:wwa"]
    assert mailboxes(corp_id="wwa", state="failed") == ["corp:wwa"]
    assert mailboxes(mailbox="suite") == ["suite"]
    assert mailboxes(corp_id="wwa", mailbox="corp:wwb") == []
    assert mailboxes(corp_id="nobody") == []


def test_a_page_of_events_goes_on_where_it_ended(web: Web) -> None:
    ids = [str(add_event(web.rows, "suite", "done")) for _ in range(5)]

    first = web.get("/events", limit=3)
    add_event(web.rows, "suite", "done")
    rest = web.get("/events", limit=3, cursor=first["next"])

    assert [row["id"] for row in first["items"]] == ids[:1:-1]
    assert [row["id"] for row in rest["items"]] == ids[1::-1]
    assert rest["next"] is None


@pytest.mark.parametrize("state", ["failed", "parked"])
def test_what_failed_or_was_parked_can_be_retried(web: Web, state: str) -> None:
    event_id = add_event(web.rows, "corp:wwcorp", state, error="errcode 1", attempts=5)

    answer = web.post(f"/events/{event_id}/retry")

    assert answer.status_code == 202
    event = answer.get_json()
    assert (event["state"], event["attempts"], event["error"]) == ("pending", 0, None)


@pytest.mark.parametrize("state", ["pending", "done", "folded", "ignored"])
def test_nothing_else_can_be_retried(web: Web, state: str) -> None:
    event_id = add_event(web.rows, "corp:wwcorp", state)

    answer = web.post(f"/events/{event_id}/retry")

    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("event_id", ["0", "x", "-1", "9" * 30])
def test_an_unknown_event_is_not_found(web: Web, event_id: str) -> None:
    assert web.post(f"/events/{event_id}/retry").status_code == 404


def test_the_ledger_of_a_corp_balances(web: Web) -> None:
    add_corp(web.rows, "wwcorp")
    for state in ("done", "folded", "ignored", "pending", "parked", "failed"):
        add_event(web.rows, "corp:wwcorp", state)
    add_event(web.rows, "corp:wwcorp", "done", times_seen=4)
    add_event(web.rows, "corp:other", "done")

    [[today]] = web.rows.execute("SELECT max(received_at)::date FROM inbox")
    ledger = web.get("/corps/wwcorp/ledger")

    assert ledger == {
        "day": today.isoformat(),
        "received": 10,
        "applied": 2,
        "folded": 1,
        "duplicate": 3,
        "ignored": 1,
        "pending": 1,
        "parked": 1,
        "failed": 1,
    }


def test_pruned_rows_stay_in_the_ledger_of_their_day(web: Web) -> None:
    add_corp(web.rows, "wwcorp")
    day = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    add_event(web.rows, "corp:wwcorp", "done", received_at=day)
    add_event(web.rows, "corp:wwcorp", "done", received_at=day + timedelta(seconds=1))
    insert(
        web.rows,
        "ledger_days",
        mailbox="corp:wwcorp",
        day=day.date(),
        received=5,
        applied=3,
        duplicate=2,
    )

    ledger = web.get("/corps/wwcorp/ledger", day="2026-03-01")

    assert (ledger["received"], ledger["applied"], ledger["duplicate"]) == (6, 4, 2)


def test_the_ledger_of_all_counts_every_mailbox(web: Web) -> None:
    for mailbox in ("corp:wwa", "corp:wwb", "suite", "code:abc"):
        add_event(web.rows, mailbox, "done")

    assert web.get("/ledger")["applied"] == 4


def test_a_day_that_is_none_is_refused(web: Web) -> None:
    assert web.status("/ledger", day="2026-02-30") == 400
