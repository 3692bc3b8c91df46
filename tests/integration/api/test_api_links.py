"""How members are linked, as the API tells it: the evidence, and never a mobile."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.org.linked import Matched, mobile, people
from tests.support.org.pipeline import Bench
from tests.support.webclient import BEARER, Web, open_web

M = mobile(1)
MAIL = "one.address@x.cn"


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        yield web


@pytest.fixture
def one(bench: Bench) -> Matched:
    """A corp with one member of each kind, read."""
    shown = {"woA": {"mobile": M}, "woB": {}, "woC": {"mobile": M, "email": MAIL}}
    one = Matched.of(bench, people(**shown))
    one.name("u1", nick="ann", mobile=M)
    one.name("u2", nick="bea", email=MAIL)
    one.read()
    one.settle()
    return one


def ask(web: Web, one: Matched, tail: str) -> Any:
    corp_id = one.tenant.world.corp_id
    answer = web.client.get(f"/api/v1/corps/{corp_id}/members{tail}", headers=BEARER)
    assert answer.status_code == 200
    return answer.get_json()


def test_members_tell_how_they_are_linked(web: Web, one: Matched) -> None:
    linked = Matched.of(one.bench, people(woL={"mobile": mobile(7)}))
    linked.name("u7", mobile=mobile(7))
    linked.read()

    told = {each["userid"]: each["link"] for each in ask(web, one, "")["items"]}

    assert told["woB"] == {
        "state": "pending",
        "reason": "not_visible",
        "account_id": None,
    }
    assert told["woA"]["state"] == told["woC"]["state"] == "conflict"
    assert ask(web, linked, "/woL")["link"] == {
        "state": "linked",
        "reason": "seen_mobile",
        "account_id": "u7",
    }


def test_why_tells_what_speaks_for_and_against_each_account(
    web: Web, one: Matched
) -> None:
    why = ask(web, one, "/woC/why")

    assert why["match"]["state"] == "conflict"
    assert why["match"]["reason"] == "several_members"
    assert [
        (each["account_id"], each["nick"], each["mobile"], each["email"])
        for each in why["match"]["candidates"]
    ] == [
        ("u1", "ann", "equal", "account_has_none"),
        ("u2", "bea", "account_has_none", "equal"),
    ]
    assert why["match"]["candidates"][0]["claimed_by"] == ["woA"]
    assert why["next_step"]["code"] == "decide_match"
    assert M not in str(why)
    assert MAIL not in str(why)


def test_what_was_imported_by_api_is_examined(web: Web, one: Matched) -> None:
    body = [{"account_id": "u1", "mobile": None}]

    answer = web.client.post(
        f"/api/v1/companies/{one.company_id}/accounts", json=body, headers=BEARER
    )
    one.settle()

    assert answer.get_json()["changed"] == 1
    assert one.link("woA") == ("conflict", "several_members", None)
    assert ask(web, one, "/woA/why")["match"]["candidates"] == []


def test_a_company_that_changes_how_it_treats_the_unmatched_is_examined(
    web: Web, one: Matched
) -> None:
    answer = web.client.put(
        f"/api/v1/companies/{one.company_id}",
        json={"unmatched": "create"},
        headers=BEARER,
    )
    one.settle()

    assert answer.status_code == 200
    assert one.link("woB")[:2] == ("linked", "not_visible")
