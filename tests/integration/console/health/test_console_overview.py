"""The first page says whether everything is in step, then what is not, worst first."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis as redis_client
from redis.backoff import NoBackoff
from redis.retry import Retry

from store.health.kinds import ProblemKind
from tests.support.console.desk import Desk, figures_in, marks_in, open_desk, words_in
from tests.support.webclient import add_corp, add_event, add_run, insert

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=3)


@pytest.fixture
def redis(redis_url: str) -> Iterator[redis_client.Redis]:
    with redis_client.Redis.from_url(redis_url) as redis:
        yield redis


@pytest.fixture
def desk(database: str, redis_url: str, redis: redis_client.Redis) -> Iterator[Desk]:
    """A console with nothing in it, and a worker on every queue."""
    tell_worker(redis, "alive-1", silent_seconds=0)
    with open_desk(database=database, redis_url=redis_url) as desk:
        yield desk


def tell_worker(
    redis: redis_client.Redis, name: str, *, silent_seconds: int, lived: int = 100
) -> None:
    seen = int(redis.time()[0]) - silent_seconds
    about = {
        "host": "here",
        "pid": 1,
        "queues": ["events", "notices", "resync"],
        "started_at": seen - lived,
        "threads": [["one", "drain corp:wwcorp", 2.0, 3]],
    }
    redis.hset("workers:known", name, f"{seen}:{json.dumps(about)}")


def hold_plan(desk: Desk, corp_pk: int, *, removals: int) -> None:
    insert(
        desk.rows, "plans", corp_pk=corp_pk, plan_id="plan-a", kind="members", hash="h"
    )
    for position in range(removals):
        insert(
            desk.rows,
            "plan_entries",
            plan_id="plan-a",
            position=position,
            corp_pk=corp_pk,
            key=f"member:wo{position}",
            decision="RemoveMember",
            before={},
            after={},
            reason="out_of_scope",
        )


def block(desk: Desk, corp_id: str, *, waits_for: str, error: str) -> None:
    insert(
        desk.rows,
        "mailboxes",
        mailbox=f"corp:{corp_id}",
        not_before=NOW + timedelta(hours=1),
        waits_for=waits_for,
        error=error,
    )


def sentence(page: str) -> str:
    found = re.search(r'id="standing"[^>]*>(.*?)</p>', page, re.DOTALL)
    assert found is not None
    return found[1]


def test_with_nothing_wrong_it_is_in_step_and_says_nothing_else(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp", last_synced_at=NOW, linked_at=NOW)

    page = desk.page("/console/")

    assert marks_in(page, "standing") == ["in_step"]
    assert sentence(page) == "In step: 1 linked corp, nothing waits."
    assert marks_in(page, "problem") == []


def test_a_corp_with_forty_held_removals_is_not_in_step(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", name="Acme", last_synced_at=NOW)
    hold_plan(desk, corp_pk, removals=40)

    page = desk.page("/console/")

    assert marks_in(page, "standing") == ["not_in_step"]
    assert sentence(page) == "Not in step: 1 plan waits for approval."
    assert "Acme: 40 removals of members wait for approval" in words_in(page)
    assert marks_in(page, "corp") == ["wwcorp"]
    assert 'href="/console/plans/plan-a"' in page


def test_a_limit_is_told_with_its_errcode_number_and_next_try(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp", name="Acme", last_synced_at=NOW)
    block(
        desk,
        "wwcorp",
        waits_for="throttle",
        error="user/get: wwcorp: errcode 45009, our own words",
    )
    for _ in range(5):
        add_event(desk.rows, "corp:wwcorp", "pending")

    page = words_in(desk.page("/console/"))

    assert re.search(
        r"Blocked: Acme: WeCom limit 45009, 5 waiting, next try [-0-9: ]{8,} ?\.", page
    )
    assert "Catching up" not in page


def test_problems_stand_worst_first_whatever_came_first(
    desk: Desk, redis: redis_client.Redis
) -> None:
    held = add_corp(desk.rows, "wwheld", last_synced_at=NOW)
    hold_plan(desk, held, removals=2)
    add_corp(desk.rows, "wwstale", last_synced_at=LONG_AGO)
    add_corp(desk.rows, "wwblocked", last_synced_at=NOW)
    block(desk, "wwblocked", waits_for="unavailable", error="user/get: no answer")
    add_event(desk.rows, "corp:wwblocked", "pending")
    add_corp(desk.rows, "wwfailed", last_synced_at=NOW)
    add_event(desk.rows, "corp:wwfailed", "failed", error="TypeError")
    add_corp(desk.rows, "wwstuck", last_synced_at=NOW)
    add_event(desk.rows, "corp:wwstuck", "pending", received_at=LONG_AGO)
    insert(desk.rows, "gaps", reason="refused")
    late = NOW - timedelta(minutes=40)
    insert(
        desk.rows,
        "suite_tickets",
        suite_id="wwsuite",
        ticket=b"",
        sent_at=late,
        received_at=late,
    )
    insert(
        desk.rows,
        "ledger_days",
        mailbox="corp:wwheld",
        day=(NOW - timedelta(days=1)).date(),
        received=3,
        applied=2,
    )
    redis.delete("workers:known")
    ends = NOW.timestamp() + 3_600
    told = json.dumps([NOW.timestamp(), 3, "OSError", ends])
    redis.hset("upkeep:failing", "spill", told)

    page = desk.page("/console/")

    kinds = list(dict.fromkeys(marks_in(page, "problem")))
    assert kinds == [kind.value for kind in ProblemKind]
    assert len(sentence(page)) <= 160
    assert len(sentence(desk.page("/console/", language="zh-CN"))) <= 160


def test_a_gap_that_is_over_is_no_problem_any_more(desk: Desk) -> None:
    insert(desk.rows, "gaps", reason="refused", closed_at=NOW)

    assert marks_in(desk.page("/console/"), "standing") == ["in_step"]


@pytest.mark.parametrize(
    ("silent", "successor", "is_told"),
    [(5, False, False), (30, False, True), (300, False, True), (300, True, False)],
)
def test_a_dead_worker_is_told_until_another_has_started_in_its_place(
    desk: Desk,
    redis: redis_client.Redis,
    silent: int,
    successor: bool,
    is_told: bool,
) -> None:
    redis.delete("workers:known")
    tell_worker(redis, "old-1", silent_seconds=0, lived=10_000)
    tell_worker(redis, "dead-1", silent_seconds=silent)
    if successor:
        tell_worker(redis, "new-1", silent_seconds=0, lived=100)

    page = desk.page("/console/")

    assert ("worker_dead" in marks_in(page, "problem")) is is_told


def test_mail_that_waits_for_a_limit_is_blocked_and_not_too_old(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    block(desk, "wwcorp", waits_for="throttle", error="errcode 45009")
    add_event(desk.rows, "corp:wwcorp", "pending", received_at=LONG_AGO)

    kinds = marks_in(desk.page("/console/"), "problem")

    assert kinds == ["corp_blocked"]


def test_a_burst_that_calms_down_is_no_problem(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    block(desk, "wwcorp", waits_for="calm", error="")
    add_event(desk.rows, "corp:wwcorp", "pending")

    page = desk.page("/console/")

    assert marks_in(page, "standing") == ["in_step"]
    assert "1 event is under way" in sentence(page)


def test_a_failed_read_is_told_until_a_later_one_has_ended_well(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    add_run(
        desk.rows, corp_pk, "run-1", state="failed", error="-1", created_at=LONG_AGO
    )

    failed = desk.page("/console/")
    add_run(desk.rows, corp_pk, "run-2", state="done")
    mended = desk.page("/console/")

    assert marks_in(failed, "problem") == ["failures"]
    assert marks_in(mended, "problem") == []


def test_another_corps_problem_does_not_stand_on_a_corps_page(desk: Desk) -> None:
    held = add_corp(desk.rows, "wwheld", last_synced_at=NOW)
    hold_plan(desk, held, removals=2)
    add_corp(desk.rows, "wwcalm", last_synced_at=NOW)
    add_event(desk.rows, "corp:wwother", "failed", error="TypeError")

    assert marks_in(desk.page("/console/corps/wwcalm"), "problem") == []
    assert marks_in(desk.page("/console/corps/wwheld"), "problem") == ["plan_held"]


def test_the_ledger_of_the_page_is_that_of_the_api(desk: Desk) -> None:
    for state in ("done", "folded", "ignored", "pending", "parked", "failed"):
        add_event(desk.rows, "corp:wwcorp", state, times_seen=2)

    figures = figures_in(desk.page("/console/"))
    api = desk.web.get("/ledger", day=datetime.now(UTC).date().isoformat())

    words = ["received", "applied", "folded", "duplicate"]
    words += ["ignored", "pending", "parked", "failed"]
    assert {word: int(figures[word]) for word in words} == {
        word: api[word] for word in words
    }
    assert figures["received"] == "12"


def test_what_went_through_the_spill_within_a_day_is_told(desk: Desk) -> None:
    insert(desk.rows, "spilled", hour=NOW - timedelta(hours=2), events=41)
    insert(desk.rows, "spilled", hour=LONG_AGO, events=999)

    assert figures_in(desk.page("/console/"))["spilled"] == "41"


def test_without_redis_the_page_is_there_and_says_so(
    database: str, redis_url: str
) -> None:
    with open_desk(database=database, redis_url=redis_url) as desk:
        extensions = desk.web.app.extensions
        wired = extensions["sync-services"]
        with redis_client.Redis(port=1, retry=Retry(NoBackoff(), 0)) as nobody:
            extensions["sync-services"] = replace(wired, redis=nobody)
            page = words_in(desk.page("/console/"))
        extensions["sync-services"] = wired

    assert "Redis does not answer" in page
    assert "Not in step" in page


def test_no_length_of_time_is_ever_less_than_nothing(desk: Desk) -> None:
    later = datetime.now(UTC) + timedelta(minutes=7)
    add_corp(desk.rows, "wwcorp", last_synced_at=later)
    add_event(desk.rows, "corp:wwcorp", "pending", received_at=later)

    for path in ("/console/", "/console/corps", "/console/corps/wwcorp"):
        assert not re.search(r">\s*-[0-9]", desk.page(path))


def test_on_the_worst_of_nights_the_page_is_light_and_says_what_else_there_is(
    desk: Desk,
) -> None:
    for number in range(30):
        corp_id = f"wwcorp{number:03}"
        add_corp(desk.rows, corp_id, name="An enterprise with a long name of its own")
        add_event(desk.rows, f"corp:{corp_id}", "failed", error="errcode 60011 " * 20)
        add_event(desk.rows, f"corp:{corp_id}", "pending", received_at=LONG_AGO)
        desk.rows.execute(
            "UPDATE corps SET last_synced_at = %s WHERE corp_id = %s",
            [LONG_AGO, corp_id],
        )
    for number in range(240):
        insert(
            desk.rows,
            "samples",
            step_seconds=15,
            at=NOW - timedelta(seconds=15 * number),
            figures={"arrived": 1_000_000 - 997 * number, "events": number},
        )

    answer = desk.get("/console/?range=1h")

    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text)
    folder = Path(desk.web.app.root_path)
    weights = [(folder / each.lstrip("/")).stat().st_size for each in loaded]
    assert len(loaded) > 4
    assert len(answer.data) + sum(weights) < 100_000
    assert marks_in(answer.text, "problem").count("failures") == 4
    assert "Besides: events of 26 corps are not worked on" in words_in(answer.text)
