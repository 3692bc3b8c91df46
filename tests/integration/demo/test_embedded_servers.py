"""The servers that tests and demo bring along behave as the real ones must."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from demo.machine.launch import Identity
from demo.machine.postgres import (
    choose_identity,
    find_programs,
    folders_outside,
    prepare_postgres,
)
from demo.machine.supervisor import Supervisor
from tests.support.processes.servers import Guarded, guard


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


def close_to_others(folder: Path) -> None:
    """As a home folder is, or a check-out below it."""
    folder.chmod(0o700)


def keep_to_oneself(folder: Path) -> None:
    """As everything is that was installed under a umask of 077."""
    for each in (folder, *folder.rglob("*")):
        each.chmod(each.stat().st_mode & 0o700)


@pytest.mark.parametrize("close", [close_to_others, keep_to_oneself])
def test_programs_that_only_root_can_read_run_whole_as_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, close: Callable[[Path], None]
) -> None:
    with guard(tmp_path / "state") as guarded:
        private = tmp_path / "private"
        identity = usable_identities()[-1]
        wheel = find_programs().parents[1]
        for each in (wheel, *wheel.parent.glob(f"{wheel.name}.libs")):
            shutil.copytree(each, private / each.name, symlinks=True)
        close(private)
        monkeypatch.syspath_prepend(private)

        server = prepare_postgres(
            guarded.state,
            environment=guarded.environment(),
            identity=identity,
        )

        said: list[str] = []
        supervisor = Supervisor(say=said.append, leash=guarded.leash)
        supervisor.start(server.service("fsync=off"))
        with psycopg.connect(server.ensure_database("made")) as connection:
            answer = connection.execute("SELECT current_database()").fetchone()
        supervisor.stop()
        beside = {each.name for each in server.programs.parents[2].iterdir()}
        for folder in folders_outside(guarded.state):
            shutil.rmtree(folder, ignore_errors=True)
    assert answer == ("made",)
    assert server.programs.is_relative_to(private) == (identity is not Identity.NOBODY)
    assert beside == {each.name for each in private.iterdir()}


def test_a_folder_made_by_root_stays_private(guarded: Guarded) -> None:
    assert guarded.state.folder.stat().st_mode & 0o777 == 0o700
