"""Queues and workers: what lies where, who works on it, who died and who took over."""

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis as redis_client

from store.health import workers
from store.health.workers import WorkerState
from tests.support.console.desk import Desk, figures_in, marks_in, open_desk, words_in
from tests.support.webclient import add_corp, add_event, insert
from workers.queue.presence import Presence

NOW = datetime.now(UTC)


@pytest.fixture
def redis(redis_url: str) -> Iterator[redis_client.Redis]:
    with redis_client.Redis.from_url(redis_url) as redis:
        yield redis


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        yield desk


def tell(redis: redis_client.Redis, name: str, *, silent_seconds: int = 0) -> None:
    seen = int(redis.time()[0]) - silent_seconds
    about = {
        "host": "here",
        "pid": 7,
        "queues": ["events"],
        "started_at": seen - 500,
        "threads": [["one", "drain corp:wwcorp", 2.0, 3], ["two", "", 0, 9]],
    }
    redis.hset("workers:known", name, f"{seen}:{json.dumps(about)}")


def states_in(page: str) -> dict[str, str]:
    found = re.findall(r'data-worker="([^"]+)" data-state="([^"]+)"', page)
    return dict(found)


def test_a_dead_worker_is_shown_with_its_time_and_who_took_over(
    desk: Desk, redis: redis_client.Redis
) -> None:
    tell(redis, "dead-1", silent_seconds=60)
    tell(redis, "alive-1")
    insert(
        desk.rows,
        "takeovers",
        mailbox="corp:wwcorp",
        dead_worker="dead-1",
        worker="alive-1",
        events=7,
    )

    page = desk.page("/console/queues")

    assert list(states_in(page).items()) == [("dead-1", "dead"), ("alive-1", "alive")]
    row = words_in(page.partition('data-worker="dead-1"')[2].partition("</tr>")[0])
    assert re.search(r"dead at [0-9:]{8}", row)
    assert "alive-1 took over 7 events of corp:wwcorp" in row


def test_each_thread_says_since_when_it_does_what(
    desk: Desk, redis: redis_client.Redis
) -> None:
    tell(redis, "alive-1")

    page = words_in(desk.page("/console/queues"))

    assert "1 of 2 busy" in page
    assert "drain corp:wwcorp 2 s" in page


def test_who_has_been_silent_for_a_day_is_forgotten(
    desk: Desk, redis: redis_client.Redis
) -> None:
    tell(redis, "old-1", silent_seconds=90_000)

    page = desk.page("/console/queues")

    assert states_in(page) == {}
    assert redis.hgetall("workers:known") == {}


class _Consumer:
    def __init__(self) -> None:
        self.paused = False

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False


class _Worker:
    """What the presence of a worker looks at."""

    def __init__(self) -> None:
        self.consumers = {"events": _Consumer()}
        self.workers = [threading.current_thread()]


def test_a_drained_worker_takes_nothing_more_until_it_is_resumed(
    desk: Desk, redis: redis_client.Redis
) -> None:
    presence, worker = Presence(redis), _Worker()
    presence._tell_more(worker)  # type: ignore[arg-type]  # as much of one as it sees
    [found] = workers.list_workers(redis)
    path = f"/console/queues/workers/{found.worker_id}"

    refused = desk.post(f"{path}/drain", reason=" ")
    answer = desk.post(f"{path}/drain", reason="a new disk")
    presence._tell_more(worker)  # type: ignore[arg-type]  # as above
    drained, shown = worker.consumers["events"].paused, desk.page("/console/queues")
    desk.post(f"{path}/resume")
    presence._tell_more(worker)  # type: ignore[arg-type]  # as above

    assert (refused.status_code, answer.status_code) == (400, 303)
    assert drained
    assert states_in(shown) == {found.worker_id: WorkerState.DRAINING}
    assert not worker.consumers["events"].paused
    assert states_in(desk.page("/console/queues")) == {
        found.worker_id: WorkerState.ALIVE
    }


def test_a_dead_worker_cannot_be_drained(desk: Desk, redis: redis_client.Redis) -> None:
    tell(redis, "dead-1", silent_seconds=60)

    answer = desk.post("/console/queues/workers/dead-1/drain", reason="why not")

    assert answer.status_code == 404
    assert redis.hgetall("workers:drained") == {}


def test_messages_are_opened_and_explained(
    desk: Desk, redis: redis_client.Redis
) -> None:
    told: dict[str, Any] = {
        "actor_name": "drain",
        "args": ["corp:wwcorp"],
        "message_timestamp": int(NOW.timestamp() * 1000),
    }
    redis.rpush("dramatiq:events", "m1", "m2")
    redis.hset("dramatiq:events.msgs", mapping={"m1": json.dumps(told), "m2": "broken"})

    page = words_in(desk.page("/console/queues"))

    assert "look into mailbox corp:wwcorp" in page
    assert "Events events 2 0" in page


def test_dead_letters_are_opened_and_explained(
    desk: Desk, redis: redis_client.Redis
) -> None:
    told: dict[str, Any] = {"actor_name": "drain", "args": ["corp:wwcorp"]}
    redis.zadd("dramatiq:events.XQ", {"m1": NOW.timestamp() * 1000})
    redis.hset("dramatiq:events.XQ.msgs", "m1", json.dumps(told))

    page = desk.page("/console/queues")

    assert figures_in(page)["dead_events"] == "1"
    assert "look into mailbox corp:wwcorp" in words_in(page)
    assert "Nothing is lost" in words_in(page)
    assert "没有丢失" in words_in(desk.page("/console/queues", language="zh-CN"))


def test_the_bell_is_rebuilt_from_postgres_after_redis_was_lost(
    desk: Desk, redis: redis_client.Redis
) -> None:
    add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    old = NOW - timedelta(minutes=1)
    add_event(desk.rows, "corp:wwcorp", "pending", received_at=old)
    redis.flushdb()

    answer = desk.post("/console/queues/rebuild", reason="redis was lost")

    assert answer.status_code == 303
    assert "1 things that were due" in words_in(desk.page(answer.headers["Location"]))
    assert redis.llen("dramatiq:events") == 1


def test_the_next_five_times_of_the_schedule_are_told(desk: Desk) -> None:
    page = desk.page("/console/queues")

    times = re.findall(r"\d{4}-\d\d-\d\d 02:00:00 UTC\+08:00", page)
    assert len(times) == 5
    assert times == sorted(times)


def test_leases_say_who_holds_what_and_which_are_stranded(desk: Desk) -> None:
    for name, hours in (("corp:held", 1), ("corp:stranded", -1)):
        insert(
            desk.rows,
            "leases",
            mailbox=name,
            token="00000000-0000-0000-0000-000000000001",
            expires_at=NOW + timedelta(hours=hours),
        )

    page = words_in(desk.page("/console/queues"))

    assert page.index("corp:stranded") < page.index("corp:held")
    assert "stranded: its worker is gone" in page


def test_marks_of_workers_are_theirs_alone(
    desk: Desk, redis: redis_client.Redis
) -> None:
    tell(redis, 'odd"<script>')

    page = desk.page("/console/queues")

    assert "<script>" not in page.partition("<main")[2]
    assert marks_in(page, "worker") == ['odd"<script>']
