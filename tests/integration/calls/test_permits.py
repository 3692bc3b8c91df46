"""Permits to call are taken ahead by whoever calls fast, and each call is counted."""

import threading

import pytest
from redis import Redis

from wecom.errors import Throttled
from workers.calls.rate_limit import Permits
from workers.queue.broker import make_client

GET = "user/get"
CORP = "wpCorpAAAA"


def test_whoever_calls_fast_takes_permits_ahead_but_all_of_them_are_counted(
    redis_url: str,
) -> None:
    redis = make_client(redis_url, timeout_seconds=1)
    permits = Permits(redis, provider_limit=10_000, corp_limit=5_000)
    # The server counts for all tests that it served.
    before = _increments(redis)

    for _ in range(100):
        permits.take(GET, CORP)

    assert 100 <= _counted(redis) < 140
    assert _increments(redis) - before < 100


def test_processes_that_take_permits_ahead_never_pass_the_limit(redis_url: str) -> None:
    redis = make_client(redis_url, timeout_seconds=1)
    several = [Permits(redis, provider_limit=1_000, corp_limit=200) for _ in range(3)]
    made: list[int] = []

    def take_all() -> None:
        for number in range(1_000):
            several[number % 3].take(GET, CORP)
            made.append(number)

    with pytest.raises(Throttled):
        take_all()

    # What others took ahead and have not used is the price; it is small.
    assert 150 < len(made) <= 200


def test_permits_taken_ahead_lapse_after_a_second(redis_url: str) -> None:
    redis, now = make_client(redis_url, timeout_seconds=1), [0.0]
    permits = Permits(
        redis, provider_limit=10_000, corp_limit=5_000, clock=lambda: now[0]
    )
    for _ in range(60):
        permits.take(GET, CORP)
    counted = _counted(redis)

    now[0] = 1.5
    permits.take(GET, CORP)

    assert _counted(redis) == counted + 1


def test_threads_that_call_side_by_side_are_counted_once_each(redis_url: str) -> None:
    redis = make_client(redis_url, timeout_seconds=1)
    permits = Permits(redis, provider_limit=100_000, corp_limit=50_000)

    def call() -> None:
        for _ in range(50):
            permits.take(GET, CORP)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert 400 <= _counted(redis) < 440


def test_slow_callers_take_few_ahead(redis_url: str) -> None:
    redis, now = make_client(redis_url, timeout_seconds=1), [0.0]
    permits = Permits(
        redis, provider_limit=10_000, corp_limit=5_000, clock=lambda: now[0]
    )
    for _ in range(100):
        now[0] += 0.1
        permits.take(GET, CORP)

    assert 100 <= _counted(redis) < 110


def _increments(redis: Redis) -> int:
    stats = redis.info("commandstats").get("cmdstat_incrby", {"calls": 0})
    return int(stats["calls"])


def _counted(redis: Redis) -> int:
    return sum(int(redis.get(each) or 0) for each in redis.keys(f"rate:{CORP}:*"))
