"""A worker may die at any boundary: before or after each commit, at each question."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.support.mortal import WorkerDied
from tests.support.org.histories import HOME, TAG, TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant

# More boundaries than any of these works has; the last ones let it live.
MOST_STEPS = 280


def turn_the_company_over(moved: Company) -> None:
    """Something of everything: people, departments, the tag."""
    moved.hire("woNew", TEAM)
    moved.rename("woa", "woZ")
    moved.leave("woA")
    moved.place(9, HOME, 5)
    moved.hire("woNine", 9)
    moved.change("woKeeper", status=2)
    moved.tag(frozenset({"woB"}), frozenset({4}))


def prepare(bench: Bench, corp_id: str) -> Tenant:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    tenant = bench.link_in_step(corp_id, truth)
    moved = Company(tenant.world)
    turn_the_company_over(moved)
    for event in moved.outbox:
        bench.post(tenant, event)
    return tenant


def dies_at(bench: Bench, tenant: Tenant, step: int, work: Callable[[], None]) -> bool:
    """Whether the worker had so many boundaries to die at."""
    bench.mortal.steps_left = step
    tenant.world.watch = lambda _: bench.mortal.step()
    try:
        work()
    except WorkerDied:
        return True
    finally:
        tenant.world.watch = lambda _: None
        bench.bury(tenant)
    return False


@pytest.mark.parametrize("start", range(4))
def test_a_drain_that_dies_anywhere_is_made_good_by_the_next(
    bench: Bench, start: int
) -> None:
    for step in range(start, MOST_STEPS, 4):
        tenant = prepare(bench, f"wpCorp{step}")

        died = dies_at(bench, tenant, step, partial(bench.drain, tenant))
        bench.settle(tenant)

        assert_right(bench, tenant)
        if not died:
            return
    raise AssertionError("a drain has more boundaries than that")


@pytest.mark.parametrize("start", range(8))
def test_a_run_that_dies_anywhere_is_made_good_by_the_next_worker(
    bench: Bench, start: int
) -> None:
    for step in range(start, MOST_STEPS, 8):
        tenant = prepare(bench, f"wpCorp{step}")
        run_id = bench.request_run(tenant)

        died = dies_at(bench, tenant, step, partial(bench.work_on, run_id))
        bench.settle(tenant)

        assert_right(bench, tenant)
        assert bench.run(run_id)["state"] == "done"
        if not died:
            return
    raise AssertionError("a run has more boundaries than that")


def assert_right(bench: Bench, tenant: Tenant) -> None:
    org = bench.org(tenant)
    assert org == tenant.world.truth.org()
    assert bench.replayed(tenant) == org
    assert all(day.balances for day in bench.ledger_of(tenant))
