"""A database that is lent again is as the first borrower found it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from store.database import transaction
from tests.support.mortal import Mortal, WorkerDied
from tests.support.processes.lending import Lending, Lent

COMPANY = "INSERT INTO companies (company_id, name, origin) VALUES ('c', 'C', 'tapd')"
CORP = "INSERT INTO corps (corp_id, state, company_id) VALUES ('w', 'linked', 'c')"


@pytest.fixture
def lending(
    database_admin: psycopg.Connection, postgres_url: str, template: str
) -> Iterator[Lending]:
    """Nobody else's, and empty."""
    with closing(Lending(database_admin, postgres_url, template=template)) as lending:
        yield lending


def borrowed(lending: Lending, does: Callable[[Lent], Any]) -> str:
    """Borrow one, do this, give it back; where it is."""
    with lending.lend() as lent:
        does(lent)
        return lent.url


def nothing(lent: Lent) -> None:
    """Borrow it, and leave it alone."""


def asks(lent: Lent, query: str) -> list[tuple[Any, ...]]:
    return lent.connection.execute(query.encode()).fetchall()


def does(*statements: str) -> Callable[[Lent], None]:
    def run(lent: Lent) -> None:
        for each in statements:
            lent.connection.execute(each.encode())

    return run


def test_rows_are_gone_and_numbers_begin_anew(lending: Lending) -> None:
    first = borrowed(lending, does(COMPANY, CORP))

    with lending.lend() as lent:
        assert lent.url == first
        assert asks(lent, "SELECT count(*) FROM companies") == [(0,)]
        does(COMPANY, CORP)(lent)
        assert asks(lent, "SELECT corp_pk FROM corps") == [(1,)]


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit_head SET audit_id = 7", "DELETE FROM audit_head"],
)
def test_what_migrations_have_written_is_there_again(
    lending: Lending, change: str
) -> None:
    head = "SELECT audit_id, chain, proof FROM audit_head"
    with lending.lend() as lent:
        before = asks(lent, head)
        does(change)(lent)
        assert asks(lent, head) != before

    with lending.lend() as again:
        assert again.url == lent.url
        assert asks(again, head) == before


def test_plans_know_nothing_of_what_was_there(lending: Lending) -> None:
    noted = (
        "SELECT relpages, reltuples, relallvisible FROM pg_class"
        " WHERE relname = 'companies'"
    )
    sampled = "SELECT count(*) FROM pg_stats WHERE tablename = 'companies'"
    with lending.lend() as lent:
        before = asks(lent, noted), asks(lent, sampled)
        does(COMPANY, "ANALYZE companies")(lent)
        assert (asks(lent, noted), asks(lent, sampled)) != before

    with lending.lend() as again:
        assert again.url == lent.url
        assert (asks(again, noted), asks(again, sampled)) == before


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE corps ADD seen boolean",
        "ALTER TABLE corps ALTER state SET DEFAULT 'linked'",
        "DROP INDEX inbox_by_mailbox",
        "CREATE TABLE more ()",
        "CREATE TEMPORARY TABLE more ()",
        "CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "ALTER TABLE corps DROP CONSTRAINT corps_pkey CASCADE",
        "REVOKE ALL ON corps FROM PUBLIC",
        "TRUNCATE companies CASCADE",
    ],
)
def test_one_that_is_made_otherwise_is_not_lent_again(
    lending: Lending, change: str
) -> None:
    first = borrowed(lending, does(change))

    assert borrowed(lending, nothing) != first


def test_nor_is_one_in_which_a_transaction_is_open(lending: Lending) -> None:
    first = borrowed(lending, does("BEGIN"))

    assert borrowed(lending, nothing) != first


def test_nor_one_in_which_somebody_stays(lending: Lending) -> None:
    with lending.lend() as lent:
        stays = psycopg.connect(lent.url)

    with lending.lend() as other:
        assert other.url != lent.url
    with pytest.raises(psycopg.OperationalError):
        stays.execute("SELECT 1")
    stays.close()


def test_nor_one_in_which_somebody_holds_a_lock(lending: Lending) -> None:
    def locks(lent: Lent) -> None:
        with lent.pool(size=1).connection() as connection:
            connection.execute("SELECT pg_advisory_lock(1)")

    first = borrowed(lending, locks)

    assert borrowed(lending, nothing) != first


def test_nor_one_whose_pool_was_closed(lending: Lending) -> None:
    first = borrowed(lending, lambda lent: lent.pool(size=1).close())

    assert borrowed(lending, nothing) != first


def test_nor_one_whose_test_failed(lending: Lending) -> None:
    with pytest.raises(ZeroDivisionError), lending.lend() as lent:
        raise ZeroDivisionError

    assert borrowed(lending, nothing) != lent.url


def test_two_at_once_have_one_each(lending: Lending) -> None:
    with lending.lend() as one, lending.lend() as two:
        assert one.url != two.url


def test_a_pool_stays_connected_and_dies_as_each_test_says(lending: Lending) -> None:
    def backend(mortal: Mortal, lent: Lent) -> set[int]:
        pool = lent.mortal_pool(mortal)
        pids = set()
        for _ in range(pool.max_size):
            with transaction(pool) as connection:
                pids.add(connection.info.backend_pid)
        return pids

    with lending.lend() as lent:
        first = backend(Mortal(), lent)
    dying = Mortal()
    dying.steps_left = 0

    with lending.lend() as again:
        with pytest.raises(WorkerDied):
            backend(dying, again)
        assert backend(Mortal(), again) == first
