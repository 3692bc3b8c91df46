"""The console: who is let in, what is protected, what a page says."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.webclient import (
    API_TOKEN,
    Web,
    add_corp,
    add_department,
    add_event,
    add_line,
    add_member,
    insert,
    open_web,
)


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        yield web


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def sign_in(client: FlaskClient, token: str = API_TOKEN, **query: str) -> TestResponse:
    form = client.get("/console/sign-in")
    return client.post(
        "/console/sign-in",
        query_string=query,
        data={"token": token, "csrf_token": token_in(form.text)},
    )


@pytest.mark.parametrize(
    "path", ["/console/", "/console/corps/wwcorp", "/console/corps/wwcorp/live"]
)
def test_a_stranger_is_asked_to_sign_in(web: Web, path: str) -> None:
    add_corp(web.rows, "wwcorp", name="Example")

    answer = web.client.get(path)

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/console/sign-in?next={path}"
    assert "Example" not in answer.text


def test_the_token_opens_a_session_and_leads_back(web: Web) -> None:
    answer = sign_in(web.client, next="/console/corps/wwcorp")

    assert answer.headers["Location"] == "/console/corps/wwcorp"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert API_TOKEN not in cookie
    assert web.client.get("/console/").status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example/", "https://evil.example/", "/console/\\evil", "/x"]
)
def test_a_sign_in_leads_nowhere_else(web: Web, elsewhere: str) -> None:
    answer = sign_in(web.client, next=elsewhere)

    assert answer.headers["Location"] == "/console/"


def test_a_wrong_token_opens_nothing(web: Web) -> None:
    answer = sign_in(web.client, token="wrong")

    assert answer.status_code == 403
    assert 'role="alert"' in answer.text
    assert web.client.get("/console/").status_code == 303


def test_guessing_is_slowed_down(web: Web) -> None:
    statuses = [sign_in(web.client, token=f"guess{n}").status_code for n in range(11)]

    assert statuses == [403] * 10 + [429]


def test_forms_without_their_token_are_refused(web: Web) -> None:
    sign_in(web.client)

    refused = web.client.post("/console/sign-out")

    assert refused.status_code == 400
    assert web.client.get("/console/").status_code == 200


def test_signing_out_ends_the_session(web: Web) -> None:
    sign_in(web.client)
    page = web.client.get("/console/").text

    web.client.post("/console/sign-out", data={"csrf_token": token_in(page)})

    assert web.client.get("/console/").status_code == 303


def test_pages_allow_no_foreign_script_and_are_kept_by_no_cache(web: Web) -> None:
    answer = web.client.get("/console/sign-in")

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    inline = re.findall(r"<script(?![^>]*src)|<style| style=| on[a-z]+=", answer.text)
    assert inline == []


def test_the_language_is_the_browsers_until_another_is_chosen(web: Web) -> None:
    def heading(**headers: str) -> str:
        page = web.client.get("/console/sign-in", headers=headers).text
        found = re.search(r"<h1>(.*?)</h1>", page)
        assert found is not None
        return found[1]

    assert heading(**{"Accept-Language": "en-GB,en;q=0.9"}) == "Operator sign-in"
    assert heading(**{"Accept-Language": "zh-TW,en;q=0.5"}) == "运维登录"
    assert heading(**{"Accept-Language": "fr"}) == "运维登录"
    web.client.get("/language/en")
    assert heading(**{"Accept-Language": "zh-CN"}) == "Operator sign-in"
    assert web.client.get("/language/fr").status_code == 404


def test_a_corp_shows_its_tree_and_its_journal(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp", name="Example <Ltd>")
    add_department(web.rows, corp_pk, 2, name="Sales")
    add_department(web.rows, corp_pk, 3, parent_id=2, name="Support")
    add_member(web.rows, corp_pk, "zhang", name="Zhang", departments=[2], leads=[2])
    add_member(web.rows, corp_pk, "hidden-id", departments=[3])
    add_member(web.rows, corp_pk, "single")
    add_line(web.rows, corp_pk, after={"departments": [2]})
    sign_in(web.client)

    page = web.client.get("/console/corps/wwcorp?open=2,3").text

    assert "Example &lt;Ltd&gt;" in page
    for shown in ("Sales", "Support", "Zhang", "hidden-id", "single", "负责人"):
        assert shown in page
    assert "Zhang 加入：Sales" in page


def test_the_live_answer_is_304_until_something_changes(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_department(web.rows, corp_pk, 2, name="Sales")
    sign_in(web.client)
    address = "/console/corps/wwcorp/live?open=2"
    first = web.client.get(address)
    known = {"If-None-Match": first.headers["ETag"]}

    unchanged = web.client.get(address, headers=known)
    add_event(web.rows, "corp:wwcorp", "pending")
    waiting = web.client.get(address, headers=known)
    add_member(web.rows, corp_pk, "zhang", departments=[2])
    add_line(web.rows, corp_pk)
    joined = web.client.get(address, headers=known)

    assert (first.status_code, unchanged.status_code) == (200, 304)
    assert "1 条事件待处理" in waiting.get_json()["status"]
    assert "zhang" in joined.get_json()["tree"]


def add_plan(web: Web, corp_pk: int, plan_id: str, *keys: str, kind: str) -> None:
    insert(web.rows, "plans", corp_pk=corp_pk, plan_id=plan_id, kind=kind, hash="h")
    for position, key in enumerate(keys):
        insert(
            web.rows,
            "plan_entries",
            plan_id=plan_id,
            position=position,
            corp_pk=corp_pk,
            key=key,
            decision="RemoveMember" if kind == "members" else "RemoveDepartment",
            before={},
            after={},
            reason="deleted_by_event",
        )


def test_a_plan_held_by_the_guard_is_shown_as_soon_as_it_is_there(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp", last_synced_at=datetime.now(UTC))
    add_department(web.rows, corp_pk, 2, name="Sales")
    add_member(web.rows, corp_pk, "zhang", departments=[2])
    sign_in(web.client)
    address = "/console/corps/wwcorp/live?open=2"
    known = {"If-None-Match": web.client.get(address).headers["ETag"]}

    add_plan(web, corp_pk, "plan-a", "member:zhang", "member:li", kind="members")
    held = web.client.get(address, headers=known)
    known = {"If-None-Match": held.headers["ETag"]}
    add_plan(web, corp_pk, "plan-b", "department:2", kind="departments")
    second = web.client.get(address, headers=known)
    web.rows.execute("UPDATE plans SET state = 'rejected'")
    decided = web.client.get(address, headers={"If-None-Match": second.headers["ETag"]})

    assert held.status_code == 200
    assert "一致，有移除待批准" in held.get_json()["status"]
    assert "2 项移除等待批准" in held.get_json()["status"]
    assert "python manage.py approve plan-a" in held.get_json()["status"]
    assert "待批准移除" in held.get_json()["tree"]
    assert "3 项移除等待批准" in second.get_json()["status"]
    assert "1 个部门" in second.get_json()["status"]
    assert "等待批准" not in decided.get_json()["status"]


def test_whoever_came_back_is_no_longer_among_those_who_wait(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_plan(web, corp_pk, "plan-a", "member:zhang", "member:li", kind="members")
    sign_in(web.client)
    address = "/console/corps/wwcorp/live"
    known = {"If-None-Match": web.client.get(address).headers["ETag"]}

    web.rows.execute(
        "UPDATE plan_entries SET state = 'returned' WHERE key = 'member:li'"
    )
    answer = web.client.get(address, headers=known)

    assert answer.status_code == 200
    assert "1 项移除等待批准" in answer.get_json()["status"]


def test_only_the_newest_of_many_plans_are_shown_and_none_of_another_corp(
    web: Web,
) -> None:
    corp_pk, other_pk = (add_corp(web.rows, name) for name in ("wwcorp", "wwother"))
    for number in range(7):
        add_plan(web, corp_pk, f"plan-{number}", "member:zhang", kind="members")
    add_plan(web, other_pk, "plan-of-another", "member:zhang", kind="members")
    sign_in(web.client)

    page = web.client.get("/console/corps/wwcorp").text

    shown = re.findall(r'data-key="plan:([^"]+)"', page)
    assert shown == [f"plan-{number}" for number in (6, 5, 4, 3, 2)]
    assert "7 项移除等待批准" in page
    assert "另有 2 个计划" in page


def test_a_large_department_shows_its_first_people_and_the_rest_on_demand(
    web: Web,
) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_department(web.rows, corp_pk, 2)
    for number in range(105):
        add_member(web.rows, corp_pk, f"m{number:03}", departments=[2])
    sign_in(web.client)

    first = web.client.get("/console/corps/wwcorp/live?open=2").get_json()["tree"]
    full = web.client.get("/console/corps/wwcorp/live?open=2&all=2").get_json()["tree"]

    assert "再显示 5 人" in first
    assert first.count('data-key="member:') == 100
    assert full.count('data-key="member:') == 105


@pytest.mark.parametrize("asked", ["x", "-1", "1;2", ",".join(["1"] * 300)])
def test_a_malformed_list_of_departments_is_refused(web: Web, asked: str) -> None:
    add_corp(web.rows, "wwcorp")
    sign_in(web.client)

    assert web.client.get(f"/console/corps/wwcorp?open={asked}").status_code == 400


@pytest.mark.parametrize("state", ["authorised", "linked", "paused", "revoked"])
def test_an_empty_corp_explains_itself(web: Web, state: str) -> None:
    add_corp(web.rows, "wwcorp", state=state)
    sign_in(web.client)

    page = web.client.get("/console/corps/wwcorp").text

    assert "这里还没有人" in page
    assert "还没有变更" in page


def test_a_console_without_corps_says_what_to_do(web: Web) -> None:
    sign_in(web.client)

    page = web.client.get("/console/").text

    assert "还没有企业安装应用" in page
    assert "doctor" in page


def test_an_unknown_corp_has_a_page_of_its_own(web: Web) -> None:
    sign_in(web.client)

    answer = web.client.get("/console/corps/unknown")

    assert answer.status_code == 404
    assert "这里什么也没有" in answer.text
