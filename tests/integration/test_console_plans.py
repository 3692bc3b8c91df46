"""The console tells plans and runs as groups: many that are one change as one line."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.support.webclient import (
    API_TOKEN,
    Web,
    add_corp,
    add_department,
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


def test_a_held_plan_is_one_line_with_its_reason_and_the_ways(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, *["waiting"] * 30, "returned")

    english = page(web, "/console/corps/wwcorp/plans/plan-a", "en")
    chinese = page(web, "/console/corps/wwcorp/plans/plan-a", "zh-CN")

    assert english.count("were removed") == 1
    assert "30 members were removed from the company" in english
    assert "python manage.py reject plan-a" in english
    assert "30 位成员" in chinese
    assert "重新出现" in chinese


def test_a_plan_of_whom_all_returned_tells_that_some_may_have_another_userid(
    web: Web,
) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, "returned", "returned")

    shown = page(web, "/console/corps/wwcorp/plans/plan-a", "en")

    assert "be it under another userid" in shown


def test_a_decided_plan_offers_no_way(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, "waiting", "waiting")
    web.rows.execute("UPDATE plans SET state = 'rejected'")

    shown = page(web, "/console/corps/wwcorp/plans/plan-a", "en")

    assert "rejected" in shown
    assert "manage.py approve" not in shown


def test_a_moved_department_is_one_line_of_its_run(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_department(web.rows, corp_pk, 2, name="Sales")
    add_department(web.rows, corp_pk, 3, name="Support")
    add_run(web, corp_pk, decisions={"MoveMember": 300}, calls=7)
    for number in range(300):
        add_move(web, corp_pk, number)

    shown = page(web, "/console/corps/wwcorp/runs/run-1", "en")

    assert "300 members moved from Sales to Support" in shown
    assert shown.count('class="told"') == 1
    assert "an operator" in shown


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
    shown = page(web, "/console/corps/wwcorp/runs/run-1", "en")

    assert "/console/corps/wwcorp/runs/run-1" in corp
    assert '<li class="waits">' in shown
    assert "40 members were removed" in shown
    assert "21" in shown
    assert "3 to 6 calls" in shown


def test_that_nothing_may_be_asked_names_no_reason_that_is_not_known(
    web: Web,
) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_run(web, corp_pk, cause="plan")
    insert(
        web.rows,
        "rehearsals",
        run_id="run-1",
        corp_pk=corp_pk,
        hash="h",
        calls_resync=9,
        holds=Jsonb([]),
        groups=Jsonb([]),
        awaited={"calls_least": 0, "calls_most": 0, "people": 21, "keys": []},
    )

    shown = page(web, "/console/corps/wwcorp/runs/run-1", "en")

    assert "Nothing may be asked at the moment.</p>" in shown


def test_a_plan_of_a_whole_large_corp_is_told_by_its_counts(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, "returned")
    web.rows.execute(
        """
        INSERT INTO plan_entries (plan_id, position, corp_pk, key, decision, before,
            after, reason, state)
        SELECT plan_id, number, corp_pk, 'member:wo' || number, decision, before,
            after, reason, 'waiting'
        FROM plan_entries, generate_series(1, 50001) AS number
        """
    )

    shown = page(web, "/console/corps/wwcorp/plans/plan-a", "en")

    assert "50,001" in shown
    assert "GET /api/v1/plans/plan-a" in shown
    assert "were removed" not in shown
    assert "python manage.py approve plan-a" in shown


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "done"}, "Nothing was different"),
        ({"state": "held"}, "Nothing was different"),
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

    shown = page(web, "/console/corps/wwcorp/runs/run-1", "en")

    assert said in shown
    assert ("Nothing was different" in shown) == (said == "Nothing was different")


@pytest.mark.parametrize(
    ("state", "heading"),
    [
        ("held", "once it is approved"),
        ("approved", "What was approved"),
        ("rejected", "What was rejected"),
        ("superseded", "What was removed otherwise"),
    ],
)
def test_only_what_waits_is_told_as_what_an_approval_would_do(
    web: Web, state: str, heading: str
) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, "applied")
    web.rows.execute("UPDATE plans SET state = %s", [state])

    shown = page(web, "/console/corps/wwcorp/plans/plan-a", "en")

    assert heading in shown
    assert ("once it is approved" in shown) == (state == "held")


@pytest.mark.parametrize("path", ["plans/plan-a", "runs/run-1", "runs/unknown"])
def test_what_belongs_to_another_corp_is_not_known(web: Web, path: str) -> None:
    add_corp(web.rows, "wwcorp")
    other = add_corp(web.rows, "wwother")
    add_plan(web, other, "waiting")
    add_run(web, other)

    assert web.client.get(f"/console/corps/wwcorp/{path}").status_code == 404
