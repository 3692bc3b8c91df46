"""A receiver's heartbeat, and whose clock counts."""

import time
from collections.abc import Callable, Iterator

import pytest

from store.intake.bounded import BoundedPool, open_bounded_pool
from store.intake.heartbeat import Pulse
from tests.support.receiving import rows_of, wait_until


@pytest.fixture
def pool(database: str) -> Iterator[BoundedPool]:
    with open_bounded_pool(database, size=2) as pool:
        yield pool


def _clock_off_by(seconds: float) -> Callable[[], float]:
    return lambda: time.time() + seconds


@pytest.mark.parametrize("off", [-7200, -40, 40, 7200])
def test_a_clock_far_from_postgres_does_not_count(pool: BoundedPool, off: int) -> None:
    pulse = Pulse(pool, own_clock=_clock_off_by(off))

    pulse.start()

    assert abs(pulse.now() - time.time()) < 5
    pulse.stop()


@pytest.mark.parametrize("off", [-20, 20])
def test_a_clock_near_postgres_counts(pool: BoundedPool, off: int) -> None:
    pulse = Pulse(pool, own_clock=_clock_off_by(off))

    pulse.start()

    assert abs(pulse.now() - time.time() - off) < 5
    pulse.stop()


def test_without_postgres_the_own_clock_counts() -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    with open_bounded_pool(nowhere, size=1) as pool:
        pulse = Pulse(pool)

        pulse.start(wait_seconds=0.1)

        assert abs(pulse.now() - time.time()) < 5
        pulse.stop()


def test_a_process_beats_from_its_start(pool: BoundedPool, database: str) -> None:
    pulse = Pulse(pool)

    pulse.start()

    assert len(rows_of(database, "SELECT receiver FROM receivers")) == 1
    pulse.stop()


def test_refusals_are_written_even_when_the_process_ends_at_once(
    pool: BoundedPool, database: str
) -> None:
    pulse = Pulse(pool)
    pulse.start()

    pulse.count_refusal("signature")
    pulse.count_refusal("signature")
    pulse.stop()

    rows = rows_of(database, "SELECT reason, count FROM refusals")
    assert rows == [{"reason": "signature", "count": 2}]


def test_lost_mail_becomes_a_gap(pool: BoundedPool, database: str) -> None:
    pulse = Pulse(pool)
    pulse.start()

    pulse.note_lost_mail()

    opened = [{"reason": "refused"}]
    assert wait_until(lambda: rows_of(database, "SELECT reason FROM gaps") == opened)
    pulse.stop()


def test_thirty_seconds_without_an_answer_are_a_gap_and_no_heartbeat(
    pool: BoundedPool, database: str
) -> None:
    pulse = Pulse(pool)
    pulse.watch(lambda: 31.0)

    pulse.start()

    opened = [{"reason": "receivers_silent"}]
    assert wait_until(lambda: rows_of(database, "SELECT reason FROM gaps") == opened)
    assert rows_of(database, "SELECT receiver FROM receivers") == []
    pulse.stop()


def test_a_gap_covers_all_of_the_silence_even_if_it_was_closed_meanwhile(
    pool: BoundedPool, database: str
) -> None:
    unserved = [31.0]
    pulse = Pulse(pool)
    pulse.watch(lambda: unserved[0])
    pulse.start()
    open_gaps = "SELECT reason FROM gaps WHERE closed_at IS NULL"
    assert wait_until(lambda: len(rows_of(database, open_gaps)) == 1)
    with pool.connection() as connection:
        connection.execute("UPDATE gaps SET closed_at = now()")

    unserved[0] = 0.0

    assert wait_until(lambda: len(rows_of(database, open_gaps)) == 1)
    beats = "SELECT receiver FROM receivers"
    assert wait_until(lambda: len(rows_of(database, beats)) == 1)
    pulse.stop()


def test_a_moment_without_an_answer_is_no_gap(pool: BoundedPool, database: str) -> None:
    pulse = Pulse(pool)
    pulse.watch(lambda: 29.0)

    pulse.start()
    pulse.stop()

    assert rows_of(database, "SELECT reason FROM gaps") == []
    assert len(rows_of(database, "SELECT receiver FROM receivers")) == 1
