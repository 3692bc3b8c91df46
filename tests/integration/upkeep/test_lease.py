"""Leases beside long work: one thread renews them all, and each on its own."""

import threading
from functools import partial
from uuid import UUID

from store.database import Pool, transaction
from store.inbox import leases
from tests.support.workbench import Workbench
from workers.lease import Keeper, held, taken


def test_a_lease_is_held_for_a_block_and_given_back(simulated: Workbench) -> None:
    pool = simulated.runtime.pool

    with taken(pool, "corp:a") as token, taken(pool, "corp:a") as second:
        assert (token is None, second) == (False, None)

    assert _take(pool, "corp:a") is not None


def test_what_was_taken_before_is_not_given_back(simulated: Workbench) -> None:
    pool = simulated.runtime.pool
    token = _take(pool, "corp:a")

    with held(pool, "corp:a", token):
        pass

    with taken(pool, "corp:a") as second:
        assert second is None


def test_one_thread_renews_many_leases() -> None:
    keeper = Keeper(every_seconds=0.01)
    threads: set[str] = set()
    seen = [threading.Event() for _ in range(3)]

    entries = [keeper.add(partial(_note, each, threads)) for each in seen]

    assert all(each.wait(10) for each in seen)
    assert len(threads) == 1
    for each in entries:
        keeper.drop(each)


def test_a_renewal_that_fails_stops_no_other() -> None:
    keeper = Keeper(every_seconds=0.01)
    tried, renewed = threading.Event(), threading.Event()

    failing = keeper.add(partial(_fail, tried))
    assert tried.wait(10)
    keeper.drop(failing)
    keeper.add(partial(_note, renewed, set()))

    assert renewed.wait(10)


def test_what_was_dropped_is_renewed_no_more() -> None:
    keeper = Keeper(every_seconds=0.01)
    first, other = threading.Event(), threading.Event()
    entry = keeper.add(partial(_note, first, set()))
    assert first.wait(10)

    keeper.drop(entry)
    # One that was under way may end; whatever comes after the next turn is wrong.
    keeper.add(partial(_note, other, set()))
    assert other.wait(10)
    first.clear()
    other.clear()

    assert other.wait(10)
    assert not first.is_set()


def _take(pool: Pool, name: str) -> UUID:
    with transaction(pool) as connection:
        token = leases.take(connection, name)
    assert token is not None
    return token


def _note(seen: threading.Event, threads: set[str]) -> bool:
    threads.add(str(threading.get_ident()))
    seen.set()
    return True


def _fail(tried: threading.Event) -> bool:
    tried.set()
    raise RuntimeError("a store that answers nonsense")
