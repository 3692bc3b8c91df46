"""Whatever happens in a company: nobody waits twice, and nothing is held anew."""

import random
from typing import Any

import pytest

from store.database import transaction
from store.runs import approvals
from tests.support.org.histories import company
from tests.support.org.lives import Life
from tests.support.org.pipeline import Bench, Tenant

CORP = "wpCorpA"
WAITING = (
    "SELECT entry.key, entry.before ->> 'open_userid'"
    " FROM plan_entries AS entry JOIN plans USING (plan_id)"
    " WHERE entry.state = 'waiting' AND plans.state = ANY(%s)"
)


def go_on(bench: Bench, tenant: Tenant, life: Life, chance: random.Random) -> None:
    """Some changes, told or not, and some decisions about what they held up."""
    for _ in range(chance.randint(1, 4)):
        life.go_on()
    for event in life.company.outbox:
        bench.post(tenant, event)
    life.company.outbox.clear()
    bench.settle(tenant)
    for (plan_id,) in bench.execute("SELECT plan_id FROM plans WHERE state = 'held'"):
        decide = chance.choice([None, approvals.approve, approvals.reject])
        with transaction(bench.runtime.pool) as connection:
            if decide is approvals.approve:
                approvals.approve(connection, plan_id, plan_hash=None, by="api")
            elif decide is approvals.reject:
                approvals.reject(connection, plan_id, by="api")
    bench.settle(tenant)
    bench.resync(tenant)


def reject_some(bench: Bench, chance: random.Random) -> None:
    """Keep whom some plans would remove; WeCom goes on saying what it said."""
    for (plan_id,) in bench.execute("SELECT plan_id FROM plans WHERE state = 'held'"):
        if chance.random() < 0.5:
            with transaction(bench.runtime.pool) as connection:
                approvals.reject(connection, plan_id, by="api")


def remembered(bench: Bench) -> list[Any]:
    return [
        bench.execute("SELECT plan_id, state FROM plans ORDER BY plan_id"),
        bench.execute("SELECT plan_id, key, state FROM plan_entries ORDER BY 1, 2"),
        bench.execute("SELECT count(*) FROM journal"),
    ]


def waiting(bench: Bench, *states: str) -> list[str]:
    return [key for key, _ in bench.execute(WAITING, list(states))]


def people_waiting(bench: Bench) -> dict[str, str]:
    """Who they are, by userid; another may bear it by now, and waits for it."""
    rows = bench.execute(WAITING, ["held", "approved", "rejected"])
    return {
        key.removeprefix("member:"): person
        for key, person in rows
        if key.startswith("member:")
    }


@pytest.mark.parametrize("seed", [3, 5])
def test_nobody_is_held_twice_or_asked_about_again(bench: Bench, seed: int) -> None:
    tenant = bench.link_in_step(CORP, company())
    bench.execute(
        'UPDATE companies SET guard = \'{"switch": "on", "removals": 1, "share": 0}\''
    )
    life, chance = Life(tenant, seed), random.Random(seed)  # noqa: S311 - what comes next

    for _ in range(6):
        go_on(bench, tenant, life, chance)
        reject_some(bench, chance)
        before = remembered(bench)
        bench.resync(tenant, deep=True)

        assert remembered(bench) == before
        undecided = waiting(bench, "held", "approved")
        assert len(undecided) == len(set(undecided))
        people = people_waiting(bench)
        there = {
            (who, each.open_userid)
            for who, each in life.company.world.truth.people.items()
            if is_usable(life, who)
        }
        assert not people.items() & there
        assert people.keys() <= set(bench.org(tenant).members)


def is_usable(life: Life, userid: str) -> bool:
    return bool(life.company.world.truth.grounds(userid))
