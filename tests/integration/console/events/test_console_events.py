"""Events: one search line, failures by what they say, stories, retries in batches."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from store.database import transaction
from store.events import retries
from store.summaries.mail import event_search
from tests.support.console.desk import Desk, figures_in, marks_in, open_desk, words_in
from tests.support.webclient import (
    add_corp,
    add_event,
    add_line,
    add_member,
    add_run,
    insert,
)

NOW = datetime.now(UTC)


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        yield desk


def listed(page: str) -> list[int]:
    return [int(each) for each in marks_in(page, "event")]


def search(desk: Desk, line: str) -> list[int]:
    answer = desk.web.client.get("/console/events", query_string={"q": line})
    assert answer.status_code == 200, answer.text
    return listed(answer.text)


def test_each_qualifier_finds_just_what_it_says(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp")
    zhang = add_event(desk.rows, "corp:wwcorp", "done", change="update_user")
    li = add_event(desk.rows, "corp:wwother", "done", key="member:li", change="x")
    failed = add_event(
        desk.rows,
        "corp:wwcorp",
        "failed",
        kind="change_auth",
        key="corp",
        error="user/get: errcode 60011, no privilege",
    )
    old = add_event(
        desk.rows,
        "corp:wwcorp",
        "ignored",
        key="tag:1",
        received_at=NOW - timedelta(hours=5),
    )

    assert search(desk, "corp:wwcorp") == [old, failed, zhang]
    assert search(desk, "person:li") == [li]
    assert search(desk, "key:tag:1") == [old]
    assert search(desk, "kind:update_user") == [zhang]
    assert search(desk, "kind:change_auth") == [failed]
    assert search(desk, "state:ignored") == [old]
    assert search(desk, 'error:"ERRCODE 60011"') == [failed]
    assert search(desk, "since:1h corp:wwcorp") == [failed, zhang]
    assert search(desk, "until:1h") == [old]
    assert search(desk, "corp:wwcorp person:zhang state:done") == [zhang]


@pytest.mark.parametrize("line", ["state:nonsense", "since:yesterday", "day:31"])
def test_what_cannot_be_meant_is_refused(desk: Desk, line: str) -> None:
    answer = desk.web.client.get("/console/events", query_string={"q": line})

    assert answer.status_code == 400


@pytest.mark.parametrize("line", ["%", "'", '"open', "\\", "corp:' OR 1=1 --", "🙂"])
def test_odd_lines_find_nothing_and_break_nothing(desk: Desk, line: str) -> None:
    add_event(desk.rows, "corp:wwcorp", "done")

    answer = desk.web.client.get("/console/events", query_string={"q": line})

    assert answer.status_code == 200


def test_events_of_one_moment_are_all_on_some_page_and_none_twice(desk: Desk) -> None:
    wanted = [
        add_event(desk.rows, "corp:wwcorp", "done", received_at=NOW) for _ in range(120)
    ]
    seen: list[int] = []
    path: str | None = "/console/events?q=corp:wwcorp"

    while path:
        page = desk.page(path)
        seen += listed(page)
        add_event(desk.rows, "corp:wwcorp", "done", received_at=NOW)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = found[1].replace("&amp;", "&") if found else None

    assert seen == wanted[::-1]


def test_a_rare_event_is_looked_for_piece_by_piece_and_the_page_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_search, "WINDOW", 30)
    rare = add_event(desk.rows, "corp:wwcorp", "done", key="member:rare")
    for _ in range(70):
        add_event(desk.rows, "corp:wwcorp", "done")

    seen: list[int] = []
    path, pages = "/console/events?q=person:rare", 0
    while path and not seen:
        page = desk.page(path)
        seen, pages = listed(page), pages + 1
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = found[1].replace("&amp;", "&") if found else ""

    assert (seen, pages) == ([rare], 3)


def test_failures_are_grouped_by_what_they_say_whatever_corp_it_was(
    desk: Desk,
) -> None:
    for corp in ("ww1", "ww2", "ww3"):
        add_event(
            desk.rows,
            f"corp:{corp}",
            "failed",
            error=f"user/get: {corp}: errcode 60011, no privilege",
        )
    add_event(desk.rows, "corp:ww1", "failed", error="TypeError")

    page = desk.page("/console/events")
    link = re.findall(r'href="(/console/events\?q=state:failed[^"]+)"', page)
    links = [each for each in link if "60011" in each]

    assert "user/get: …: errcode 60011, no privilege" in words_in(page)
    assert re.search(r"no privilege</code></a>.*?>3<.*?>3<", page, re.DOTALL)
    assert len(listed(desk.page(links[0].replace("&amp;", "&")))) == 3


def test_an_event_tells_its_story(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp")
    member_pk = add_member(desk.rows, corp_pk, "zhang", name="Zhang")
    asked = NOW - timedelta(seconds=20)
    moments = {
        "sent_at": asked - timedelta(seconds=2),
        "received_at": asked - timedelta(seconds=1),
        "asked_at": asked,
        "done_at": asked + timedelta(seconds=1),
    }
    for _ in range(4):
        add_event(desk.rows, "corp:wwcorp", "folded", **moments)
    event_id = add_event(desk.rows, "corp:wwcorp", "done", times_seen=3, **moments)
    add_line(
        desk.rows,
        corp_pk,
        decision="MoveMember",
        before={"departments": [1]},
        after={"departments": [2]},
        at=asked + timedelta(milliseconds=500),
    )
    insert(
        desk.rows,
        "notices",
        corp_pk=corp_pk,
        member_pk=member_pk,
        company_id="company-wwcorp-linked",
        kind="link",
        round=1,
        origin="sync",
        queued_at=asked + timedelta(milliseconds=600),
    )

    story = words_in(desk.page(f"/console/events/{event_id}"))

    steps = [
        "WeCom says it happened",
        "Received, verified",
        "Received 2 times more",
        "Folded with 4 others",
        "WeCom was asked",
        "Zhang moved from department 1 to department 2",
        "Done",
    ]
    places = [story.index(step) for step in steps]
    assert places == sorted(places)
    assert "link" in story.partition("moved from")[2]


def test_a_failed_event_shows_its_error_and_is_retried_with_who_and_why(
    desk: Desk,
) -> None:
    event_id = add_event(
        desk.rows, "corp:wwcorp", "failed", error="TypeError", attempts=5
    )
    before = desk.page(f"/console/events/{event_id}")

    answer = desk.post(f"/console/events/{event_id}/retry", reason="mended")

    assert "Failed after 5 attempts:" in words_in(before)
    assert "retry" in marks_in(before, "action")
    assert answer.status_code == 303
    state = desk.rows.execute("SELECT state, attempts FROM inbox").fetchone()
    assert state == ("pending", 0)
    kept = desk.rows.execute("SELECT act, target, reason FROM audit").fetchone()
    assert kept == ("retry", f"event:{event_id}", "mended")


def test_only_what_failed_or_was_parked_can_be_retried(desk: Desk) -> None:
    event_id = add_event(desk.rows, "corp:wwcorp", "done")

    answer = desk.post(f"/console/events/{event_id}/retry")

    assert answer.status_code == 409
    assert "retry" not in marks_in(desk.page(f"/console/events/{event_id}"), "action")


@pytest.mark.parametrize("event_id", ["0", "99", "x", "9" * 30, "-1", "1.5"])
def test_an_unknown_event_is_not_found(desk: Desk, event_id: str) -> None:
    assert desk.get(f"/console/events/{event_id}").status_code == 404


def prepare(desk: Desk, line: str) -> str:
    """The address of a dry run."""
    answer = desk.post("/console/events/retry-matching", q=line)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].partition("?")[0]


def work(desk: Desk, *, seconds: float = 2.0) -> list[str]:
    desk.rows.execute("UPDATE retry_batches SET starts_at = now() - interval '1 s'")
    services = desk.web.app.extensions["sync-services"]
    with transaction(services.pool) as connection:
        return retries.work(connection, seconds=seconds)


def states(desk: Desk) -> list[str]:
    found = desk.rows.execute("SELECT state FROM inbox ORDER BY event_id").fetchall()
    return [state for (state,) in found]


def test_a_dry_run_gives_the_exact_count_and_changes_nothing(desk: Desk) -> None:
    for number in range(7):
        add_event(
            desk.rows,
            f"corp:ww{number % 2}",
            "failed",
            key=f"member:{number % 3}",
            error="TypeError",
        )
    add_event(desk.rows, "corp:ww0", "failed", error="KeyError")
    add_event(desk.rows, "corp:ww0", "done", error="TypeError")

    page = desk.page(prepare(desk, "error:TypeError"))

    assert figures_in(page) == {"matching": "7", "done": "0"}
    assert "A dry run: 7 events would be retried" in words_in(page)
    assert states(desk).count("failed") == 8
    assert {"start", "stop"} <= set(marks_in(page, "action"))


def test_a_batch_retries_each_once_in_order_at_its_pace(desk: Desk) -> None:
    for _ in range(50):
        add_event(desk.rows, "corp:wwcorp", "failed", error="TypeError")
    address = prepare(desk, "state:failed")
    desk.post(f"{address}/start", reason="mended")

    rung = work(desk, seconds=2.0)
    first = states(desk)
    # What fails again meanwhile is not taken again, and holds up nothing.
    desk.rows.execute("UPDATE inbox SET state = 'failed' WHERE state = 'pending'")
    for _ in range(3):
        work(desk, seconds=2.0)

    assert rung == ["corp:wwcorp"]
    assert first == ["pending"] * 20 + ["failed"] * 30
    assert states(desk) == ["failed"] * 20 + ["pending"] * 30
    page = desk.page(address)
    assert figures_in(page) == {"matching": "50", "done": "50"}
    assert marks_in(page, "state") == ["done"]


def test_what_fails_after_the_count_is_no_part_of_the_batch(desk: Desk) -> None:
    add_event(desk.rows, "corp:wwcorp", "failed", error="TypeError")
    address = prepare(desk, "state:failed")
    add_event(desk.rows, "corp:wwcorp", "failed", error="TypeError")
    desk.post(f"{address}/start", reason="mended")

    work(desk)

    assert states(desk) == ["pending", "failed"]


def test_a_started_batch_waits_ten_seconds_and_can_be_stopped(desk: Desk) -> None:
    add_event(desk.rows, "corp:wwcorp", "failed")
    address = prepare(desk, "state:failed")
    desk.post(f"{address}/start", reason="mended")
    services = desk.web.app.extensions["sync-services"]

    with transaction(services.pool) as connection:
        at_once = retries.work(connection, seconds=2.0)
    held = words_in(desk.page(address))
    desk.post(f"{address}/stop")
    work(desk)

    assert at_once == []
    assert "it can still be stopped" in held
    assert states(desk) == ["failed"]
    assert marks_in(desk.page(address), "state") == ["stopped"]


@pytest.mark.parametrize("reason", ["", "   "])
def test_nothing_starts_without_a_reason(desk: Desk, reason: str) -> None:
    add_event(desk.rows, "corp:wwcorp", "failed")
    address = prepare(desk, "state:failed")

    answer = desk.post(f"{address}/start", reason=reason)

    assert answer.status_code == 400
    assert marks_in(desk.page(address), "state") == ["ready"]


def test_a_batch_starts_once(desk: Desk) -> None:
    add_event(desk.rows, "corp:wwcorp", "failed")
    address = prepare(desk, "state:failed")

    first = desk.post(f"{address}/start", reason="mended")
    second = desk.post(f"{address}/start", reason="mended")

    assert (first.status_code, second.status_code) == (303, 409)


def test_any_id_leads_to_its_page_from_one_box(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", name="Acme")
    event_id = add_event(desk.rows, "corp:wwcorp", "done")
    add_run(desk.rows, corp_pk, "run-1")
    add_member(desk.rows, corp_pk, "zhang")
    insert(
        desk.rows, "plans", corp_pk=corp_pk, plan_id="plan-1", kind="members", hash="h"
    )

    def leads(line: str) -> str | None:
        answer = desk.web.client.get("/console/search", query_string={"q": line})
        return answer.headers.get("Location")

    assert leads(str(event_id)) == f"/console/events/{event_id}"
    assert leads("wwcorp") == "/console/corps/wwcorp"
    assert leads("acme") == "/console/corps/wwcorp"
    assert leads("run-1") == "/console/runs/run-1"
    assert leads("plan-1") == "/console/plans/plan-1"
    assert leads("zhang") == "/console/corps/wwcorp/people/zhang"
    assert leads("zha") == "/console/corps/wwcorp/people/zhang"
    assert leads("state:failed") == "/console/events?q=state:failed"


def test_a_userid_of_two_corps_leads_to_a_choice(desk: Desk) -> None:
    for corp in ("ww1", "ww2"):
        add_member(desk.rows, add_corp(desk.rows, corp), "zhang")

    page = desk.page("/console/search?q=zhang")

    assert "/console/corps/ww1/people/zhang" in page
    assert "/console/corps/ww2/people/zhang" in page


def test_what_is_not_there_is_said_with_a_way_on(desk: Desk) -> None:
    page = words_in(desk.page("/console/search?q=nowhere"))

    assert "Nothing is called “nowhere”" in page
    assert "Qualifiers search events" in page


def test_the_box_completes_qualifiers_and_their_values(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", name="Acme")
    add_member(desk.rows, corp_pk, "zhang")
    add_event(desk.rows, "corp:wwcorp", "done", change="update_user")

    def words(line: str) -> list[str]:
        answer = desk.web.client.get("/console/search/words", query_string={"q": line})
        return list(answer.get_json()["words"])

    assert words("st") == ["state:"]
    assert words("state:f") == ["state:folded", "state:failed"]
    assert words("state:failed corp:ww") == ["state:failed corp:wwcorp"]
    assert words("person:zh") == ["person:zhang"]
    assert words("kind:up") == ["kind:update_user"]
