"""A Postgres that only follows another one: pages are read, and say what is wrong."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from demo.machine.postgres import Postgres, prepare_postgres
from demo.machine.supervisor import Supervisor
from store.migrate import migrate
from tests.support.console.asking import answers, tell_worker
from tests.support.console.desk import marks_in, open_desk
from tests.support.processes.servers import guard
from tests.support.webclient import add_corp, add_member


@pytest.fixture
def private() -> Iterator[tuple[Postgres, Supervisor]]:
    with TemporaryDirectory(prefix="sync-") as folder, guard(Path(folder)) as guarded:
        postgres = prepare_postgres(guarded.state, environment=guarded.environment())
        supervisor = Supervisor(say=lambda _text: None, leash=guarded.leash)
        try:
            supervisor.start(postgres.service("max_connections=20"))
            yield postgres, supervisor
        finally:
            supervisor.stop()


def test_a_standby_is_told_as_that_and_every_page_can_be_read(
    private: tuple[Postgres, Supervisor], redis_url: str
) -> None:
    postgres, supervisor = private
    database = postgres.ensure_database("standby")
    migrate(database)
    with open_desk(database=database, redis_url=redis_url) as desk:
        corp_pk = add_corp(desk.rows, "wwcorp")
        add_member(desk.rows, corp_pk, "zhang")
        tell_worker(desk.web.app.extensions["sync-services"].redis, "alive-1")
        # Long enough ago to be noted as used.
        desk.rows.execute(
            "UPDATE operator_sessions SET seen_at = now() - interval '10 minutes'"
        )
        supervisor.stop()
        (postgres.data / "standby.signal").touch()
        supervisor.start(postgres.service("max_connections=20"))
        wait_for(database)

        answers(
            desk,
            "/console/",
            en=r"Postgres takes no writes \(standby\).*DATABASE_URL",
            zh=r"Postgres 拒绝写入（standby）.*DATABASE_URL",
        )
        assert marks_in(desk.page("/console/"), "problem")[0] == "stores"
        for path in ("corps/wwcorp", "corps/wwcorp/people/zhang", "events", "queues"):
            assert desk.get(f"/console/{path}").status_code == 200, path


def wait_for(database: str) -> None:
    with psycopg.connect(database, connect_timeout=30) as connection:
        assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
