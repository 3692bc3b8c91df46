"""Postgres hangs: every page says so soon, in words, with what to do next."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from demo.machine.postgres import prepare_postgres
from demo.machine.supervisor import Supervisor
from store.migrate import migrate
from tests.support.console.desk import Desk, open_desk, words_in
from tests.support.processes.freezing import frozen
from tests.support.processes.servers import guard
from tests.support.webclient import add_corp, add_member
from web.app import STORE_SECONDS
from web.http.patience import PAGE_SECONDS

PATHS = (
    "/console/",
    "/console/corps/wwcorp",
    "/console/corps/wwcorp/people/zhang",
    "/console/events",
    "/console/queues",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """A Postgres that nobody else uses."""

    database: str
    pid: int


@pytest.fixture(scope="module")
def private() -> Iterator[Private]:
    with TemporaryDirectory(prefix="sync-") as folder, guard(Path(folder)) as guarded:
        postgres = prepare_postgres(guarded.state, environment=guarded.environment())
        supervisor = Supervisor(say=lambda _text: None, leash=guarded.leash)
        try:
            supervisor.start(postgres.service("max_connections=20"))
            database = postgres.ensure_database("away")
            migrate(database)
            yield Private(database=database, pid=supervisor.pids()["postgres"])
        finally:
            supervisor.stop()


@pytest.fixture
def desk(private: Private, redis_url: str) -> Iterator[Desk]:
    with psycopg.connect(private.database) as connection:
        connection.execute("TRUNCATE corps, companies, members CASCADE")
    with open_desk(database=private.database, redis_url=redis_url) as desk:
        corp_pk = add_corp(desk.rows, "wwcorp")
        add_member(desk.rows, corp_pk, "zhang")
        yield desk


@pytest.mark.parametrize("path", PATHS)
def test_a_page_answers_while_postgres_hangs_and_says_what_to_do(
    desk: Desk, private: Private, path: str
) -> None:
    assert desk.get(path).status_code == 200

    # Without an end to our own patience these would never be answered.
    with frozen(private.pid):
        english = desk.get(path)
        chinese = desk.get(path, language="zh-CN")

    assert (english.status_code, chinese.status_code) == (503, 503)
    assert "The database cannot be reached" in words_in(english.text)
    assert "Reload in a moment" in words_in(english.text)
    assert "连不上数据库" in words_in(chinese.text)
    assert "请稍后刷新" in words_in(chinese.text)
    assert desk.get(path).status_code == 200


def test_a_backend_that_hangs_is_given_up_and_another_one_is_asked(
    desk: Desk, private: Private
) -> None:
    assert desk.get("/console/").status_code == 200

    with frozen(private.pid, children_alone=True):
        answers = [desk.get("/console/").status_code]
        while answers[-1] != 200:
            answers.append(desk.get("/console/").status_code)

    assert set(answers) == {503, 200}


def test_a_page_that_nobody_answers_is_given_up_within_three_seconds() -> None:
    # A connection is waited for, and may be asked for a sign of life at the end.
    assert STORE_SECONDS + PAGE_SECONDS < 3


def test_an_answer_that_comes_too_late_is_never_read_as_anothers(
    desk: Desk, private: Private
) -> None:
    with frozen(private.pid):
        assert desk.get("/console/corps/wwcorp").status_code == 503

    for path in PATHS * 2:
        assert desk.get(path).status_code == 200
