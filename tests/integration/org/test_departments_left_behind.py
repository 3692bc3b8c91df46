"""A department that a read lacked goes with whoever was awaited in it."""

from dataclasses import replace

import pytest

from tests.support.org.histories import HOME, KEEPER, TAG, Company, company
from tests.support.org.pipeline import Bench, Tenant

CORP = "wpCorpA"

# Each takes TEAM, where woA is, out of the scope: by all departments, or by it alone.
NARROWED: dict[str, dict[str, object]] = {
    "members authorise": {"auth_mode": 1},
    "no department is usable": {
        "allow_departments": frozenset(),
        "allow_members": frozenset({KEEPER}),
        "whole_tree": True,
    },
    "another department": {
        "allow_departments": frozenset({4}),
        "allow_members": frozenset({KEEPER}),
    },
    "a tag of others": {
        "allow_departments": frozenset(),
        "allow_tags": frozenset({TAG}),
        "allow_members": frozenset({KEEPER}),
    },
}


def push(bench: Bench, tenant: Tenant, moved: Company) -> None:
    for event in reversed(moved.outbox):
        bench.post(tenant, event)
    moved.outbox.clear()


@pytest.mark.parametrize("how", NARROWED)
def test_it_goes_when_the_mail_about_them_is_settled(bench: Bench, how: str) -> None:
    truth = company()
    truth.people["woA"] = replace(truth.people["woA"], open_userid=None)
    tenant = bench.link_in_step(CORP, truth)
    moved = Company(tenant.world)
    # The run reads that both userids are refused, while the mail says they are one.
    moved.rename("woA", "woZ")
    moved.authorise(**NARROWED[how])
    push(bench, tenant, moved)

    bench.settle(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()


def test_who_is_in_other_departments_costs_no_listing(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.change(KEEPER, departments={HOME: 9})
    push(bench, tenant, moved)
    tenant.world.calls.clear()

    bench.drain(tenant)

    assert tenant.world.asked("departments") == 0
