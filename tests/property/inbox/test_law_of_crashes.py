"""A worker may die at any boundary: before or after each commit, at each question.

Of boundaries of one kind, the first each time and all of them in a long test.
"""

from collections.abc import Callable
from functools import partial

import pytest

from tests.property.inbox.boundaries import listing, worth_dying_at
from tests.support.mortal import WorkerDied
from tests.support.org.histories import HOME, TAG, TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant

# Each boundary is a company of its own: minutes on a busy machine, and longer at night.
pytestmark = pytest.mark.timeout(600)


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


def test_a_drain_that_dies_anywhere_is_made_good_by_the_next(bench: Bench) -> None:
    tenant = prepare(bench, "wpLives")
    with listing(bench.mortal, tenant) as kinds:
        bench.drain(tenant)
    assert_right(bench, tenant)

    for step in worth_dying_at(kinds):
        tenant = prepare(bench, f"wpCorp{step}")

        died = dies_at(bench, tenant, step, partial(bench.drain, tenant))
        bench.settle(tenant)

        assert_right(bench, tenant)
        assert died == (step < len(kinds))


def test_a_run_that_dies_anywhere_is_made_good_by_the_next_worker(bench: Bench) -> None:
    tenant = prepare(bench, "wpLives")
    run_id = bench.request_run(tenant)
    with listing(bench.mortal, tenant) as kinds:
        bench.work_on(run_id)
    bench.settle(tenant)
    assert_right(bench, tenant)

    for step in worth_dying_at(kinds):
        tenant = prepare(bench, f"wpCorp{step}")
        run_id = bench.request_run(tenant)

        died = dies_at(bench, tenant, step, partial(bench.work_on, run_id))
        bench.settle(tenant)

        assert_right(bench, tenant)
        assert bench.run(run_id)["state"] == "done"
        assert died == (step < len(kinds))


def assert_right(bench: Bench, tenant: Tenant) -> None:
    org = bench.org(tenant)
    assert org == tenant.world.truth.org()
    assert bench.replayed(tenant) == org
    assert all(day.balances for day in bench.ledger_of(tenant))
