"""Accounts by API: all or nothing, and every bad row named without its value."""

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.webclient import BEARER, Web, insert, open_web


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        insert(web.rows, "companies", company_id="7", name="C", origin="tapd")
        yield web


def put(web: Web, body: object, company: str = "7") -> TestResponse:
    return web.client.post(
        f"/api/v1/companies/{company}/accounts", json=body, headers=BEARER
    )


def count(web: Web) -> int:
    return int(web.rows.execute("SELECT count(*) FROM accounts").fetchall()[0][0])


def test_accounts_are_made_changed_and_left_alone(web: Web) -> None:
    zhang = {
        "account_id": "u1",
        "nick": "zhang",
        "name": "张三",
        "mobile": "13812345678",
        "email": "zhang@example.com",
    }
    made = put(web, [zhang, {"account_id": "u2"}])

    again = put(web, [zhang | {"email": None}, {"account_id": "u2", "mobile": None}])

    assert made.status_code == again.status_code == 200
    assert made.get_json() == {"created": 2, "changed": 0, "unchanged": 0}
    assert again.get_json() == {"created": 0, "changed": 1, "unchanged": 1}
    row = web.rows.execute(
        "SELECT mobile_e164, email FROM accounts WHERE account_id = 'u1'"
    ).fetchall()
    assert row == [("+8613812345678", None)]


def test_no_accounts_are_no_fault(web: Web) -> None:
    answer = put(web, [])

    assert answer.status_code == 200
    assert answer.get_json() == {"created": 0, "changed": 0, "unchanged": 0}


def test_an_unknown_company_has_no_accounts(web: Web) -> None:
    assert put(web, [{"account_id": "u1"}], company="8").status_code == 404
    assert count(web) == 0


def test_every_bad_row_is_named_and_none_is_taken(web: Web) -> None:
    answer = put(
        web,
        [
            {"account_id": "good", "mobile": "13812345678"},
            {"account_id": "u1", "mobile": "1381234", "email": "nobody"},
            {"account_id": "u2", "nick": " "},
            {"nick": "a"},
            {"account_id": 5},
            {"account_id": "good"},
            {"account_id": "u3", "phone": "1"},
            "text",
        ],
    )

    detail = answer.get_json()["detail"]
    assert answer.status_code == 422
    for place in (
        "1.mobile",
        "1.email",
        "2.nick",
        "3.account_id",
        "4.account_id",
        "5.account_id: Value error, is named in row 0 already",
        "6.phone",
        "7: ",
    ):
        assert place in detail, place
    assert "1381234" not in detail
    assert "nobody" not in detail
    assert count(web) == 0


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"account_id": "u1"},
        "text",
        [[]],
        [{"account_id": ""}],
        [{"account_id": "x" * 257}],
        [{"account_id": None}],
        [{"account_id": " 1 "}],
        [{"account_id": "1\u3000"}],
        [{"account_id": "1 2"}],
        [{"account_id": "\uff11"}],
        [{"account_id": "1\u200b"}],
        [{"account_id": "1.12E+18"}],
        [{"account_id": "'1"}],
        [{"account_id": "null"}],
        [{"account_id": "nul\0"}],
        [{"account_id": "u1", "name": "\ud800"}],
        [{"account_id": "u1", "mobile": 13812345678}],
    ],
)
def test_a_malformed_body_changes_nothing(web: Web, body: Any) -> None:
    answer = put(web, body)

    assert answer.status_code == 422, answer.text
    assert answer.content_type == "application/problem+json"
    assert count(web) == 0


@pytest.mark.parametrize("empty", ["", " ", None])
@pytest.mark.parametrize("field", ["mobile", "email"])
def test_an_empty_mobile_or_email_clears_it(
    web: Web, field: str, empty: str | None
) -> None:
    given = {"account_id": "1", "mobile": "13812345678", "email": "a@example.com"}
    put(web, [given])

    answer = put(web, [{**given, field: empty}])

    assert answer.json == {"created": 0, "changed": 1, "unchanged": 0}
    [(mobile, email)] = web.rows.execute(
        "SELECT mobile_e164, email FROM accounts"
    ).fetchall()
    assert {"mobile": mobile, "email": email}[field] is None


def test_ten_thousand_accounts_are_taken_and_one_more_is_too_many(web: Web) -> None:
    rows = [
        {"account_id": f"u{each}", "mobile": f"138{each:08}"} for each in range(10_001)
    ]

    too_many = put(web, rows)
    most = put(web, rows[:-1])

    assert too_many.status_code == 422
    assert "10000" in too_many.get_json()["detail"]
    assert most.get_json() == {"created": 10_000, "changed": 0, "unchanged": 0}
