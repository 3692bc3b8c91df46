"""DATABASE_URL means one thing to everything of ours, and sessions begin alike."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from store.connecting import check_url, connect
from store.database import open_pool, transaction
from store.intake.bounded import bounded, open_bounded_pool
from store.migrate import list_missing, migrate
from tests.support.processes.pooler import picky_pooler

SHOWN = ("timezone", "datestyle", "transaction_isolation", "synchronous_commit")
OURS = ["UTC", "ISO, MDY", "read committed", "on"]
ODD_DEFAULTS = (
    "datestyle TO 'German'",
    "default_transaction_isolation TO 'repeatable read'",
    "default_transaction_read_only TO on",
    "timezone TO 'Asia/Shanghai'",
    "synchronous_commit TO off",
)


@pytest.fixture
def odd_database(empty_database: str) -> str:
    """A database whose owner set defaults that no statement of ours expects."""
    with psycopg.connect(empty_database, autocommit=True) as connection:
        name = connection.info.dbname
        for each in ODD_DEFAULTS:
            connection.execute(f'ALTER DATABASE "{name}" SET {each}'.encode())
    return empty_database


@pytest.fixture
def short_folder() -> Iterator[Path]:
    # pytest's own folders are too long for the name of a socket.
    with tempfile.TemporaryDirectory(prefix="pool-") as folder:
        yield Path(folder)


def from_pool(url: str) -> list[str]:
    pool = open_pool(url, size=1)
    try:
        with transaction(pool) as connection:
            return [_show(connection, name) for name in SHOWN]
    finally:
        pool.close()


def from_bounded_pool(url: str) -> list[str]:
    pool = open_bounded_pool(url, size=1)
    try:
        with bounded(pool, seconds=10) as connection:
            return [_show(connection, name) for name in SHOWN]
    finally:
        pool.close()


def from_connection(url: str) -> list[str]:
    with connect(url) as connection:
        return [_show(connection, name) for name in SHOWN]


ROADS = [from_pool, from_bounded_pool, from_connection]


@pytest.mark.parametrize("road", ROADS)
def test_whatever_the_servers_defaults_are_our_sessions_are_alike(
    odd_database: str, road: Callable[[str], list[str]]
) -> None:
    assert road(odd_database) == OURS


def test_migrations_do_not_mind_the_servers_defaults(odd_database: str) -> None:
    applied = migrate(odd_database)

    assert applied
    assert list_missing(odd_database) == []


def test_a_schema_named_in_the_address_is_used_by_all(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA app")
    url = f"{empty_database}&options=-csearch_path%3Dapp"

    migrate(url)

    pool = open_pool(url, size=1)
    with transaction(pool) as connection:
        [schemas] = connection.execute(
            "SELECT array_agg(DISTINCT schemaname::text) FROM pg_tables"
            " WHERE schemaname IN ('app', 'public')"
        ).fetchall()
        assert connection.execute("SELECT count(*) FROM inbox").fetchall() == [(0,)]
    pool.close()
    assert schemas == (["app"],)


def test_a_pooler_that_refuses_options_is_no_obstacle(
    empty_database: str, short_folder: Path
) -> None:
    server = _socket_folder(empty_database)
    with picky_pooler(short_folder, server=server) as folder:
        url = empty_database.replace(str(server), str(folder))

        migrate(url)

        assert [road(url) for road in ROADS] == [OURS] * len(ROADS)


def test_of_several_hosts_the_first_that_answers_is_taken(empty_database: str) -> None:
    server = _socket_folder(empty_database)
    url = empty_database.replace(str(server), f"/nowhere,{server}")

    migrate(url)

    assert list_missing(url) == []
    assert from_pool(url) == OURS


@pytest.mark.parametrize(
    "text",
    [
        "mysql://u:hunter2@h/d",
        "postgresql://u:hunter2@h:5432/d?nonsense=1",
        "postgresql://u:hunter2%zz@h/d",
        "postgresql://u:hunter2@[::1/d",
    ],
)
def test_an_address_that_libpq_cannot_read_is_refused_without_being_shown(
    text: str,
) -> None:
    with pytest.raises(ValueError, match=r"must look like|cannot be read") as refused:
        check_url(text)

    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def _socket_folder(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def _show(connection: psycopg.Connection[tuple[object, ...]], name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])
