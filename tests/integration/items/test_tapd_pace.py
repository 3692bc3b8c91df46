"""TAPD is asked at the pace that it allows by all our processes together."""

import math

import pytest
from redis import Redis

from demo.machine.ports import free_port
from tapd.errors import Throttled
from tapd.shared_pace import LIMIT, SharedPace
from workers.queue.broker import make_client

MINUTE, ALLOWED = 60, 60


def open_pace(
    redis_url: str, *, owner: str = "app", patience: float = 0.0
) -> SharedPace:
    """The pace as another process has it."""
    return SharedPace(
        make_client(redis_url, timeout_seconds=1),
        redis_url=redis_url,
        owner=owner,
        patience_seconds=patience,
        wait=waits_in_vain,
    )


def waits_in_vain(seconds: float) -> None:
    raise AssertionError(f"waited {seconds}")


def use_up(pace: SharedPace) -> int:
    """How many calls may be made at once."""
    for number in range(ALLOWED):
        try:
            pace.take()
        except Throttled:
            return number
    return ALLOWED


def test_whatever_process_calls_there_are_never_more_than_sixty_in_a_minute() -> None:
    windows = math.ceil(MINUTE / LIMIT.get_expiry())

    assert windows * LIMIT.amount <= ALLOWED
    # With room for calls that are longer on their way than others.
    assert windows * LIMIT.get_expiry() > MINUTE + 5


def test_what_one_process_has_used_up_no_other_has_nor_the_same_after_its_restart(
    redis_url: str,
) -> None:
    assert use_up(open_pace(redis_url)) == LIMIT.amount

    with pytest.raises(Throttled) as turned_away:
        open_pace(redis_url).take()
    assert 0 < turned_away.value.wait_seconds <= LIMIT.get_expiry()
    # Another app at TAPD has a limit of its own.
    open_pace(redis_url, owner="another").take()


def test_a_turn_comes_again_and_is_waited_for(redis_url: str) -> None:
    use_up(open_pace(redis_url))
    redis = make_client(redis_url, timeout_seconds=1)
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        forget_calls(redis)

    pace = SharedPace(
        redis, redis_url=redis_url, owner="app", patience_seconds=60, wait=wait
    )
    pace.take()

    assert len(waited) == 1


def test_when_tapd_says_that_there_were_too_many_every_process_rests(
    redis_url: str,
) -> None:
    one, other = open_pace(redis_url), open_pace(redis_url)

    one.rest(40)
    # A shorter pause does not shorten it.
    other.rest(5)

    for pace in (one, other, open_pace(redis_url)):
        with pytest.raises(Throttled) as turned_away:
            pace.take()
        assert turned_away.value.wait_seconds > 30


def test_without_redis_each_process_keeps_its_own_calls_apart() -> None:
    nobody = f"redis://127.0.0.1:{free_port(0)}/0"
    pace = open_pace(nobody)

    pace.take()
    with pytest.raises(Throttled):
        pace.take()
    pace.rest(30)
    with pytest.raises(Throttled) as turned_away:
        pace.take()
    assert turned_away.value.wait_seconds > 25


def forget_calls(redis: Redis) -> None:
    """Time passes: the window is empty again."""
    for key in redis.scan_iter("LIMITS*"):
        redis.delete(key)
