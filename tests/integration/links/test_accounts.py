"""Accounts in Postgres: what an upsert makes, changes, clears and leaves alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg
import pytest

from domain.ids import AccountId, CompanyId
from domain.links.accounts import AccountChange, AccountField
from store.links.accounts import ROWS_AT_ONCE, Upserted, upsert
from tests.support.webclient import insert

COMPANY = CompanyId("7")
VERSIONS = "SELECT 'a', account_id, xmin::text, ctid::text FROM accounts"
VERSIONS += " UNION ALL SELECT 'm', account_id, xmin::text, ctid::text FROM memberships"


@pytest.fixture
def rows(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database, autocommit=True) as rows:
        for company_id in (COMPANY, "8"):
            insert(rows, "companies", company_id=company_id, name="C", origin="tapd")
        yield rows


def change(account_id: str, **given: str | None) -> AccountChange:
    return AccountChange(
        account_id=AccountId(account_id),
        given={AccountField(name): value for name, value in given.items()},
    )


def put(
    rows: psycopg.Connection[Any], *changes: AccountChange, company: str = COMPANY
) -> Upserted:
    with rows.transaction():
        return upsert(rows, CompanyId(company), changes)


def account(rows: psycopg.Connection[Any], account_id: str) -> tuple[Any, ...]:
    (row,) = rows.execute(
        "SELECT nick, name, mobile, mobile_e164, email, email_folded FROM accounts"
        " WHERE account_id = %s",
        [account_id],
    ).fetchall()
    return tuple(row)


def memberships(rows: psycopg.Connection[Any]) -> set[tuple[Any, ...]]:
    return set(
        rows.execute(
            "SELECT company_id, account_id, employment, origin, left_at"
            " FROM memberships"
        ).fetchall()
    )


def test_an_account_is_made_with_its_membership(rows: psycopg.Connection[Any]) -> None:
    done = put(
        rows,
        change("u1", nick="zhang", mobile="138 1234 5678", email="Zhang@Example.com"),
        change("u2"),
    )

    assert done == Upserted(created=2)
    assert account(rows, "u1") == (
        *("zhang", None, "138 1234 5678", "+8613812345678"),
        *("Zhang@Example.com", "zhang@example.com"),
    )
    assert account(rows, "u2") == (None,) * 6
    assert memberships(rows) == {
        (COMPANY, "u1", "working", "tapd", None),
        (COMPANY, "u2", "working", "tapd", None),
    }


def test_a_missing_field_is_left_alone_and_null_clears(
    rows: psycopg.Connection[Any],
) -> None:
    put(rows, change("u1", nick="zhang", name="Z", mobile="13812345678", email="a@b"))

    done = put(rows, change("u1", nick="zhang2", mobile=None, email=None))

    assert done == Upserted(changed=1)
    assert account(rows, "u1") == ("zhang2", "Z", None, None, None, None)


def test_what_does_not_differ_is_not_written(rows: psycopg.Connection[Any]) -> None:
    changes = (change("u1", nick="a", mobile="13812345678"), change("u2", name="b"))
    put(rows, *changes)
    before = rows.execute(VERSIONS).fetchall()

    done = put(rows, *changes, change("u3"))

    assert done == Upserted(created=1, unchanged=2)
    assert set(before) <= set(rows.execute(VERSIONS).fetchall())


def test_accounts_that_are_not_named_stay(rows: psycopg.Connection[Any]) -> None:
    put(rows, change("u1", nick="a"), change("u2", nick="b"))

    put(rows, change("u2", nick="c"))

    assert account(rows, "u1")[0] == "a"
    assert len(memberships(rows)) == 2


def test_a_known_account_that_joins_a_company_has_changed(
    rows: psycopg.Connection[Any],
) -> None:
    put(rows, change("u1", nick="a"))

    joined = put(rows, change("u1"), company="8")
    again = put(rows, change("u1"), company="8")

    assert (joined, again) == (Upserted(changed=1), Upserted(unchanged=1))
    assert {row[0] for row in memberships(rows)} == {COMPANY, "8"}


def test_an_employment_or_an_end_is_not_undone_by_a_list(
    rows: psycopg.Connection[Any],
) -> None:
    put(rows, change("u1"), change("u2"))
    rows.execute(
        "UPDATE memberships SET employment = 'left',"
        " left_at = CASE account_id WHEN 'u2' THEN clock_timestamp() END"
    )
    before = memberships(rows)

    done = put(rows, change("u1"), change("u2"))

    assert done == Upserted(unchanged=2)
    assert memberships(rows) == before


def test_ids_that_differ_by_case_are_two_accounts(
    rows: psycopg.Connection[Any],
) -> None:
    assert put(rows, change("u"), change("U")) == Upserted(created=2)


def test_an_account_named_twice_changes_nothing(rows: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        put(rows, change("u1"), change("u1", nick="a"))

    assert memberships(rows) == set()


def test_ten_thousand_fit_and_one_more_does_not(rows: psycopg.Connection[Any]) -> None:
    many = [
        change(f"u{each}", mobile=f"138{each:08}") for each in range(ROWS_AT_ONCE + 1)
    ]

    done = put(rows, *many[:-1])

    assert done == Upserted(created=ROWS_AT_ONCE)
    with pytest.raises(ValueError, match="10000"):
        put(rows, *many)


def test_several_lists_fit_into_one_transaction(rows: psycopg.Connection[Any]) -> None:
    with rows.transaction():
        done = put(rows, change("u1")) + put(rows, change("u1"), change("u2"))

    assert done == Upserted(created=2, unchanged=1)


def test_two_lists_at_once_in_opposite_orders_both_arrive(
    rows: psycopg.Connection[Any], database: str
) -> None:
    known = [change(f"u{each}", nick="old") for each in range(500)]
    put(rows, *known[:250])
    lists = [
        [change(each.account_id, nick="a") for each in known],
        [change(each.account_id, nick="b") for each in reversed(known)],
    ]

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(partial(put_apart, database), lists))

    total = done[0] + done[1]
    assert (total.created, total.changed, total.unchanged) == (250, 750, 0)
    nicks = {account(rows, each.account_id)[0] for each in known}
    assert len(nicks) == 1


def put_apart(database: str, changes: list[AccountChange]) -> Upserted:
    with psycopg.connect(database) as connection:
        return upsert(connection, COMPANY, changes)
