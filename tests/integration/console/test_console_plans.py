"""Plans are decided on their page; runs tell many that are one change as one line."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from werkzeug.test import TestResponse

from tests.support.console.desk import csrf_in, marks_in
from tests.support.webclient import (
    API_TOKEN,
    Web,
    add_corp,
    add_department,
    add_member,
    insert,
    open_web,
)

MOVED = {"removal": "scope"}


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        form = web.client.get("/console/sign-in").text
        token = re.findall(r'name="csrf_token" value="([^"]+)"', form)[0]
        web.client.post(
            "/console/sign-in", data={"token": API_TOKEN, "csrf_token": token}
        )
        yield web


def add_plan(web: Web, corp_pk: int, *states: str, kind: str = "members") -> None:
    insert(web.rows, "plans", corp_pk=corp_pk, plan_id="plan-a", kind=kind, hash="h")
    for position, state in enumerate(states):
        insert(
            web.rows,
            "plan_entries",
            plan_id="plan-a",
            position=position,
            corp_pk=corp_pk,
            key=f"member:wo{position}",
            decision="RemoveMember",
            before={"removal": None},
            after=MOVED,
            reason="out_of_scope",
            state=state,
        )


def add_move(web: Web, corp_pk: int, number: int) -> None:
    insert(
        web.rows,
        "journal",
        corp_pk=corp_pk,
        cause="run",
        run_id="run-1",
        decision="MoveMember",
        key=f"member:wo{number}",
        reason="full_read",
        before={"departments": [2]},
        after={"departments": [3]},
    )


def add_run(web: Web, corp_pk: int, **fields: Any) -> None:
    given = {"run_id": "run-1", "cause": "operator", "state": "done", **fields}
    insert(web.rows, "runs", corp_pk=corp_pk, **given)


def page(web: Web, path: str, language: str) -> str:
    answer = web.client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_held_plan_lists_everybody_grouped_by_cause(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, *["waiting"] * 40)
    web.rows.execute(
        "UPDATE plan_entries SET reason = 'deleted_by_event' WHERE position >= 30"
    )

    english = page(web, "/console/plans/plan-a", "en")
    chinese = page(web, "/console/plans/plan-a", "zh-CN")

    assert "40 removals of members wait for your decision" in english
    assert "outside the visible range: 30 wait" in english
    assert "WeCom reported the deletion and confirms it: 10 wait" in english
    assert english.count('href="/console/corps/wwcorp/people/wo') == 40
    assert "40 项成员移除等待您决定" in chinese


def test_a_plan_says_side_by_side_what_is_and_what_would_be(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_department(web.rows, corp_pk, 2, name="Sales")
    add_member(web.rows, corp_pk, "wo0", name="Zhang", departments=[2])
    add_plan(web, corp_pk, "waiting")

    shown = page(web, "/console/plans/plan-a", "en")

    row = shown.partition('data-key="member:wo0"')[2].partition("</tr>")[0]
    assert row.index("Zhang") < row.index("Sales")
    assert row.index("Sales") < row.index("not in the company; the account stays")


def decide(web: Web, act: str, **fields: str) -> TestResponse:
    shown = page(web, "/console/plans/plan-a", "en")
    return web.client.post(
        f"/console/plans/plan-a/{act}",
        data={"csrf_token": csrf_in(shown), **fields},
    )


def state_of(web: Web) -> tuple[str, str | None]:
    row = web.rows.execute("SELECT state, decided_by FROM plans").fetchone()
    assert row is not None
    return row[0], row[1]


def test_a_plan_is_approved_by_its_hash_with_a_reason_and_by_whom(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, "waiting")

    answer = decide(web, "approve", hash="h", reason="they have left")

    assert answer.status_code == 303
    assert state_of(web) == ("approved", "operator")
    shown = page(web, "/console/plans/plan-a", "en")
    assert "they have left" in shown
    assert "approve" not in marks_in(shown, "action")


def test_a_plan_that_changed_meanwhile_is_not_approved(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, "waiting")

    answer = decide(web, "approve", hash="another", reason="they have left")

    assert answer.status_code == 409
    assert state_of(web) == ("held", None)
    assert web.rows.execute("SELECT count(*) FROM audit").fetchone() == (0,)


@pytest.mark.parametrize("act", ["approve", "reject"])
def test_no_plan_is_decided_without_a_reason(web: Web, act: str) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, "waiting")

    answer = decide(web, act, hash="h", reason=" ")

    assert answer.status_code == 400
    assert state_of(web) == ("held", None)


def test_a_rejected_plan_keeps_everybody_and_offers_nothing(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, "waiting", "waiting")

    decide(web, "reject", reason="a mistake of the admin")
    shown = page(web, "/console/plans/plan-a", "en")

    assert state_of(web) == ("rejected", "operator")
    assert "Rejected: everybody stays" in shown
    assert "manage.py approve" not in shown
    assert {"approve", "reject"} & set(marks_in(shown, "action")) == set()


def test_the_same_approval_twice_is_one_act(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, "waiting")

    first = decide(web, "approve", hash="h", reason="they have left")
    second = decide(web, "approve", hash="h", reason="they have left")

    assert (first.status_code, second.status_code) == (303, 303)
    assert web.rows.execute("SELECT count(*) FROM audit").fetchone() == (1,)
    assert web.rows.execute("SELECT count(*) FROM runs").fetchone() == (1,)


def test_a_plan_of_whom_all_returned_tells_that_some_may_have_another_userid(
    web: Web,
) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, "returned", "returned")

    shown = page(web, "/console/plans/plan-a", "en")

    assert "be it under another userid" in shown


def test_a_plan_of_a_whole_large_corp_goes_on_page_by_page(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, "waiting")
    web.rows.execute(
        """
        INSERT INTO plan_entries (plan_id, position, corp_pk, key, decision, before,
            after, reason, state)
        SELECT plan_id, number, corp_pk, 'member:wo' || number, decision, before,
            after, reason, 'waiting'
        FROM plan_entries, generate_series(1, 50000) AS number
        """
    )

    first = page(web, "/console/plans/plan-a", "en")
    following = re.findall(r'rel="next" href="([^"]+)"', first)[0]
    second = page(web, following.replace("&amp;", "&"), "en")

    assert "50,001 removals" in first
    assert len(first) < 100_000
    assert 'data-key="member:wo199"' in first
    assert 'data-key="member:wo200"' in second


def test_the_list_shows_what_waits_and_who_decided_the_rest(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, "waiting", "waiting")

    held = page(web, "/console/plans", "en")
    decide(web, "reject", reason="a mistake")
    decided = page(web, "/console/plans?state=rejected", "en")

    assert marks_in(held, "plan") == ["plan-a"]
    assert "2 people" in held
    assert marks_in(decided, "plan") == ["plan-a"]
    assert '<code class="hint">operator</code>' in decided
    assert marks_in(page(web, "/console/plans", "en"), "plan") == []


def test_a_moved_department_is_one_line_of_its_run(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_department(web.rows, corp_pk, 2, name="Sales")
    add_department(web.rows, corp_pk, 3, name="Support")
    add_run(web, corp_pk, decisions={"MoveMember": 300}, calls=7)
    for number in range(300):
        add_move(web, corp_pk, number)

    shown = page(web, "/console/runs/run-1", "en")

    assert "300 members moved from Sales to Support" in shown
    assert shown.count("<li>300 members") == 1
    assert "an operator" in shown
    assert "300 applied" in shown


def test_a_run_that_found_forty_removals_says_that_they_wait(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, *["waiting"] * 40)
    add_run(web, corp_pk, state="held", plan_id="plan-a")

    shown = page(web, "/console/runs/run-1", "en")

    assert "0 applied, 40 wait" in shown
    assert "Nothing was different" not in shown


def test_a_running_read_says_when_it_is_over(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    began = datetime.now(UTC) - timedelta(seconds=50)
    add_run(
        web,
        corp_pk,
        state="running",
        started_at=began,
        pages_read=5,
        pages_of=10,
    )

    shown = page(web, "/console/runs/run-1", "en")

    assert re.search(r"about (4[5-9]|5[0-9]) s left", shown)


def test_what_no_event_had_announced_is_told_by_corp(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp", name="Acme")
    decisions = {"MoveMember": 3, "LinkAccount": 90}
    add_run(web, corp_pk, cause="schedule", decisions=decisions)
    for number in range(12):
        add_move(web, corp_pk, number)

    shown = page(web, "/console/runs", "en")

    row = shown.partition('data-drift="wwcorp"')[2].partition("</tr>")[0]
    assert re.findall(r">(\d+)<", row) == ["3", "12", "1"]


def test_what_a_resync_would_do_is_told_and_found_from_the_corp(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_run(web, corp_pk, cause="plan")
    gone = {
        "names": ["RemoveMember"],
        "reasons": ["out_of_scope"],
        "before": {"removal": None},
        "after": MOVED,
        "held": True,
        "count": 40,
        "keys": ["member:wo1"],
    }
    insert(
        web.rows,
        "rehearsals",
        run_id="run-1",
        corp_pk=corp_pk,
        hash="h",
        calls_resync=9,
        holds=Jsonb([]),
        groups=Jsonb([gone]),
        awaited={"calls_least": 3, "calls_most": 6, "people": 21, "keys": []},
    )

    corp = page(web, "/console/corps/wwcorp", "en")
    shown = page(web, "/console/runs/run-1", "en")

    assert "/console/runs/run-1" in corp
    assert '<li class="waits">' in shown
    assert "40 members were removed" in shown
    assert "3 to 6 calls" in shown


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "done"}, "Nothing was different"),
        ({"state": "held"}, "waits for a person"),
        ({"state": "queued"}, "not over yet"),
        ({"state": "running"}, "not over yet"),
        ({"state": "queued", "cause": "plan"}, "not over yet"),
        ({"state": "failed"}, "not known"),
        ({"state": "cancelled", "cause": "plan"}, "not known"),
        ({"state": "done", "cause": "plan"}, "kept for a week"),
    ],
)
def test_a_run_says_that_nothing_differed_only_where_that_is_known(
    web: Web, fields: dict[str, str], said: str
) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_run(web, corp_pk, **fields)

    shown = page(web, "/console/runs/run-1", "en")

    assert said in shown
    assert ("Nothing was different" in shown) == (said == "Nothing was different")


@pytest.mark.parametrize("path", ["plans/plan-a", "runs/run-1"])
def test_old_addresses_lead_on_and_only_to_what_belongs_there(
    web: Web, path: str
) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_corp(web.rows, "wwother")
    add_plan(web, corp_pk, "waiting")
    add_run(web, corp_pk)

    answer = web.client.get(f"/console/corps/wwcorp/{path}")
    foreign = web.client.get(f"/console/corps/wwother/{path}")
    unknown = web.client.get(f"/console/{path}x")

    assert answer.headers["Location"] == f"/console/{path}"
    assert (foreign.status_code, unknown.status_code) == (404, 404)
