"""An event tells which calls were made for it, when, and what came of each."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from simulator.admin import admin_members
from simulator.faults import Kind
from simulator.org.directory import ROOT
from store.database import transaction
from store.inbox import settlement
from store.retention import purge_pages
from store.retention.pseudonyms import Pseudonyms
from store.summaries.mail.tries import Try, list_tries
from tests.support.console.desk import Desk, open_desk, words_in
from tests.support.notices.outbox import Post, read_office
from tests.support.webclient import BEARER, add_corp, add_event
from tests.support.workbench import Workbench
from tracing import call_log
from workers.inbox.drain import drain

RATE_LIMITED = 45009
ASKED = datetime.fromisoformat("2026-03-01T10:00:00.123456+00:00")


@pytest.fixture
def office(simulated: Workbench) -> Post:
    return read_office(simulated)


def people(office: Post) -> list[str]:
    return sorted(office.enterprise.now.members)


def moved(office: Post, *userids: str) -> list[int]:
    """Each of these is elsewhere, and WeCom has said so; their events, in order."""
    for who in userids:
        here = office.enterprise.now.members[who].departments
        places = [2] if here != (2,) else [ROOT]
        admin_members.move(
            office.bench.world, office.enterprise, who, departments=places
        )
    (box,) = office.bench.deliver()
    rows = office.bench.rows(
        "SELECT event_id FROM inbox WHERE mailbox = %s AND state = 'pending'"
        " ORDER BY event_id",
        box,
    )
    return [row["event_id"] for row in rows]


def drained(office: Post) -> None:
    drain(office.bench.runtime, f"corp:{office.enterprise.corp_id}")


def tries(office: Post, event_id: int) -> list[Try]:
    with transaction(office.bench.runtime.pool) as connection:
        return list_tries(connection, event_id)


def kept(office: Post) -> str:
    """All that the corp's mail keeps of what was asked, as text."""
    row = office.bench.row(
        "SELECT coalesce(string_agg(asked::text, ''), '') AS t FROM inbox"
        " WHERE mailbox NOT LIKE 'code:%'"
    )
    return str(row["t"])


def test_one_event_keeps_its_question_with_what_came_and_how_long_it_took(
    office: Post,
) -> None:
    drained(office)
    who = people(office)[0]
    (event,) = moved(office, who)

    drained(office)

    (tried,) = tries(office, event)
    asked = office.bench.row("SELECT asked_at FROM inbox WHERE event_id = %s", event)
    call = tried.calls[-1]
    assert (call.endpoint, call.outcome, call.about) == ("user/get", "0", "member")
    assert (call.is_own, call.event_id, call.answers) == (True, event, 1)
    assert (tried.at, tried.error, tried.more) == (asked["asked_at"], None, 0)
    assert call.at >= tried.at
    assert call.milliseconds >= 0


def test_a_batch_tells_its_calls_to_each_of_its_events_and_whose_each_was(
    office: Post,
) -> None:
    first, second, *_ = people(office)
    one, other = moved(office, first, second)

    drained(office)

    own = [
        [call.is_own for call in each.calls if call.endpoint == "user/get"]
        for event in (one, other)
        for each in tries(office, event)
    ]
    assert tries(office, one)[-1].at == tries(office, other)[-1].at
    assert [sorted(each) for each in own] == [[False, True], [False, True]]


def test_a_list_says_how_many_it_answered_for(simulated: Workbench) -> None:
    office = read_office(simulated, members=20)
    events = moved(office, *people(office))

    drained(office)

    lists = [
        call
        for call in tries(office, events[-1])[-1].calls
        if call.endpoint == "user/list"
    ]
    assert lists
    assert all(each.about.startswith("department:") for each in lists)
    assert sum(each.answers or 0 for each in lists) >= 3


def test_tries_in_vain_are_kept_in_order_before_the_one_that_settled_it(
    office: Post,
) -> None:
    drained(office)
    (event,) = moved(office, people(office)[0])
    office.bench.misbehave(
        Kind.ERRCODE, match="user/get", errcode=RATE_LIMITED, count=1
    )

    drained(office)
    drained_early = tries(office, event)
    office.bench.rows("DELETE FROM pauses")
    office.bench.rows("UPDATE mailboxes SET not_before = NULL, waits_for = NULL")
    office.bench.rows("UPDATE inbox SET not_before = NULL")
    office.bench.runtime.known_pauses.forget(f"corp:{office.enterprise.corp_id}")
    drained(office)

    (failed,) = drained_early
    assert str(RATE_LIMITED) in (failed.error or "")
    assert failed.calls[-1].outcome == str(RATE_LIMITED)
    outcomes = [each.error is None for each in tries(office, event)]
    assert outcomes[0] is False
    assert outcomes[-1] is True


