"""What a pool lends, and in what state it comes back."""

import time
from collections.abc import Iterator

import psycopg
import pytest

from benchmarks.wire import counted
from store import database as database_module
from store.database import Pool, StoreUnavailable, glance, open_pool, transaction


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    pool = open_pool(database, size=1)
    yield pool
    pool.close()


def autocommit(pool: Pool) -> bool:
    with transaction(pool) as connection:
        return connection.autocommit


def test_each_statement_of_a_glance_is_a_transaction(pool: Pool) -> None:
    with glance(pool) as connection:
        [first] = connection.execute("SELECT pg_current_xact_id()::text").fetchall()
        [second] = connection.execute("SELECT pg_current_xact_id()::text").fetchall()

    assert first != second
    assert not autocommit(pool)


def test_a_glance_that_fails_leaves_the_connection_as_it_was(pool: Pool) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), glance(pool) as connection:
        connection.execute("SELECT 1 / 0")

    assert not autocommit(pool)


def break_off(pool: Pool) -> None:
    with glance(pool) as connection:
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE half_done ()")
        raise ValueError("broken off")


def test_a_glance_broken_off_in_a_transaction_gives_its_connection_up(
    pool: Pool,
) -> None:
    with pytest.raises(ValueError, match="broken off"):
        break_off(pool)

    assert not autocommit(pool)
    with transaction(pool) as connection:
        [found] = connection.execute("SELECT to_regclass('half_done')").fetchall()
    assert found == (None,)


def test_a_connection_that_the_server_has_ended_is_not_lent(
    database: str, pool: Pool
) -> None:
    with transaction(pool) as connection:
        ended = connection.info.backend_pid
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [ended])

    with transaction(pool) as connection:
        lent = connection.info.backend_pid

    assert lent != ended


def long_ago(connection: object) -> None:
    """Let the connection have answered an hour ago."""
    assert isinstance(connection, database_module.PooledConnection)
    connection.seen_at = time.monotonic() - 3_600.0


def test_a_connection_that_has_just_answered_is_lent_without_a_question(
    pool: Pool,
) -> None:
    with counted(pool, connections=1) as sent:
        for _ in range(2):
            with transaction(pool) as connection:
                long_ago(connection)
                connection.execute("SELECT 1")

    assert sent.texts == ["SELECT 1", "SELECT 1"]


def test_one_that_has_not_answered_for_long_is_asked_before_it_is_lent(
    pool: Pool,
) -> None:
    with counted(pool, connections=1) as sent:
        for _ in range(2):
            with transaction(pool) as connection:
                connection.execute("SELECT 1")
            long_ago(connection)

    assert sent.texts == ["SELECT 1", "", "SELECT 1"]


def end_while_used(pool: Pool, other: psycopg.Connection) -> None:
    with transaction(pool) as connection:
        other.execute(
            "SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid]
        )
        connection.execute("SELECT 1")


def test_a_connection_that_ends_while_it_is_used_is_told(
    database: str, pool: Pool
) -> None:
    with (
        psycopg.connect(database, autocommit=True) as other,
        pytest.raises(StoreUnavailable),
    ):
        end_while_used(pool, other)
