"""Limits hold across processes, and a failing endpoint is left alone for a while."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import pytest
from redis import Redis

from settings import WeComSettings
from simulator.faults import Kind
from store.database import transaction
from store.platform import pauses
from store.platform.metrics import CALLS
from tests.support.workbench import Workbench, settings_for, workbench
from wecom.errors import Throttled, Unavailable
from workers.calls.call_count import CallCount
from workers.calls.concurrent import ask_all
from workers.calls.meter import Rates, corp_limit
from workers.calls.pause_cache import KnownPauses
from workers.queue.broker import make_client
from workers.queue.metrics import Tallies

GET = "user/get"
CORP = "wpCorpAAAA"


def limits(*, corp: int = 1000, provider: int = 10_000) -> WeComSettings:
    settings = settings_for(database="postgresql://x/y", redis_url="redis://x")
    return replace(
        settings.wecom, corp_calls_per_minute=corp, provider_calls_per_minute=provider
    )


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        # What a corp's calls come to is kept while there is such a corp.
        bench.add_corp(CORP)
        yield bench


def rates(
    bench: Workbench,
    *,
    redis: Redis | None = None,
    corp: int = 1000,
    provider: int = 10_000,
) -> Rates:
    """The meter of a process of its own."""
    runtime = bench.runtime
    told = limits(corp=corp, provider=provider)
    return Rates(
        redis or runtime.redis,
        runtime.pool,
        told,
        known=KnownPauses(runtime.pool),
        tallies=runtime.tallies,
        lanes=runtime.lanes,
    )


def strike(meter: Rates, errcode: int | None, *, seconds: float = 0.1) -> None:
    meter.after(GET, CORP, errcode, seconds)


def fall(meter: Rates, errcode: int | None) -> None:
    """Fail so slowly that it cannot be a stumble."""
    strike(meter, errcode, seconds=9.0)


@pytest.mark.parametrize(
    ("corp", "provider", "expected"), [(100, 1000, 100), (100, 200, 50), (5, 2, 1)]
)
def test_a_corp_gets_at_most_a_quarter_of_the_provider(
    corp: int, provider: int, expected: int
) -> None:
    found = corp_limit(limits(corp=corp, provider=provider))

    assert found == expected


def test_processes_share_the_limit_of_a_corp(bench: Workbench) -> None:
    first, second = rates(bench, corp=4), rates(bench, corp=4)
    for meter in (first, second, first, second):
        meter.before(GET, CORP)

    with pytest.raises(Throttled) as caught:
        first.before(GET, CORP)

    assert 0 < caught.value.wait_seconds <= 120
    assert (caught.value.endpoint, caught.value.corp_id) == (GET, CORP)


def test_limits_are_kept_for_each_corp_and_endpoint(bench: Workbench) -> None:
    meter = rates(bench, corp=1)
    meter.before(GET, CORP)

    meter.before(GET, "wpOther")
    meter.before("department/simplelist", CORP)

    assert bench.runtime.redis.keys("rate:wp*")


def test_all_corps_together_stay_within_the_providers_limit(bench: Workbench) -> None:
    meter = rates(bench, provider=4)
    for number in range(4):
        meter.before(GET, f"wp{number}")

    with pytest.raises(Throttled):
        meter.before(GET, "wp5")


def test_a_refused_call_uses_nothing_up(bench: Workbench) -> None:
    meter = rates(bench, corp=2)
    for _ in range(2):
        meter.before(GET, CORP)
    for _ in range(5):
        with pytest.raises(Throttled):
            meter.before(GET, CORP)

    (counter,) = bench.runtime.redis.keys(f"rate:{CORP}:*")
    assert bench.runtime.redis.get(counter) == b"2"


def test_without_redis_nothing_is_asked(bench: Workbench) -> None:
    away = make_client("redis://127.0.0.1:9/0", timeout_seconds=0.1)
    meter = rates(bench, redis=away)

    with pytest.raises(Unavailable) as caught:
        meter.before(GET, CORP)

    assert caught.value.wait_seconds


def test_a_call_without_answer_starts_a_back_off(bench: Workbench) -> None:
    meter = rates(bench)

    fall(meter, None)

    with pytest.raises(Unavailable) as caught:
        meter.before("user/list", CORP)
    assert caught.value.wait_seconds is not None
    assert 0 < caught.value.wait_seconds <= 2
    meter.before(GET, "wpOther")
    meter.before("department/simplelist", CORP)


def test_another_process_respects_the_back_off(bench: Workbench) -> None:
    fall(rates(bench), -1)

    with pytest.raises(Unavailable):
        rates(bench).before(GET, CORP)


def test_a_back_off_doubles_up_to_five_minutes_and_ends_with_a_success(
    bench: Workbench,
) -> None:
    meter = rates(bench)
    waits = []
    for _ in range(12):
        fall(meter, -1)
        waits.append(
            bench.row("SELECT extract(epoch FROM until - now()) AS s FROM pauses")["s"]
        )
        bench.rows("UPDATE pauses SET until = clock_timestamp()")
    grown = waits[0] < waits[3] < waits[6]

    strike(rates(bench), 0)

    assert grown
    assert 149 <= waits[-1] <= 300
    assert bench.rows("SELECT * FROM pauses") == []


def test_failures_that_were_under_way_already_are_one_strike(bench: Workbench) -> None:
    meter = rates(bench)

    for _ in range(8):
        fall(meter, -1)

    assert bench.row("SELECT strikes FROM pauses") == {"strikes": 1}


def test_two_quick_failures_are_stumbles_and_the_third_is_an_outage(
    bench: Workbench,
) -> None:
    meter = rates(bench)
    for _ in range(2):
        strike(meter, -1)
    stumbled = bench.rows("SELECT * FROM pauses")

    strike(meter, -1)

    assert stumbled == []
    assert bench.row("SELECT strikes FROM pauses") == {"strikes": 1}


def test_a_success_between_failures_makes_them_stumbles(bench: Workbench) -> None:
    meter = rates(bench)

    for errcode in (-1, -1, 0, -1, -1):
        strike(meter, errcode)

    assert bench.rows("SELECT * FROM pauses") == []


def test_a_throttled_endpoint_waits_a_minute_then_twice_as_long(
    bench: Workbench,
) -> None:
    meter = rates(bench)
    for _ in range(3):
        strike(meter, 45009)
    with pytest.raises(Throttled) as first:
        meter.before(GET, CORP)
    bench.rows("UPDATE pauses SET until = clock_timestamp()")
    again = rates(bench)

    strike(again, 45009)

    with pytest.raises(Throttled) as second:
        again.before(GET, CORP)
    assert 55 < first.value.wait_seconds <= 60
    assert 115 < second.value.wait_seconds <= 120


def test_an_endpoint_throttled_again_and_again_waits_an_hour_at_most(
    bench: Workbench,
) -> None:
    for _ in range(9):
        strike(rates(bench), 45009)
        bench.rows("UPDATE pauses SET until = clock_timestamp()")

    strike(rates(bench), 45009)

    with pytest.raises(Throttled) as caught:
        rates(bench).before(GET, CORP)
    assert 3590 < caught.value.wait_seconds <= 3600


def test_a_refusal_is_an_answer_and_starts_no_back_off(bench: Workbench) -> None:
    meter = rates(bench)

    strike(meter, 60111)

    meter.before(GET, CORP)
    assert bench.rows("SELECT * FROM pauses") == []


def test_calls_are_tallied_by_endpoint_and_errcode(bench: Workbench) -> None:
    meter = rates(bench)
    for errcode in (0, 0, 60111, None):
        strike(meter, errcode)

    bench.runtime.tallies.write()

    assert bench.runtime.redis.hgetall(CALLS) == {
        b"user/get:0": b"2",
        b"user/get:60111": b"1",
        b"user/get:none": b"1",
    }


def test_tallies_write_themselves(redis_url: str) -> None:
    redis = make_client(redis_url, timeout_seconds=1)
    written = threading.Event()
    tallies = Tallies(redis, write_seconds=0.01)
    write = tallies.write

    def note() -> None:
        write()
        written.set()

    with patch.object(tallies, "write", note):
        tallies.add(CALLS, "user/get:0")

    assert written.wait(5)
    assert redis.hgetall(CALLS) == {b"user/get:0": b"1"}


def test_the_calls_of_a_run_are_those_that_wecom_saw(bench: Workbench) -> None:
    enterprise = bench.found(members=6)
    corp = bench.link(enterprise)
    bench.rows("DELETE FROM tokens")
    seen = bench.world.logs.list_calls(corp_id=None, endpoint=None, since=0)[-1].call_id
    bench.misbehave(Kind.ERRCODE, match=GET, errcode=42001, count=1)
    count = CallCount()
    api = bench.runtime.corp_api(corp, count=count)

    api.auth_info()
    ask_all(api.member, sorted(enterprise.now.members), at_once=lambda: 3)

    made = [
        call.endpoint
        for call in bench.world.logs.list_calls(corp_id=None, endpoint=None, since=seen)
        if "_token" not in call.endpoint
    ]
    assert count.total == len(made)
    assert count.by_endpoint == {
        "service/v2/get_auth_info": 1,
        GET: len(enterprise.now.members) + 1,
    }
    bench.runtime.corp_api(corp).auth_info()
    assert count.by_endpoint["service/v2/get_auth_info"] == 1


def test_a_pause_is_forgotten_with_its_corp(bench: Workbench) -> None:
    with transaction(bench.runtime.pool) as connection:
        for endpoint_class in ("user", "department"):
            pauses.note_failure(
                connection,
                owner=f"corp:{CORP}",
                endpoint_class=endpoint_class,
                reason=pauses.UNAVAILABLE,
                wait_seconds=None,
                error="user/get: HTTP 502",
            )

        noted = pauses.list_of(connection, f"corp:{CORP}")
        pauses.forget(connection, f"corp:{CORP}")

        left = pauses.list_of(connection, f"corp:{CORP}")
    assert (len(noted), left) == (2, [])
