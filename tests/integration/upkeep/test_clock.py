"""One clock leads; what it missed happens once; it ends when it is told to."""

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from store.database import StoreUnavailable, transaction
from store.inbox.leases import LEASE_SECONDS, RENEW_SECONDS
from store.platform import schedule
from tests.support.workbench import Workbench, environment_for, settings_for, workbench
from workers import clock
from workers.clock import RESYNC, Clock, next_resync, plan_resync, resync_if_due

ROOT = Path(__file__).parents[3]
# What a supervisor waits for before it kills.
GRACE_SECONDS = 25


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    # Far from now, whenever this runs: what is near would shorten the hour.
    far = datetime.now(UTC) + timedelta(hours=12)
    with workbench(
        database=database,
        redis_url=redis_url,
        RESYNC_CRON=f"0 {far.hour} * * *",
        SYNC_TIME_ZONE="UTC",
    ) as bench:
        yield bench


def a_clock(bench: Workbench) -> Clock:
    return Clock(bench.runtime, threading.Event())


def add_corps(bench: Workbench, *states: str) -> None:
    for number, state in enumerate(states):
        bench.add_corp(f"wp{number}", state=state)


def set_due(bench: Workbench, *, ago: str = "1 second") -> None:
    bench.rows(
        "INSERT INTO schedule VALUES ('resync', clock_timestamp() - %s::interval)", ago
    )


def wishes(bench: Workbench) -> list[float]:
    """After how many seconds each corp is due, in the order of their keys."""
    rows = bench.rows(
        "SELECT extract(epoch FROM due_at - clock_timestamp())::float8 AS seconds"
        " FROM corps WHERE due_cause = 'schedule' ORDER BY corp_pk"
    )
    return [row["seconds"] for row in rows]


@pytest.mark.parametrize(
    ("cron", "zone", "expected"),
    [
        ("0 2 * * *", "Asia/Shanghai", "2026-01-05T18:00:00+00:00"),
        ("0 2 * * *", "UTC", "2026-01-06T02:00:00+00:00"),
        ("*/15 * * * *", "UTC", "2026-01-05T12:15:00+00:00"),
        ("30 3 * * 0", "Asia/Shanghai", "2026-01-10T19:30:00+00:00"),
    ],
)
def test_the_schedule_is_read_in_its_time_zone(
    cron: str, zone: str, expected: str
) -> None:
    settings = settings_for(
        database="postgresql://x/y",
        redis_url="redis://x",
        RESYNC_CRON=cron,
        SYNC_TIME_ZONE=zone,
    )

    found = next_resync(settings, datetime(2026, 1, 5, 12, 0, tzinfo=UTC))

    assert found == datetime.fromisoformat(expected)


def test_every_linked_corp_is_due_within_the_hour_evenly_spread(
    bench: Workbench,
) -> None:
    add_corps(bench, "linked", "paused", "linked", "revoked", "linked", "linked")
    set_due(bench)

    done = resync_if_due(bench.runtime)

    assert done
    assert [round(seconds, -1) for seconds in wishes(bench)] == [0, 900, 1800, 2700]


def test_an_earlier_wish_of_a_corp_stays(bench: Workbench) -> None:
    add_corps(bench, "linked", "linked")
    bench.rows(
        "UPDATE corps SET due_cause = 'gap',"
        " due_at = clock_timestamp() - interval '1 s'"
    )
    set_due(bench)

    resync_if_due(bench.runtime)

    assert wishes(bench) == []


def test_times_that_were_missed_happen_once(bench: Workbench) -> None:
    add_corps(bench, "linked")
    set_due(bench, ago="5 days")

    done = [resync_if_due(bench.runtime) for _ in range(3)]

    assert done == [True, False, False]
    row = bench.row("SELECT due_at, now() AS now FROM schedule WHERE name = 'resync'")
    assert row["now"] < row["due_at"] <= row["now"] + timedelta(days=1)


