"""What every test may ask for: real servers, a fresh database, a browser."""

import gc
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
import redis
from playwright.sync_api import Browser, Page, expect, sync_playwright

from demo.machine.leftovers import MARK
from store.migrate import migrate
from tests.support.examples import choose_profile
from tests.support.notices.outbox import Post, post_office
from tests.support.org.in_step import KeptCorps
from tests.support.org.pipeline import Bench
from tests.support.people.visiting import Visit, anew, open_visit, wait_for_readers
from tests.support.people.walking import Walk, cleaned, walking
from tests.support.processes.browsers import find_chromium, switches
from tests.support.processes.compiled import keep_routes
from tests.support.processes.lending import Lending, Lent
from tests.support.processes.memory import scratch_folder
from tests.support.processes.servers import (
    Guarded,
    database_name,
    empty_redis,
    guard,
    running_postgres,
    running_valkey,
    scratch_database,
)
from tests.support.sharing import FilesAndRooms, by_length
from tests.support.workbench import Workbench, workbench

# Before any law is read: it takes what is not said of it from the profile.
choose_profile()
keep_routes()
# Page tests wait for a state, however busy the machine is.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    items[:] = by_length(items)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Tests, modules and schemas stay to the end: no collection walks them again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        # As workers do (docs/decisions/0079): a thirtieth of what tests cost.
        gc.set_threshold(50_000, 20, 50)
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share files out as `--dist loadfile` does, but keep some rooms together."""
    is_by_file = config.getoption("dist") == "loadfile"
    return FilesAndRooms(config, log) if is_by_file else None


@pytest.fixture(scope="session")
def guarded() -> Iterator[Guarded]:
    """A scratch folder; what tests start ends with them, also after a kill."""
    # A short path of its own: pytest's are too long for a socket and are kept.
    with (
        scratch_folder("sync") as folder,
        guard(folder) as guarded,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv(MARK, str(guarded.state.folder))
        yield guarded


@pytest.fixture(scope="session")
def postgres_url(guarded: Guarded) -> Iterator[str]:
    """A server on which databases may be made: DATABASE_URL's, else an embedded one."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    with running_postgres(guarded) as server:
        yield server.url("postgres")


@pytest.fixture(scope="session")
def redis_server_url(guarded: Guarded) -> Iterator[str]:
    """An empty database of a server: REDIS_URL's, else an embedded one."""
    if given := os.environ.get("REDIS_URL"):
        yield empty_redis(given, share=_number(), shares=_processes())
        return
    with running_valkey(guarded) as server:
        yield server.url()


def _number() -> int:
    """Which of the processes that test at once this is."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def _processes() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


@pytest.fixture(scope="session")
def database_admin(postgres_url: str) -> Iterator[psycopg.Connection]:
    """Who makes databases: one for all tests, for to connect takes a fifth of it."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def template(database_admin: psycopg.Connection, postgres_url: str) -> Iterator[str]:
    """The name of a database with the newest schema, migrated once for all tests."""
    with scratch_database(database_admin, postgres_url) as url:
        migrate(url)
        yield database_name(url)


@pytest.fixture(scope="session")
def lending(
    database_admin: psycopg.Connection, postgres_url: str, template: str
) -> Iterator[Lending]:
    """Databases with the newest schema, for one test after another."""
    with closing(Lending(database_admin, postgres_url, template=template)) as lending:
        yield lending


@pytest.fixture
def lent(lending: Lending) -> Iterator[Lent]:
    """A database with the newest schema and nothing in it, and pools for it."""
    with lending.lend() as lent:
        yield lent


@pytest.fixture
def database(lent: Lent) -> str:
    """The address of a database with the newest schema and nothing in it."""
    return lent.url


@pytest.fixture(scope="module")
def module_database(
    database_admin: psycopg.Connection, postgres_url: str, template: str
) -> Iterator[str]:
    """The same for all tests of a module, which empty it for each other."""
    with scratch_database(database_admin, postgres_url, template=template) as url:
        yield url


@pytest.fixture
def empty_database(
    database_admin: psycopg.Connection, postgres_url: str
) -> Iterator[str]:
    """The address of a fresh database without any schema."""
    with scratch_database(database_admin, postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def redis_flusher(redis_server_url: str) -> Iterator[redis.Redis]:
    """Who empties the database: one for all tests."""
    with redis.Redis.from_url(redis_server_url) as client:
        yield client


@pytest.fixture
def redis_url(redis_server_url: str, redis_flusher: redis.Redis) -> Iterator[str]:
    """The address of a Redis database in which nothing is, flushed afterwards too."""
    redis_flusher.flushdb()
    yield redis_server_url
    redis_flusher.flushdb()


@pytest.fixture(scope="session")
def kept_corps() -> KeptCorps:
    """What first reads of the corps that most tests begin with have left."""
    return KeptCorps()


@pytest.fixture
def bench(
    lent: Lent,
    redis_url: str,
    kept_corps: KeptCorps,
    request: pytest.FixtureRequest,
) -> Iterator[Bench]:
    """The pipeline of workers on real stores, WeCom and the doorbell in our hands."""
    # Under a patch, a first read may leave something else.
    is_patched = "monkeypatch" in request.fixturenames
    bench = Bench(
        lent.url, redis_url, kept=None if is_patched else kept_corps, lent=lent
    )
    yield bench
    bench.close()


@pytest.fixture
def simulated(lent: Lent, redis_url: str) -> Iterator[Workbench]:
    """Workers on real stores, and the simulator as WeCom and TAPD."""
    with workbench(database=lent.url, redis_url=redis_url, lent=lent) as bench:
        yield bench


@pytest.fixture
def post(simulated: Workbench) -> Post:
    """A corp in step whose members can be asked."""
    return post_office(simulated)


@pytest.fixture(scope="module")
def shared_visit(module_database: str, redis_server_url: str) -> Iterator[Visit]:
    """A member's browser at the web; making the web takes longer than a test."""
    with open_visit(database=module_database, redis_url=redis_server_url) as visit:
        yield visit


@pytest.fixture
def visit(shared_visit: Visit, redis_url: str) -> Iterator[Visit]:
    """The same, empty; Redis is emptied too."""
    assert redis_url
    yield anew(shared_visit)
    wait_for_readers()


@pytest.fixture(scope="module")
def place(module_database: str, redis_server_url: str) -> Iterator[Walk]:
    """Browsers at the web, workers and the simulator; made once for a module."""
    with (
        workbench(database=module_database, redis_url=redis_server_url) as bench,
        walking(bench) as place,
    ):
        yield place


@pytest.fixture
def walk(place: Walk) -> Iterator[Walk]:
    """The same, with nothing in it."""
    with cleaned(place) as walk:
        yield walk
        wait_for_readers()


@pytest.fixture(scope="session")
def browser(guarded: Guarded) -> Iterator[Browser]:
    """A headless Chromium for all tests; without one the test fails and says how."""
    program = find_chromium(os.environ)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=switches(root=os.getuid() == 0)
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a context of its own: no cookies of other tests."""
    context = browser.new_context(locale="zh-CN")
    yield context.new_page()
    context.close()
