"""What is rung second by second waits for no long job, and no job for another."""

import threading
from collections.abc import Iterator

import psycopg
import pytest

from store.intake.spill import Spill
from tests.support.workbench import Workbench, workbench
from workers.clock import Clock
from workers.upkeep import jobs
from workers.upkeep.agenda import Agenda
from workers.upkeep.jobs import Crew

PATIENCE_SECONDS = 60


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


@pytest.fixture
def stuck(bench: Workbench, database: str) -> Iterator[psycopg.Connection]:
    """Somebody holds a table that pruning wants to take rows from."""
    assert bench
    with psycopg.connect(database) as connection:
        connection.execute("LOCK TABLE identities IN ACCESS EXCLUSIVE MODE")
        yield connection


def a_crew(bench: Workbench) -> Crew:
    """All groups, whose first turn has come."""
    agenda = Agenda(bench.runtime.pool, [job.turn for job in jobs.JOBS])
    agenda.look()
    return Crew(bench.runtime, threading.Event(), agenda=agenda)


def test_a_prune_that_does_not_end_delays_no_ring(
    bench: Workbench, stuck: psycopg.Connection
) -> None:
    clock = Clock(bench.runtime, threading.Event())
    clock.turn()
    bench.post()

    clock.turn()

    rung = bench.runtime.redis.exists("ring:corp:wpA")
    stuck.rollback()
    assert rung == 1


def test_a_prune_that_does_not_end_delays_no_mail_of_the_spill(
    bench: Workbench, stuck: psycopg.Connection
) -> None:
    crew = a_crew(bench)
    crew.turn()
    spill = Spill(bench.runtime.redis, bench.runtime.keyring)
    # Not in the inbox by way of `identities`, which is held: only looked at.
    spill.remember_refusal()
    moved = threading.Event()

    def look() -> None:
        while spill.has_refusal():
            crew.turn()
        moved.set()

    threading.Thread(target=look, daemon=True).start()

    ended = moved.wait(PATIENCE_SECONDS)
    stuck.rollback()
    crew.join(PATIENCE_SECONDS)
    assert ended


def test_a_group_whose_turn_is_not_over_is_not_begun_twice(
    bench: Workbench, stuck: psycopg.Connection
) -> None:
    crew = a_crew(bench)
    crew.turn()
    crew.turn()

    names = [thread.name for thread in threading.enumerate()]
    stuck.rollback()
    crew.join(PATIENCE_SECONDS)
    assert names.count("upkeep-partitions") == 1


def test_every_job_belongs_to_one_group() -> None:
    grouped = [job.name for group in (jobs.PROMPT, *jobs.AT_LENGTH) for job in group]

    assert grouped == [job.name for job in jobs.JOBS]
    assert len(set(grouped)) == len(grouped)
