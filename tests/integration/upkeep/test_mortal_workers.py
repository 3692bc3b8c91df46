"""The double of a worker that dies: its own boundaries count, and nothing beside it."""

import threading

import pytest

from store.database import StoreUnavailable
from tests.support.mortal import LEASE_KEEPER, WorkerDied
from tests.support.org.pipeline import Bench
from workers.lease import Keeper


def connect_as_keeper(bench: Bench) -> list[Exception]:
    met: list[Exception] = []

    def connect() -> None:
        try:
            with bench.runtime.pool.connection():
                pass
        except StoreUnavailable as error:
            met.append(error)

    thread = threading.Thread(target=connect, name=LEASE_KEEPER)
    thread.start()
    thread.join()
    return met


def test_renewing_leases_is_no_boundary_of_the_work(bench: Bench) -> None:
    bench.mortal.steps_left = 0

    assert connect_as_keeper(bench) == []
    with pytest.raises(WorkerDied), bench.runtime.pool.connection():
        pass
    # A dead worker's leases run out, and the thread that renewed them lives on.
    assert len(connect_as_keeper(bench)) == 1


def test_the_thread_has_the_name_that_the_double_knows() -> None:
    keeper = Keeper()
    keeper.drop(keeper.add(lambda: True))

    assert LEASE_KEEPER in {each.name for each in threading.enumerate()}