def test_two_clocks_start_one_resync(bench: Workbench) -> None:
    add_corps(bench, "linked")
    set_due(bench)
    done: list[bool] = []
    threads = [
        threading.Thread(target=lambda: done.append(resync_if_due(bench.runtime)))
        for _ in range(4)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == [False, False, False, True]


def test_a_start_plans_the_next_time_but_keeps_a_missed_one(bench: Workbench) -> None:
    plan_resync(bench.runtime)
    planned = bench.row("SELECT due_at > now() AS ahead FROM schedule")
    bench.rows("UPDATE schedule SET due_at = now() - interval '1 hour'")

    plan_resync(bench.runtime)

    kept = bench.row("SELECT due_at < now() AS missed FROM schedule")
    assert (planned["ahead"], kept["missed"]) == (True, True)


def test_another_cron_counts_from_the_next_start(bench: Workbench) -> None:
    far = datetime.now(UTC) + timedelta(days=300)
    with transaction(bench.runtime.pool) as connection:
        schedule.plan(connection, RESYNC, far)

    plan_resync(bench.runtime)

    row = bench.row("SELECT due_at FROM schedule")
    assert row["due_at"] < far


def test_a_second_clock_stands_by(bench: Workbench) -> None:
    leader, other = a_clock(bench), a_clock(bench)

    for each in (leader, other):
        each.turn()

    assert (leader.leads, other.leads) == (True, False)


def test_a_clock_that_stands_by_takes_over_from_a_dead_leader(bench: Workbench) -> None:
    slept = itertools.count(step=LEASE_SECONDS)
    leader = Clock(bench.runtime, threading.Event(), seconds=lambda: next(slept))
    other = a_clock(bench)
    leader.turn()
    bench.rows("UPDATE leases SET expires_at = clock_timestamp() - interval '1 s'")

    other.turn()
    leader.turn()

    assert (leader.leads, other.leads) == (False, True)


def test_a_leader_renews_its_lease_every_few_seconds_and_not_at_each_turn(
    bench: Workbench,
) -> None:
    passed = iter([0.0, 1.0, RENEW_SECONDS - 0.1, RENEW_SECONDS])
    leader = Clock(bench.runtime, threading.Event(), seconds=lambda: next(passed))
    ends = []
    for _ in range(4):
        leader.turn()
        ends.append(bench.row("SELECT expires_at FROM leases")["expires_at"])

    assert ends[0] == ends[1] == ends[2] < ends[3]


def test_a_leader_that_stops_lets_another_lead_at_once(bench: Workbench) -> None:
    stopping = threading.Event()
    leader, other = Clock(bench.runtime, stopping), a_clock(bench)
    leader.turn()
    stopping.set()

    leader.run()
    other.turn()

    assert (leader.leads, other.leads) == (False, True)


def test_a_store_that_is_away_does_not_end_the_clock(
    bench: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    stopping = threading.Event()
    turns: list[str] = []

    def turn(_: Clock) -> None:
        turns.append("turned")
        if len(turns) == 2:
            stopping.set()
        raise StoreUnavailable("away")

    with patch.object(clock, "_TICK_SECONDS", 0.01), patch.object(Clock, "turn", turn):
        Clock(bench.runtime, stopping).run()

    assert turns == ["turned", "turned"]
    assert "clock waits, store away" in caplog.messages


@contextmanager
def running_clock(*, database: str, redis_url: str) -> Iterator[subprocess.Popen[str]]:
    """The clock as the Procfile starts it."""
    told = environment_for(database=database, redis_url=redis_url)
    process = subprocess.Popen(
        [sys.executable, "-m", "workers.clock"],
        cwd=ROOT,
        env={**os.environ, **told},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], phrase: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if phrase in line:
            return
    pytest.fail(f"the clock never said: {phrase}")


def end(process: subprocess.Popen[str]) -> int:
    """Its exit code, within the grace that a supervisor gives it."""
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=GRACE_SECONDS)


def test_the_process_ends_cleanly_when_told_to(bench: Workbench) -> None:
    settings = bench.runtime.settings
    with running_clock(
        database=settings.database_url, redis_url=settings.redis_url
    ) as process:
        read_until(process, "clock leads")

        code = end(process)

    assert code == 0


def test_the_process_waits_for_stores_that_are_away_and_still_ends() -> None:
    with running_clock(
        database="postgresql://nobody@127.0.0.1:9/none",
        redis_url="redis://127.0.0.1:10/0",
    ) as process:
        read_until(process, "clock waits, store away")

        code = end(process)

    assert code == 0
