"""A claim of a new userid brings nobody back whom WeCom does not show."""

from dataclasses import replace

import pytest

from domain.ids import Userid
from tests.support.org.histories import TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant, said

CORP = "wpCorpA"


def out_of_scope(bench: Bench) -> Tenant:
    """A corp whose woA left what we may see, and is a tombstone."""
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.change("woA", departments={4: 0}, main=4)
    for event in moved.outbox:
        bench.post(tenant, event)
    bench.settle(tenant)
    assert "woA" not in bench.org(tenant).members
    return tenant


def told(bench: Bench) -> list[str]:
    rows = bench.execute(
        "SELECT decision FROM journal WHERE key IN ('member:woA', 'member:woX')"
        " ORDER BY line_id"
    )
    return [decision for (decision,) in rows]


@pytest.mark.parametrize("steps", [["woX", "woA"], ["woX"]])
def test_who_left_the_scope_stays_out_whatever_they_were_called(
    bench: Bench, steps: list[str]
) -> None:
    tenant = out_of_scope(bench)
    before = told(bench)
    people = tenant.world.truth.people
    people[steps[-1]] = people.pop("woA")

    old = "woA"
    for second, new in enumerate(steps):
        bench.post(
            tenant, said("update_user", f"member:{old}", second=second, new_userid=new)
        )
        old = new
    bench.settle(tenant)

    assert told(bench) == before
    assert bench.org(tenant) == tenant.world.truth.org()


def test_who_comes_back_under_the_claimed_userid_is_who_they_were(
    bench: Bench,
) -> None:
    tenant = out_of_scope(bench)
    [(before,)] = bench.execute("SELECT member_pk FROM members WHERE userid = 'woA'")
    people = tenant.world.truth.people
    people["woX"] = replace(people.pop("woA"), departments={TEAM: 0}, main=TEAM)

    bench.post(tenant, said("update_user", "member:woA", second=3, new_userid="woX"))
    bench.post(tenant, said("subscribe", "member:woX", second=4))
    bench.settle(tenant)

    assert bench.execute("SELECT member_pk FROM members WHERE userid = 'woX'") == [
        (before,)
    ]
    assert Userid("woX") in bench.org(tenant).members
    assert bench.replayed(tenant) == bench.org(tenant)
