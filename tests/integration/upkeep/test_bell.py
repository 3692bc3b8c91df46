"""The doorbell and the queue behind it, on a real Redis."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest
import redis
from dramatiq.brokers.stub import StubBroker
from dramatiq.worker import Worker

from tests.support.receiving import wait_until
from workers.queue.bell import Bell, Ringer, open_bell
from workers.queue.broker import (
    EXIT_CONSUMER_DIED,
    QUEUES,
    UnwantedRetries,
    find_dead_thread,
    make_broker,
    make_client,
)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def bell(redis_url: str) -> Bell:
    return open_bell(redis_url)


def _messages(client: redis.Redis, queue: str) -> list[tuple[str, object]]:
    texts = client.hvals(f"dramatiq:{queue}.msgs")
    return [(m["actor_name"], m["args"]) for m in map(json.loads, texts)]


def test_a_mailbox_is_rung_for_with_one_message(
    bell: Bell, client: redis.Redis
) -> None:
    answers = [bell.ring("corp:a") for _ in range(3)]

    assert answers == [True, True, True]
    assert _messages(client, "events") == [("drain", ["corp:a"])]


def test_once_answered_it_can_be_rung_for_again(
    bell: Bell, client: redis.Redis
) -> None:
    bell.ring("corp:a")

    bell.answer("corp:a")
    bell.ring("corp:a")

    assert len(_messages(client, "events")) == 2


def test_a_ring_that_nobody_answers_lasts_five_seconds(
    bell: Bell, client: redis.Redis
) -> None:
    bell.ring("corp:a")

    assert 0 < client.pttl("ring:corp:a") <= 5000


def test_runs_and_batches_have_queues_of_their_own(
    bell: Bell, client: redis.Redis
) -> None:
    bell.ring_run("r1")
    bell.ring_notices(7)

    assert _messages(client, "resync") == [("resync", ["r1"])]
    assert _messages(client, "notices") == [("deliver", [7])]
    assert client.exists("ring:run:r1", "ring:notices:7") == 2


def test_a_redis_that_is_not_there_raises_nothing() -> None:
    bell = open_bell("redis://127.0.0.1:1/0")

    assert (bell.ring("corp:a"), bell.answer("corp:a")) == (False, False)


def test_a_redis_that_is_full_raises_nothing(bell: Bell, client: redis.Redis) -> None:
    client.config_set("maxmemory", "1kb")
    try:
        rung = bell.ring("corp:a")
    finally:
        client.config_set("maxmemory", "0")

    assert not rung


def test_a_ring_whose_message_was_lost_does_not_silence_the_next(
    bell: Bell, client: redis.Redis
) -> None:
    broker = make_broker("redis://127.0.0.1:1/0", receiver=True)
    half_deaf = Bell(client, broker)

    lost = half_deaf.ring("corp:a")
    bell.ring("corp:a")

    assert not lost
    assert _messages(client, "events") == [("drain", ["corp:a"])]


def test_of_many_rings_only_those_without_a_message_are_taken_back(
    redis_url: str, client: redis.Redis
) -> None:
    class Once(StubBroker):
        """Takes one message, then none."""

        def enqueue(
            self, message: dramatiq.Message[Any], *, delay: int | None = None
        ) -> dramatiq.Message[Any]:
            if self.get_declared_queues():
                raise redis.ConnectionError
            self.declare_queue("taken")
            return message

    bell = Bell(client, Once(middleware=[]))

    rung = bell.ring_all(["corp:a", "corp:b", "corp:c"])

    assert not rung
    assert [client.exists(f"ring:corp:{each}") for each in "abc"] == [1, 0, 0]


def test_the_background_ringer_rings(bell: Bell, client: redis.Redis) -> None:
    ringer = Ringer(bell)

    ringer.ring("corp:a")
    ringer.ring("corp:b")

    assert wait_until(lambda: client.exists("ring:corp:a", "ring:corp:b") == 2)


def test_nothing_is_ever_queued_for_later(redis_url: str) -> None:
    broker = make_broker(redis_url, receiver=False)
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name="events", actor_name="drain", args=(), kwargs={}, options={}
    )

    with pytest.raises(ValueError, match="due times"):
        broker.enqueue(message, delay=1000)
    for queue in QUEUES:
        broker.declare_queue(queue)

    assert broker.get_declared_delay_queues() == set()


def test_an_actor_may_not_ask_for_retries(redis_url: str) -> None:
    broker = make_broker(redis_url, receiver=False)

    with pytest.raises(UnwantedRetries):
        dramatiq.actor(broker=broker, actor_name="a", max_retries=3)(_nothing)


def test_no_client_repeats_a_command_by_itself(redis_url: str) -> None:
    pool = make_client(redis_url, timeout_seconds=1).connection_pool

    connection = pool.make_connection()

    assert isinstance(connection, redis.Connection)
    assert connection.retry.get_retries() == 0


def test_a_worker_waits_at_the_queue_and_holds_no_more_than_it_can_do(
    redis_url: str,
) -> None:
    worker = Worker(make_broker(redis_url, receiver=False), worker_threads=3)

    worker.start()
    try:
        assert (worker.worker_timeout, worker.queue_prefetch) == (1000, 3)
    finally:
        worker.stop()


def test_a_consumer_is_woken_by_the_message_it_waits_for(
    redis_url: str, client: redis.Redis
) -> None:
    broker = make_broker(redis_url, receiver=False)
    consumer = broker.consume("events", prefetch=1, timeout=60_000)
    got: list[object] = []
    waiting = threading.Thread(target=lambda: got.append(next(consumer)))
    waiting.start()
    assert wait_until(lambda: client.info("clients")["blocked_clients"] == 1)

    open_bell(redis_url).ring("corp:a")

    waiting.join(10)
    assert (waiting.is_alive(), got) == (False, [None])
    assert _next(consumer).args == ("corp:a",)


def test_a_consumer_that_holds_enough_waits_until_something_is_done(
    redis_url: str,
) -> None:
    broker = make_broker(redis_url, receiver=False)
    consumer = broker.consume("events", prefetch=1, timeout=60_000)
    open_bell(redis_url).ring_all(["corp:a", "corp:b"])
    first = _next(consumer)
    waiting = threading.Thread(target=lambda: next(consumer))
    waiting.start()

    consumer.ack(first)

    waiting.join(10)
    assert not waiting.is_alive()
    assert _next(consumer).args == ("corp:b",)


def test_a_message_reaches_its_actor(redis_url: str) -> None:
    broker = make_broker(redis_url, receiver=False)
    got: list[str] = []
    dramatiq.actor(broker=broker, actor_name="drain", queue_name="events")(got.append)
    worker = Worker(broker, worker_threads=1)

    worker.start()
    try:
        open_bell(redis_url).ring("corp:a")
        arrived = wait_until(lambda: got == ["corp:a"])
    finally:
        worker.stop()

    assert arrived


def test_a_dead_consumer_is_noticed(redis_url: str) -> None:
    broker = make_broker(redis_url, receiver=False)
    broker.declare_queue("events")
    worker = Worker(broker, worker_threads=1)
    worker.start()
    try:
        alive = find_dead_thread(worker)
        consumer = worker.consumers["events"]
        consumer.stop()
        consumer.join()
        dead = find_dead_thread(worker)
    finally:
        worker.stop()

    assert (alive, dead) == (None, "events")


def test_a_process_whose_consumer_died_ends(redis_url: str) -> None:
    script = """
import sys
import threading
from dramatiq.worker import Worker
from workers.queue.broker import DoorbellBroker, Watchdog, make_client
client = make_client(sys.argv[1], timeout_seconds=1)
broker = DoorbellBroker(client=client, middleware=[Watchdog(watch_seconds=0.05)])
broker.declare_queue("events")
worker = Worker(broker, worker_threads=1)
worker.start()
worker.consumers["events"].stop()
worker.join()
worker.consumers["events"].join()
import threading
threading.Event().wait(20)
"""

    ended = subprocess.run(  # noqa: S603 - our own interpreter and script.
        [sys.executable, "-c", script, redis_url], timeout=30, check=False
    )

    assert ended.returncode == EXIT_CONSUMER_DIED


def _next(consumer: dramatiq.Consumer) -> dramatiq.MessageProxy:
    message = next(consumer)
    assert message is not None
    return message


def _nothing() -> None:
    """An actor that does nothing."""
