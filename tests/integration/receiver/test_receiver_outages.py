"""Whatever the stores do, the receiver answers in time and loses no accepted mail."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import psycopg
import pytest
import redis
from flask import Flask

from demo.machine.postgres import prepare_postgres
from demo.machine.supervisor import Supervisor
from demo.machine.valkey import prepare_valkey
from store.migrate import migrate
from tests.support.processes.freezing import frozen
from tests.support.processes.servers import guard
from tests.support.receiving import (
    Draft,
    contact,
    receiver_on,
    rows_of,
    settings_for,
    wait_until,
)

# The interface says 800 ms; what the test's own machine adds is not the receiver's.
IN_TIME_SECONDS = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """Servers of this module alone, so that it may freeze them."""

    database: str
    redis_url: str
    postgres_pid: int
    valkey_pid: int


@pytest.fixture(scope="module")
def private() -> Iterator[Private]:
    with TemporaryDirectory(prefix="sync-") as folder, guard(Path(folder)) as guarded:
        postgres = prepare_postgres(guarded.state, environment=guarded.environment())
        valkey = prepare_valkey(guarded.state, environment=guarded.environment())
        supervisor = Supervisor(say=lambda _text: None, leash=guarded.leash)
        try:
            supervisor.start(postgres.service("max_connections=20"), valkey.service())
            pids = supervisor.pids()
            yield Private(
                database=postgres.ensure_database("outages"),
                redis_url=valkey.url(),
                postgres_pid=pids["postgres"],
                valkey_pid=pids["valkey"],
            )
        finally:
            supervisor.stop()


@pytest.fixture
def servers(private: Private) -> Private:
    """The servers, up, with an empty spill and inbox."""
    migrate(private.database)
    with psycopg.connect(private.database) as connection:
        connection.execute("TRUNCATE inbox, identities, gaps, refusals, receivers")
    with redis.Redis.from_url(private.redis_url) as client:
        client.flushdb()
    return private


@pytest.fixture
def app(servers: Private) -> Iterator[Flask]:
    settings = settings_for(database=servers.database, redis_url=servers.redis_url)
    with receiver_on(settings, is_patient=False) as app:
        assert app.extensions["shore"].landing.is_ready()
        yield app


@contextmanager
def locked_out(database: str) -> Iterator[None]:
    """A Postgres that answers, but lets nothing into the inbox."""
    with psycopg.connect(database) as connection:
        connection.execute("LOCK TABLE identities IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def crowded(database: str) -> Iterator[None]:
    """A Postgres without a connection to spare, nor one left in the pool."""
    with psycopg.connect(database, autocommit=True) as admin, ExitStack() as crowd:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        while True:
            try:
                crowd.enter_context(psycopg.connect(database))
            except psycopg.OperationalError:
                break
        yield


def _timed(app: Flask, number: int) -> tuple[int, bytes, float]:
    draft = Draft(message=contact("delete_party", Id=number))
    began = monotonic()
    answer = draft.send(app.test_client())
    return answer.status_code, answer.data, monotonic() - began


def _spilled(servers: Private) -> int:
    with redis.Redis.from_url(servers.redis_url) as client:
        return int(client.llen("spill"))


OUTAGES: dict[str, Callable[[Private], object]] = {
    "frozen": lambda servers: frozen(servers.postgres_pid),
    "locked": lambda servers: locked_out(servers.database),
    "crowded": lambda servers: crowded(servers.database),
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_without_postgres_mail_is_spilled_in_time(
    app: Flask, servers: Private, outage: str
) -> None:
    with ExitStack() as stack:
        stack.enter_context(OUTAGES[outage](servers))  # type: ignore[arg-type]  # any.
        answers = [_timed(app, number) for number in range(4)]

    assert [answer[:2] for answer in answers] == [(200, b"success")] * 4
    assert max(answer[2] for answer in answers) < IN_TIME_SECONDS
    assert _spilled(servers) == 4


def test_postgres_is_used_again_by_itself(app: Flask, servers: Private) -> None:
    with frozen(servers.postgres_pid):
        _timed(app, 1)

    recovered = wait_until(
        lambda: (
            _timed(app, 2)[0] == 200
            and len(rows_of(servers.database, "SELECT FROM inbox WHERE times_seen > 1"))
            > 0
        )
    )

    assert recovered


def test_connections_cut_by_a_restart_lose_no_mail(
    app: Flask, servers: Private
) -> None:
    with psycopg.connect(servers.database) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )

    status, body, _ = _timed(app, 1)

    kept = len(rows_of(servers.database, "SELECT FROM inbox")) + _spilled(servers)
    assert (status, body, kept) == (200, b"success", 1)


def test_without_redis_mail_is_kept_and_the_answer_does_not_wait(
    app: Flask, servers: Private
) -> None:
    with frozen(servers.valkey_pid):
        answers = [_timed(app, number) for number in range(4)]

    assert [answer[:2] for answer in answers] == [(200, b"success")] * 4
    # The ring is somebody else's business: nothing of it shows in the answer.
    assert max(answer[2] for answer in answers) < 0.3


def test_without_both_mail_is_refused_in_time_and_a_gap_is_opened_later(
    app: Flask, servers: Private
) -> None:
    with frozen(servers.valkey_pid), frozen(servers.postgres_pid):
        answers = [_timed(app, number) for number in range(4)]

    assert [answer[:2] for answer in answers] == [(503, b"")] * 4
    assert max(answer[2] for answer in answers) < IN_TIME_SECONDS
    assert wait_until(
        lambda: (
            rows_of(servers.database, "SELECT reason FROM gaps")
            == [{"reason": "refused"}]
        )
    )
    assert rows_of(servers.database, "SELECT reason, count FROM refusals") == [
        {"reason": "unavailable", "count": 4}
    ]


def test_a_redis_that_does_not_write_to_disk_takes_no_mail(
    app: Flask, servers: Private
) -> None:
    with redis.Redis.from_url(servers.redis_url) as client:
        client.config_set("appendonly", "no")
        try:
            with locked_out(servers.database):
                status, body, _ = _timed(app, 1)
        finally:
            client.config_set("appendonly", "yes")
        noted = wait_until(lambda: bool(client.exists("gap:refused")))

    # Redis is there, so it remembers the loss should this process die.
    assert (status, body, noted) == (503, b"", True)


def test_readiness_is_postgres_or_a_confirmed_spill(
    app: Flask, servers: Private
) -> None:
    client = app.test_client()

    with frozen(servers.postgres_pid):
        with_spill = client.get("/readyz").status_code
        with frozen(servers.valkey_pid):
            without_both = client.get("/readyz").status_code
            alive = client.get("/healthz").status_code
    with_both = client.get("/readyz").status_code

    assert (with_spill, without_both, alive, with_both) == (200, 503, 200, 200)
