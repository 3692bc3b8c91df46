"""The servers that tests and demo bring along behave as the real ones must."""

import os
import shutil
from pathlib import Path

import psycopg
import pytest
import redis

from demo.launch import Identity
from demo.postgres import choose_identity, folders_outside, prepare_postgres
from demo.supervisor import Supervisor
from tests.support.servers import Guarded, guard


def test_every_test_gets_a_database_with_the_newest_schema(database: str) -> None:
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_name = 'inbox'"
        ).fetchone()

    assert rows == (1,)


def test_what_one_test_writes_no_other_sees(database: str) -> None:
    with psycopg.connect(database) as connection:
        before = connection.execute("SELECT to_regclass('left_behind')").fetchone()
        connection.execute("CREATE TABLE left_behind ()")

    assert before == (None,)


def test_what_one_test_wrote_is_gone(database: str) -> None:
    with psycopg.connect(database) as connection:
        before = connection.execute("SELECT to_regclass('left_behind')").fetchone()
        connection.execute("CREATE TABLE left_behind ()")

    assert before == (None,)


def test_a_commit_waits_for_the_log(database: str) -> None:
    with psycopg.connect(database) as connection:
        setting = connection.execute("SHOW synchronous_commit").fetchone()

    assert setting == ("on",)


def test_redis_confirms_a_write_that_is_on_disk(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.rpush("spill", "event")
        confirmed = client.execute_command("WAITAOF", 1, 0, 800)

    assert confirmed[0] == 1


def test_redis_starts_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


def usable_identities() -> list[Identity]:
    """Whom Postgres can run as on this machine."""
    if os.getuid() != 0:
        return [choose_identity()]
    return [choose_identity(), Identity.NOBODY]


@pytest.mark.parametrize("identity", usable_identities())
def test_postgres_runs_as_whoever_it_may(tmp_path: Path, identity: Identity) -> None:
    with guard(tmp_path / "state") as guarded:
        said: list[str] = []
        supervisor = Supervisor(say=said.append, leash=guarded.leash)
        server = prepare_postgres(
            guarded.state, environment=guarded.environment(), identity=identity
        )

        supervisor.start(server.service("fsync=off"))
        with psycopg.connect(server.ensure_database("made")) as connection:
            answer = connection.execute("SELECT current_database()").fetchone()

        supervisor.stop()
        for folder in folders_outside(guarded.state):
            shutil.rmtree(folder, ignore_errors=True)
    assert answer == ("made",)


def test_a_folder_made_by_root_stays_private(guarded: Guarded) -> None:
    assert guarded.state.folder.stat().st_mode & 0o777 == 0o700
