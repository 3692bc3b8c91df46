"""Corps: the verdict first, neutral words for their life, people as links, and acts."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.console.desk import Desk, marks_in, open_desk, words_in
from tests.support.webclient import (
    BEARER,
    add_corp,
    add_department,
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


def add_plan(desk: Desk, corp_pk: int, plan_id: str, *keys: str) -> None:
    insert(
        desk.rows, "plans", corp_pk=corp_pk, plan_id=plan_id, kind="members", hash="h"
    )
    for position, key in enumerate(keys):
        insert(
            desk.rows,
            "plan_entries",
            plan_id=plan_id,
            position=position,
            corp_pk=corp_pk,
            key=key,
            decision="RemoveMember",
            before={},
            after={},
            reason="deleted_by_event",
        )


def health_of(page: str, corp_id: str) -> list[str]:
    row = page.partition(f'data-corp="{corp_id}"')[2].partition("</tr>")[0]
    return re.findall(r"health-(\w+)", row)


def test_that_a_corp_is_linked_says_nothing_of_its_health(desk: Desk) -> None:
    held = add_corp(desk.rows, "wwheld", last_synced_at=NOW)
    add_plan(desk, held, "plan-a", "member:zhang")
    add_corp(desk.rows, "wwwell", last_synced_at=NOW)
    add_corp(desk.rows, "wwfailed", last_synced_at=NOW)
    add_event(desk.rows, "corp:wwfailed", "failed", error="TypeError")

    page = desk.page("/console/corps")

    assert health_of(page, "wwheld") == ["wait"]
    assert health_of(page, "wwwell") == ["good"]
    assert health_of(page, "wwfailed") == ["bad"]
    assert page.count('class="lifecycle">linked<') == 3
    assert "Not in step: removals wait for approval" in words_in(page)


@pytest.mark.parametrize(
    ("fields", "health"),
    [
        ({"state": "failed", "error": "-1"}, "bad"),
        ({"state": "running", "error": "-1", "strikes": 3}, "bad"),
        ({"state": "running", "error": "-1", "strikes": 2}, "good"),
        ({"state": "running", "strikes": 0}, "good"),
        ({"state": "done"}, "good"),
    ],
)
def test_no_corp_is_in_step_while_a_read_of_it_fails(
    desk: Desk, fields: dict[str, Any], health: str
) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    add_run(desk.rows, corp_pk, "run-1", **fields)

    page = desk.page("/console/corps")

    assert health_of(page, "wwcorp") == [health]
    assert ("Not in step: a full read fails" in words_in(page)) == (health == "bad")


def test_the_table_tells_state_waiting_oldest_and_last_change(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", name="Acme", last_synced_at=NOW)
    # Not since the module began: that may be a minute ago.
    since = datetime.now(UTC) - timedelta(minutes=5, seconds=5)
    add_event(desk.rows, "corp:wwcorp", "pending", received_at=since)
    add_line(desk.rows, corp_pk)

    page = words_in(desk.page("/console/corps"))

    assert "Not worked on for 5 min" in page
    for heading in ("In step?", "Waiting", "Oldest", "Last change", "Read in full"):
        assert heading in page


def test_a_hundred_corps_are_all_found_page_by_page_and_none_twice(desk: Desk) -> None:
    for number in range(120):
        add_corp(desk.rows, f"ww{number:04}", last_synced_at=NOW)
    seen: list[str] = []
    path: str | None = "/console/corps"

    while path:
        page = desk.page(path)
        seen += [each for each in marks_in(page, "corp") if each.startswith("ww")]
        add_corp(desk.rows, f"aa{len(seen)}", last_synced_at=NOW)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = found[1].replace("&amp;", "&") if found else None

    assert seen == [f"ww{number:04}" for number in range(120)]


def test_a_corp_is_found_by_a_part_of_its_name(desk: Desk) -> None:
    add_corp(desk.rows, "ww1", name="Acme 科技")
    add_corp(desk.rows, "ww2", name="Bolt")

    assert marks_in(desk.page("/console/corps?find=科技"), "corp") == ["ww1"]
    assert "called like “nobody”" in words_in(desk.page("/console/corps?find=nobody"))


def test_blocked_corps_have_a_list_with_reason_and_remedy(desk: Desk) -> None:
    add_corp(desk.rows, "wwpaused", state="paused", paused_by="wecom")
    add_corp(desk.rows, "wwwell", last_synced_at=NOW)

    page = desk.page("/console/corps?show=blocked")

    assert marks_in(page, "corp") == ["wwpaused"]
    assert "the WeCom admin has closed the app" in words_in(page)
    assert "The WeCom admin opens the app again" in words_in(page)


def test_the_verdict_stands_before_everything_else(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    add_plan(desk, corp_pk, "plan-a", *(f"member:wo{n}" for n in range(40)))

    page = words_in(desk.page("/console/corps/wwcorp"))

    verdict = page.index("Not in step: removals wait for approval")
    assert verdict < page.index("40 removals of members wait")
    assert page.index("40 removals of members wait") < page.index("Read in full")


def test_whoever_came_back_is_no_longer_among_those_who_wait(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    add_plan(desk, corp_pk, "plan-a", "member:zhang", "member:li")

    desk.rows.execute(
        "UPDATE plan_entries SET state = 'returned' WHERE key = 'member:li'"
    )

    assert "1 removal of a member waits" in words_in(desk.page("/console/corps/wwcorp"))


def test_a_tree_unfolds_by_links_and_people_are_links(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", name="Example <Ltd>")
    add_department(desk.rows, corp_pk, 2, name="Sales")
    add_department(desk.rows, corp_pk, 3, parent_id=2, name="Support")
    add_member(desk.rows, corp_pk, "zhang", name="Zhang", departments=[2], leads=[2])
    add_member(desk.rows, corp_pk, "hidden-id", departments=[3])
    add_member(desk.rows, corp_pk, "single")

    page = desk.page("/console/corps/wwcorp?open=2,3")

    assert "Example &lt;Ltd&gt;" in page
    for shown in ("Sales", "Support", "Zhang", "hidden-id", "single", "leads"):
        assert shown in page
    assert 'href="/console/corps/wwcorp/people/zhang"' in page
    assert 'href="/console/corps/wwcorp?open=2#d3"' in page


def test_a_large_department_shows_its_first_people_and_leads_to_the_rest(
    desk: Desk,
) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp")
    add_department(desk.rows, corp_pk, 2)
    for number in range(105):
        add_member(desk.rows, corp_pk, f"m{number:03}", departments=[2])

    page = desk.page("/console/corps/wwcorp?open=2")

    assert page.count('data-key="member:') == 50
    assert "Show 55 more" in page
    rest = desk.page("/console/corps/wwcorp/people?department=2")
    assert rest.count('data-key="member:') == 100
    assert 'rel="next"' in rest


def test_a_page_stays_light_however_many_departments_are_unfolded(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp")
    add_department(desk.rows, corp_pk, 1, name="All")
    for number in range(2, 1200):
        add_department(desk.rows, corp_pk, number, parent_id=1, name=f"Dept {number}")

    answer = desk.get("/console/corps/wwcorp?open=1")

    assert "more departments" in answer.text
    assert len(answer.data) < 80_000


def test_many_links_of_one_run_are_one_line_that_opens(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp")
    for number in range(500):
        add_line(
            desk.rows,
            corp_pk,
            key=f"member:wo{number}",
            cause="run",
            run_id="run-1",
            decision="CreateAccount",
            reason="not_visible",
        )

    page = desk.page("/console/corps/wwcorp")

    assert page.count("<summary>500 new accounts</summary>") == 1
    assert len(page) < 60_000


def test_what_a_run_did_by_turns_is_one_line_for_each_kind(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp")
    for number in range(60):
        is_new = number % 2 == 0
        add_line(
            desk.rows,
            corp_pk,
            key=f"member:wo{number}",
            cause="run",
            run_id=f"run-{number % 4 // 2}",
            decision="CreateAccount" if is_new else "LinkAccount",
            reason="not_visible" if is_new else "seen_mobile",
        )

    page = desk.page("/console/corps/wwcorp")

    assert page.count("<summary>15 new accounts</summary>") == 2
    assert page.count('data-key="line:') == 4


def test_a_success_is_not_told_in_the_words_of_a_failure(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp")
    add_line(desk.rows, corp_pk, decision="CreateAccount", reason="not_visible")

    page = words_in(desk.page("/console/corps/wwcorp"))

    assert "by which an account could be found" not in page
    assert "new, because WeCom shows neither mobile nor e-mail" in page


def test_a_department_without_a_name_is_not_called_department_twice(
    desk: Desk,
) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp")
    add_line(desk.rows, corp_pk, decision="AddDepartment", key="department:1")

    page = words_in(desk.page("/console/corps/wwcorp"))

    assert "Department 1 was added" in page
    assert "department department" not in page.lower()


@pytest.mark.parametrize("userid", ["wo/al.ice", "a.b", "x@y_z-1", "100%"])
def test_odd_userids_lead_to_their_page(desk: Desk, userid: str) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp")
    add_member(desk.rows, corp_pk, userid, name="Odd")

    page = desk.page("/console/corps/wwcorp/people")
    found = re.search(r'href="(/console/corps/wwcorp/people/[^"]+)"', page)

    assert found is not None
    assert "Odd" in desk.page(found[1])


def test_ids_are_shortened_and_can_be_copied_whole(desk: Desk) -> None:
    long_id = "wp" + "x" * 30
    add_corp(desk.rows, long_id, name="Acme")

    page = desk.page("/console/corps")

    assert f'data-copy="{long_id}"' in page
    assert f"<code>{long_id}</code>" not in page


def test_every_stamp_stands_in_one_zone(desk: Desk) -> None:
    add_corp(
        desk.rows, "wwcorp", last_synced_at=datetime(2026, 1, 5, 20, 0, tzinfo=UTC)
    )

    page = desk.page("/console/corps/wwcorp")

    assert 'title="2026-01-06 04:00:00 UTC+08:00"' in page
    assert not re.search(r"data-ago|seconds ago|minutes ago", page)
    assert "UTC+08:00" in words_in(page)


def order_of(desk: Desk) -> dict[str, Any]:
    row = desk.rows.execute(
        "SELECT kind, hint FROM inbox WHERE mailbox = 'corp:wwcorp'"
    ).fetchone()
    return {"kind": row[0], "hint": row[1]} if row else {}


def audit(desk: Desk) -> list[tuple[str, ...]]:
    found = desk.rows.execute(
        "SELECT actor, act, target, reason FROM audit ORDER BY audit_id"
    ).fetchall()
    return [tuple(row) for row in found]


def test_a_pause_is_asked_of_a_worker_and_kept_with_its_reason(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp", last_synced_at=NOW)

    answer = desk.post("/console/corps/wwcorp/pause", reason=" too  many\nmoves ")

    assert answer.status_code == 303
    assert order_of(desk) == {"kind": "paused", "hint": {"by": "operator"}}
    assert audit(desk) == [("operator", "pause", "corp:wwcorp", "too many moves")]
    assert "too many moves" in desk.page("/console/corps/wwcorp")


def test_a_pause_without_a_reason_is_refused_and_changes_nothing(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp", last_synced_at=NOW)

    answer = desk.post("/console/corps/wwcorp/pause", reason="  ")

    assert answer.status_code == 400
    assert order_of(desk) == {}
    assert audit(desk) == []


def test_a_resync_leads_to_its_run_and_names_who_asked(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp", name="Acme", last_synced_at=NOW)

    answer = desk.post("/console/corps/wwcorp/resync", reason="moved offices")
    run = desk.page(answer.headers["Location"])

    assert answer.status_code == 303
    assert "moved offices" in run
    assert "operator" in run


def test_what_a_resync_would_do_can_be_asked(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp", last_synced_at=NOW)

    answer = desk.post("/console/corps/wwcorp/plan")

    assert answer.status_code == 303
    [cause] = desk.rows.execute("SELECT cause FROM runs").fetchone()
    assert cause == "plan"


@pytest.mark.parametrize("act", ["pause", "resume", "resync", "plan"])
def test_a_withdrawn_corp_takes_no_orders_and_offers_none(desk: Desk, act: str) -> None:
    add_corp(desk.rows, "wwcorp", state="revoked")

    answer = desk.post(f"/console/corps/wwcorp/{act}", reason="why not")

    assert answer.status_code == 409
    assert marks_in(desk.page("/console/corps/wwcorp"), "action") == [
        "theme-system",
        "theme-light",
        "theme-dark",
        "sign-out",
        "zone",
    ]


def test_a_forged_form_is_refused(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp", last_synced_at=NOW)

    answer = desk.web.client.post("/console/corps/wwcorp/resync")

    assert answer.status_code == 400
    assert audit(desk) == []


def test_what_the_api_does_is_in_the_audit_too(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp", last_synced_at=NOW)

    desk.web.client.post("/api/v1/corps/wwcorp/pause", headers=BEARER)

    assert audit(desk) == [("api", "pause", "corp:wwcorp", "")]