def test_so_is_a_call_that_a_limit_forbade(office: Post) -> None:
    drained(office)
    (event,) = moved(office, people(office)[0])
    office.bench.rows(
        "INSERT INTO pauses (owner, endpoint_class, reason, until, strikes)"
        " VALUES (%s, 'user', 'throttled', clock_timestamp() + interval '1 h', 1)",
        f"corp:{office.enterprise.corp_id}",
    )
    office.bench.runtime.known_pauses.forget(f"corp:{office.enterprise.corp_id}")

    drained(office)

    (tried,) = tries(office, event)
    assert [each.outcome for each in tried.calls] == [call_log.HELD_BACK]


def test_nothing_of_a_person_is_kept_with_the_calls(office: Post) -> None:
    moved(office, *people(office)[:2])

    drained(office)

    told = kept(office)
    assert "user/get" in told
    for who in people(office):
        member = office.enterprise.now.members[who]
        assert who not in told
        assert member.name not in told
        assert not member.mobile or member.mobile not in told
    assert "access_token" not in told


def test_no_event_keeps_more_than_its_last_tries_and_no_batch_all_its_calls(
    office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_log, "MOST_TOLD", 1)
    first, second, *_ = people(office)
    event, _ = moved(office, first, second)
    drained(office)
    (tried,) = tries(office, event)
    for _ in range(8):
        office.bench.rows(
            "UPDATE inbox SET state = 'pending' WHERE event_id = %s", event
        )
        drained(office)

    assert (len(tried.calls), tried.more) == (1, 1)
    assert len(tries(office, event)) == 6


def test_a_purge_takes_them_away(office: Post) -> None:
    moved(office, people(office)[0])
    drained(office)
    box = f"corp:{office.enterprise.corp_id}"

    with transaction(office.bench.runtime.pool) as connection:
        purge_pages.empty_mail(
            connection,
            box,
            names=Pseudonyms(key=b"k" * 32, corp_id=office.enterprise.corp_id),
            outcome="purged",
            after=0,
            upto=2**40,
        )

    assert kept(office) == ""


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        yield desk


def call(outcome: str, **others: Any) -> dict[str, Any]:
    return {
        "endpoint": "user/get", "outcome": outcome, "after_ms": 1500, "ms": 53,
        "about": "member", "event": None, "answers": 1, **others,
    }  # fmt: skip


def told(desk: Desk) -> int:
    """An event that was asked about twice: in vain, and with another's in a batch."""
    add_corp(desk.rows, "wwcorp")
    head = add_event(desk.rows, "corp:wwcorp", "done", key="member:li", asked_at=ASKED)
    event = add_event(desk.rows, "corp:wwcorp", "done", asked_at=ASKED)
    settled = [
        call("0", event=event), call("60111", event=head, answers=None),
        call("0", endpoint="user/list", about="department:7", answers=120),
        {"more": 3},
    ]  # fmt: skip
    vain = {
        "at": "2026-03-01T09:59:00+00:00",
        "error": "user/get: no answer in time",
        "calls": [call("none", answers=None)],
    }
    at = ASKED.isoformat()
    keep(desk, head, [{"at": at, "error": None, "calls": settled}])
    keep(desk, event, [vain, {"at": at, "with": head}])
    return event


def keep(desk: Desk, event_id: int, asked: list[dict[str, Any]]) -> None:
    desk.rows.execute(
        "UPDATE inbox SET asked = %s WHERE event_id = %s", [Jsonb(asked), event_id]
    )


def test_the_story_tells_them_in_order_with_their_times(desk: Desk) -> None:
    event = told(desk)

    story = words_in(desk.page(f"/console/events/{event}"))

    steps = [
        "Asked in vain; it is tried again: user/get: no answer in time",
        "about another person: no answer, 53 ms",
        "WeCom was asked how this person is now",
        "6 calls were made",
        "about this person: answered, 53 ms",
        "refused with errcode 60111, 53 ms",
        "about department 7: answered with 120 entries, 53 ms",
        "and 3 more",
        "Done",
    ]
    places = [story.index(step) for step in steps]
    assert places == sorted(places)


def test_the_api_tells_the_same(desk: Desk) -> None:
    event = told(desk)

    answer = desk.web.client.get(f"/api/v1/events/{event}", headers=BEARER).get_json()

    vain, settled = answer["tries"]
    assert vain["error"] == "user/get: no answer in time"
    assert [each["outcome"] for each in settled["calls"]] == ["0", "60111", "0"]
    assert settled["calls_more"] == 3
    assert settled["calls"][0]["event_id"] == str(event)
    assert answer["id"] == str(event)
    assert desk.web.client.get("/api/v1/events/9", headers=BEARER).status_code == 404


def test_settling_without_a_question_keeps_nothing(desk: Desk) -> None:
    event = add_event(desk.rows, "corp:wwcorp", "failed", error="TypeError")
    services = desk.web.app.extensions["sync-services"]

    with transaction(services.pool) as connection:
        settlement.retry(connection, event)

    assert desk.rows.execute("SELECT asked FROM inbox").fetchone() == (None,)
