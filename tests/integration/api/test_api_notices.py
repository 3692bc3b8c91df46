"""Notices by API: what was sent to whom, and sending it once more."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.webclient import Web, add_corp, add_member, insert, open_web

CORP = "wwcorp"


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        yield web


@pytest.fixture
def corp_pk(web: Web) -> int:
    return add_corp(web.rows, CORP, company_id="7")


def link(web: Web, corp_pk: int, userid: str, state: str, **columns: Any) -> None:
    [(member_pk,)] = web.rows.execute(
        "SELECT member_pk FROM members WHERE userid = %s", [userid]
    ).fetchall()
    insert(
        web.rows,
        "links",
        corp_pk=corp_pk,
        member_pk=member_pk,
        company_id="7",
        state=state,
        reason="not_visible",
        **columns,
    )


def invite(web: Web, userid: str) -> tuple[int, str]:
    answer = web.post(f"/corps/{CORP}/members/{userid}/invite")
    return answer.status_code, answer.get_json().get("detail", "")


def test_an_invitation_is_queued_and_listed(web: Web, corp_pk: int) -> None:
    add_member(web.rows, corp_pk, "woA")
    link(web, corp_pk, "woA", "pending", asks="invite")

    status, _ = invite(web, "woA")

    [notice] = web.get(f"/corps/{CORP}/notices")["items"]
    assert status == 202
    assert notice["kind"] == "invite"
    assert notice["userid"] == "woA"
    assert notice["state"] == "queued"
    assert notice["sent_at"] is None
    assert notice["cause"].startswith("invite:7:")


def test_without_a_question_yet_a_company_that_tapd_knew_asks_for_a_link(
    web: Web, corp_pk: int
) -> None:
    add_member(web.rows, corp_pk, "woA")

    invite(web, "woA")

    [notice] = web.get(f"/corps/{CORP}/notices")["items"]
    assert notice["kind"] == "link"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"state": "removed", "removal": "scope"}, "visible range"),
        ({"employment": "left", "activation": "disabled"}, "disabled"),
    ],
)
def test_whoever_is_not_there_cannot_be_invited(
    web: Web, corp_pk: int, change: dict[str, str], why: str
) -> None:
    add_member(web.rows, corp_pk, "woA", **change)

    status, detail = invite(web, "woA")

    assert status == 409
    assert why in detail


def test_whoever_is_linked_cannot_be_invited(web: Web, corp_pk: int) -> None:
    add_member(web.rows, corp_pk, "woA")
    insert(web.rows, "accounts", account_id="a1")
    link(web, corp_pk, "woA", "linked", account_id="a1")

    status, detail = invite(web, "woA")

    assert status == 409
    assert "linked already" in detail


def test_whose_removal_is_held_cannot_be_invited(web: Web, corp_pk: int) -> None:
    add_member(web.rows, corp_pk, "woA")
    insert(web.rows, "plans", plan_id="p", corp_pk=corp_pk, kind="members", hash="h")
    insert(
        web.rows,
        "plan_entries",
        plan_id="p",
        position=0,
        corp_pk=corp_pk,
        key="member:woA",
        decision="RemoveMember",
        before="{}",
        after="{}",
        reason="out_of_scope",
    )

    status, detail = invite(web, "woA")

    assert status == 409
    assert "held plan" in detail


def test_the_fourth_invitation_in_24_hours_is_one_too_many(
    web: Web, corp_pk: int
) -> None:
    add_member(web.rows, corp_pk, "woA")

    statuses = [invite(web, "woA")[0] for _ in range(4)]
    web.rows.execute("UPDATE notices SET queued_at = queued_at - interval '25 hours'")

    assert statuses == [202, 202, 202, 429]
    assert invite(web, "woA")[0] == 202


def test_a_member_of_nobody_is_unknown(web: Web, corp_pk: int) -> None:
    assert invite(web, "woNobody")[0] == 404


def test_notices_are_listed_in_pages_that_miss_none(web: Web, corp_pk: int) -> None:
    for userid in ("woA", "woB", "woC"):
        add_member(web.rows, corp_pk, userid)
        invite(web, userid)

    first = web.get(f"/corps/{CORP}/notices", limit=2)
    rest = web.get(f"/corps/{CORP}/notices", limit=2, cursor=first["next"])

    seen = [each["userid"] for each in [*first["items"], *rest["items"]]]
    assert seen == ["woC", "woB", "woA"]
    assert rest["next"] is None
    assert web.status(f"/corps/{CORP}/notices", cursor="made up") == 400


def test_another_corps_notices_are_not_shown(web: Web, corp_pk: int) -> None:
    add_member(web.rows, corp_pk, "woA")
    invite(web, "woA")
    add_corp(web.rows, "wwother", company_id="8")

    assert web.get("/corps/wwother/notices")["items"] == []


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ("state = 'sent'", "wait_for_member"),
        ("state = 'undeliverable', reason = 'unlicensed'", "make_reachable"),
        ("state = 'unknown', reason = 'no_answer'", "invite_again"),
        ("state = 'sent', closed = 'expired'", "invite_again"),
    ],
)
def test_why_names_the_last_notice_and_what_helps(
    web: Web, corp_pk: int, change: str, step: str
) -> None:
    add_member(web.rows, corp_pk, "woA")
    link(web, corp_pk, "woA", "pending", asks="link")
    invite(web, "woA")
    web.rows.execute(f"UPDATE notices SET {change}".encode())  # noqa: S608 - written above

    why = web.get(f"/corps/{CORP}/members/woA/why")

    assert why["notice"]["kind"] == "link"
    assert why["notice"]["state"] in change
    assert why["next_step"]["code"] == step


def test_why_knows_of_no_notice_where_there_was_none(web: Web, corp_pk: int) -> None:
    add_member(web.rows, corp_pk, "woA")

    assert web.get(f"/corps/{CORP}/members/woA/why")["notice"] is None
