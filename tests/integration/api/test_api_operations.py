"""Every action of the console is one of the API and of the command line, too."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis as redis_client
from click.testing import CliRunner, Result

import manage
from tests.support.webclient import (
    BEARER,
    Web,
    add_corp,
    add_event,
    add_member,
    open_web,
    web_environment,
)

NOW = datetime.now(UTC)


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        yield web


@pytest.fixture
def run(database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> "Runner":
    environment = web_environment(database=database, redis_url=redis_url)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Runner()


class Runner:
    """The command line with this service's settings."""

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(manage.cli, list(arguments))


def tell_worker(redis_url: str, name: str) -> None:
    with redis_client.Redis.from_url(redis_url) as redis:
        seen = int(redis.time()[0])
        about = {"queues": ["events"], "started_at": seen, "threads": []}
        redis.hset("workers:known", name, f"{seen}:{json.dumps(about)}")


def is_drained(redis_url: str, name: str) -> bool:
    with redis_client.Redis.from_url(redis_url) as redis:
        return bool(redis.hexists("workers:drained", name))


def audit(web: Web) -> list[tuple[str, str, str]]:
    rows = web.rows.execute("SELECT actor, act, reason FROM audit ORDER BY audit_id")
    return [(str(a), str(b), str(c)) for a, b, c in rows.fetchall()]


def test_a_batch_is_counted_started_and_stopped_by_the_api(web: Web) -> None:
    for _ in range(3):
        add_event(web.rows, "corp:wwcorp", "failed", error="TypeError")

    made = web.client.post(
        "/api/v1/retry-batches", json={"query": "error:TypeError"}, headers=BEARER
    )
    path = f"/api/v1/retry-batches/{made.get_json()['batch_id']}"
    unexplained = web.client.post(f"{path}/start", json={}, headers=BEARER)
    started = web.client.post(f"{path}/start", json={"reason": "x"}, headers=BEARER)
    again = web.client.post(f"{path}/start", json={"reason": "x"}, headers=BEARER)
    stopped = web.client.post(f"{path}/stop", headers=BEARER)

    assert (made.status_code, made.get_json()["matching"]) == (201, 3)
    assert (unexplained.status_code, started.status_code) == (422, 202)
    assert (again.status_code, stopped.get_json()["state"]) == (409, "stopped")
    assert audit(web) == [("api", "retry_matching", "x"), ("api", "stop_retries", "")]


@pytest.mark.parametrize("query", ["state:nonsense", "since:whenever"])
def test_a_query_that_cannot_be_meant_is_a_bad_request(web: Web, query: str) -> None:
    answer = web.client.post(
        "/api/v1/retry-batches", json={"query": query}, headers=BEARER
    )

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/retry-batches",
        "/retry-batches/x/start",
        "/retry-batches/x/stop",
        "/queues/rebuild",
        "/workers/x/drain",
        "/workers/x/resume",
        "/corps/wwcorp/members/zhang/resync",
    ],
)
def test_nothing_of_it_is_done_without_the_bearer(web: Web, path: str) -> None:
    answer = web.client.post(f"/api/v1{path}", json={"reason": "x"})

    assert answer.status_code == 401


def test_one_member_is_asked_about_again(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_member(web.rows, corp_pk, "zhang")

    answer = web.post("/corps/wwcorp/members/zhang/resync")
    unknown = web.post("/corps/wwcorp/members/nobody/resync")

    assert (answer.status_code, unknown.status_code) == (202, 404)
    rows = web.rows.execute("SELECT event_id::text, key FROM inbox").fetchall()
    assert rows == [(answer.get_json()["event_id"], "member:zhang")]


def test_workers_are_listed_and_drained_by_the_api(web: Web, redis_url: str) -> None:
    tell_worker(redis_url, "w-1")

    items = web.get("/workers")["items"]
    drained = web.client.post(
        "/api/v1/workers/w-1/drain", json={"reason": "x"}, headers=BEARER
    )
    was_drained = is_drained(redis_url, "w-1")
    web.post("/workers/w-1/resume")

    assert [(each["worker_id"], each["state"]) for each in items] == [("w-1", "alive")]
    assert (drained.status_code, was_drained) == (202, True)
    assert not is_drained(redis_url, "w-1")


def test_the_bell_is_rebuilt_by_the_api(web: Web) -> None:
    old = NOW - timedelta(minutes=1)
    add_event(web.rows, "corp:wwcorp", "pending", received_at=old)

    assert web.post("/queues/rebuild").get_json() == {"rung": 1}


def test_the_command_line_does_the_same(web: Web, run: Runner, redis_url: str) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_member(web.rows, corp_pk, "zhang")
    old = NOW - timedelta(minutes=1)
    add_event(web.rows, "corp:wwcorp", "failed", error="TypeError", received_at=old)
    tell_worker(redis_url, "w-1")

    counted = run("retry-matching", "error:TypeError")
    started = run("retry-matching", "error:TypeError", "--start", "--reason", "x")
    batch = re.findall(r"batch (\S+)", started.output)[0]
    results = [
        counted,
        started,
        run("stop-retries", batch),
        run("resync-member", "wwcorp", "zhang"),
        run("pause", "wwcorp", "--reason", "x"),
        run("resume", "wwcorp", "--reason", "x"),
        run("rebuild-bell"),
        run("list-workers"),
        run("drain-worker", "w-1", "--reason", "x"),
    ]

    assert [(each.exit_code, each.output) for each in results if each.exit_code] == []
    assert "1 events match" in counted.output
    assert is_drained(redis_url, "w-1")
    kinds = web.rows.execute(
        "SELECT kind FROM inbox WHERE state = 'pending' ORDER BY event_id"
    ).fetchall()
    assert kinds == [("change_contact",), ("paused",), ("resumed",)]
    assert [each[:2] for each in audit(web)] == [
        ("cli", "retry_matching"),
        ("cli", "stop_retries"),
        ("cli", "resync"),
        ("cli", "pause"),
        ("cli", "resume"),
        ("cli", "rebuild"),
        ("cli", "drain"),
    ]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("pause", "wwcorp"), 2),
        (("pause", "unknown", "--reason", "x"), 1),
        (("retry-matching", "--start"), 2),
        (("retry-matching", "state:nonsense"), 2),
        (("stop-retries", "unknown"), 1),
        (("drain-worker", "unknown", "--reason", "x"), 1),
    ],
)
def test_what_cannot_be_done_says_so_by_its_exit(
    run: Runner, arguments: tuple[str, ...], status: int
) -> None:
    assert run(*arguments).exit_code == status
