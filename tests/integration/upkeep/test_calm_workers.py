"""What waits for work is woken by work, and by nothing else."""

import threading
from collections.abc import Iterator, Sequence

import dramatiq
import pytest
import redis
from dramatiq.worker import Worker

from store.intake.spill import Spill
from tests.support.receiving import wait_until
from tests.support.workbench import Workbench, workbench
from workers.inbox.spill import move_spill
from workers.queue import consumer
from workers.queue.bell import open_bell
from workers.queue.broker import make_broker
from workers.queue.work_queue import WorkQueue
from workers.upkeep import jobs
from workers.upkeep.agenda import Agenda, JobTurn
from workers.upkeep.jobs import Crew, Job


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        client.config_resetstat()
        yield client


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def commands(client: redis.Redis, name: str) -> int:
    """How often Redis was asked for this since the test began."""
    told = client.info("commandstats").get(f"cmdstat_{name}", {"calls": 0})
    return int(told["calls"])


def test_a_thread_waits_for_an_item_and_not_for_a_time() -> None:
    queue, got = WorkQueue(), []
    waiting = threading.Thread(target=lambda: got.append(queue.get(timeout=0)))
    waiting.start()
    assert wait_until(lambda: queue.waiting == 1)

    queue.put("work")

    waiting.join(60)
    assert got == ["work"]


def test_what_is_left_when_it_is_over_can_be_taken_without_waiting() -> None:
    queue = WorkQueue()
    queue.put("left")

    queue.end()

    assert queue.get_nowait() == "left"


def test_all_threads_of_a_worker_end_when_it_does_though_none_looks_up(
    redis_url: str,
) -> None:
    worker = Worker(make_broker(redis_url, receiver=False), worker_threads=5)
    worker.start()
    queue = worker.work_queue
    assert isinstance(queue, WorkQueue)
    assert wait_until(lambda: queue.waiting == 5)

    worker.stop(timeout=60_000)

    assert not any(thread.is_alive() for thread in worker.workers)


def test_a_worker_works_as_long_as_there_is_work_and_ends_what_it_began(
    redis_url: str,
) -> None:
    broker = make_broker(redis_url, receiver=False)
    began, may_end, done = threading.Event(), threading.Event(), list[str]()

    def work(name: str) -> None:
        began.set()
        may_end.wait(60)
        done.append(name)

    dramatiq.actor(broker=broker, actor_name="drain", queue_name="events")(work)
    worker = Worker(broker, worker_threads=1)
    worker.start()
    open_bell(redis_url).ring("corp:a")
    assert began.wait(60)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()

    may_end.set()

    stopping.join(60)
    assert (stopping.is_alive(), done) == (False, ["corp:a"])


def test_where_nothing_comes_messages_are_asked_for_as_a_sign_of_life_only(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = make_broker(redis_url, receiver=False).consume(
        "events", prefetch=1, timeout=1_000
    )
    next(waiting)
    first = commands(client, "evalsha")

    next(waiting)
    second = commands(client, "evalsha")
    monkeypatch.setattr(consumer, "_LIFE_SIGN_SECONDS", 0.0)
    next(waiting)

    assert (second, commands(client, "evalsha")) == (first, first + 1)
    assert commands(client, "blmove") == 3


def test_after_a_vain_wait_a_message_is_fetched_as_soon_as_it_comes(
    redis_url: str, client: redis.Redis
) -> None:
    waiting = make_broker(redis_url, receiver=False).consume(
        "events", prefetch=1, timeout=1_000
    )
    next(waiting)
    open_bell(redis_url).ring("corp:a")

    found = [next(waiting), next(waiting)]

    assert [each and each.args for each in found] == [None, ("corp:a",)]


def test_an_empty_spill_is_one_question(bench: Workbench, client: redis.Redis) -> None:
    spill = Spill(bench.runtime.redis, bench.runtime.keyring)

    moved = move_spill(bench.runtime.pool, spill, bench.runtime.bell)

    assert (moved, commands(client, "exists"), commands(client, "llen")) == (0, 1, 0)


def test_a_group_in_which_nobody_has_a_turn_is_not_begun(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def note(_runtime: object, *, of: Sequence[Job], **_rest: object) -> None:
        begun.extend(job.name for job in of)

    groups = [
        (Job(name=name, work=lambda _: None, every_seconds=every),)
        for name, every in (("often", None), ("seldom", 3_600.0))
    ]
    monkeypatch.setattr(jobs, "AT_LENGTH", groups)
    monkeypatch.setattr(jobs, "tick", note)
    agenda = Agenda(bench.runtime.pool, [job.turn for (job,) in groups])
    crew = Crew(bench.runtime, threading.Event(), agenda=agenda)

    crew.turn()
    crew.join(60)
    agenda.look()
    crew.turn()
    crew.join(60)

    assert sorted(begun) == ["often", "often", "seldom"]


def test_who_asks_whether_anybody_has_a_turn_takes_none(bench: Workbench) -> None:
    turn = JobTurn(name="tidy", every_seconds=3_600.0)
    agenda = Agenda(bench.runtime.pool, [turn])
    agenda.look()

    asked = [agenda.has_any([turn]), agenda.has_any([turn])]

    assert asked == [True, True]
    assert agenda.take([turn]) == {"tidy"}
    assert not agenda.has_any([turn])
