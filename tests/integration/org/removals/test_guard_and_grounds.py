"""Whose grounds change alone was not seen: what waits for them goes on waiting."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.ids import Userid
from domain.reasons import Doubt
from domain.reconcile.leavers import Undecided
from store.database import transaction
from store.org import absences
from store.runs import approvals
from tests.support.org.guarding import HOME, OTHER, active, delete, guarded, staffed
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import Holding, Place, Truth

CORP = "wpGrounds"
TAG, TEAM = 5, 4
STAFF = [f"woStaff{number:02}" for number in range(12)]
GONE = STAFF[:8]
# So many that the guard would let them go by themselves.
FEW = GONE[:2]


@pytest.fixture
def strict(bench: Bench) -> Bench:
    return guarded(bench, removals=2, share=0.0)


def company() -> Truth:
    """A few of the staff have a department of their own, and a tag holds nothing."""
    truth = staffed(STAFF)
    truth.departments[TEAM] = Place(parent=HOME)
    for each in FEW:
        person = truth.people[each]
        truth.people[each] = replace(person, departments={TEAM: 1}, main=TEAM)
    truth.allow_tags, truth.tags[TAG] = frozenset({TAG}), Holding()
    return truth


def tag_the_team(bench: Bench, tenant: Tenant) -> None:
    truth = tenant.world.truth.copy()
    truth.tags[TAG] = Holding(departments=frozenset({TEAM}))
    tenant.world.truth = truth
    bench.post(tenant, said("update_tag", f"tag:{TAG}", add_departments=[TEAM]))
    bench.settle(tenant)


def move_the_team(bench: Bench, tenant: Tenant) -> None:
    truth = tenant.world.truth.copy()
    truth.departments[TEAM] = Place(parent=OTHER)
    tenant.world.truth = truth
    bench.post(tenant, said("update_party", f"department:{TEAM}", parent_id=OTHER))
    bench.settle(tenant)


def reject(bench: Bench) -> None:
    [[plan_id]] = bench.execute("SELECT plan_id FROM plans")
    with transaction(bench.runtime.pool) as connection:
        assert approvals.reject(connection, plan_id, by="api")


REGROUNDS = pytest.mark.parametrize(
    ("reground", "ground"),
    [(tag_the_team, f"tag:{TAG}"), (move_the_team, f"department:{OTHER}")],
)


def holders(bench: Bench, ground: str) -> list[str]:
    rows = bench.execute(
        "SELECT userid FROM members WHERE %s = ANY(grounds) ORDER BY userid", ground
    )
    return [userid for (userid,) in rows]


def waiting(bench: Bench) -> int:
    [[count]] = bench.execute(
        "SELECT count(*) FROM plan_entries WHERE state = 'waiting'"
    )
    return int(count)


@REGROUNDS
@pytest.mark.parametrize("decide", [None, reject])
def test_whoever_was_held_or_kept_stays_when_only_their_grounds_change(
    strict: Bench,
    reground: Callable[[Bench, Tenant], None],
    ground: str,
    decide: Callable[[Bench], None] | None,
) -> None:
    tenant = strict.link_in_step(CORP, company())
    delete(tenant, GONE)
    strict.resync(tenant)
    if decide is not None:
        decide(strict)

    reground(strict, tenant)
    strict.resync(tenant)

    assert holders(strict, ground) == FEW
    assert waiting(strict) == len(GONE)
    assert active(strict) == len(STAFF)
    assert strict.execute("SELECT count(*) FROM plans") == [(1,)]


@REGROUNDS
def test_why_an_absence_is_open_is_not_forgotten_with_the_grounds(
    strict: Bench, reground: Callable[[Bench, Tenant], None], ground: str
) -> None:
    tenant = strict.link_in_step(CORP, company())
    open_still = Undecided(doubt=Doubt.ONE_ANSWER)
    with transaction(strict.runtime.pool) as connection:
        absences.note(connection, tenant.corp_pk, {Userid(FEW[0]): open_still})

    reground(strict, tenant)

    assert holders(strict, ground) == FEW
    assert strict.execute("SELECT userid FROM absences") == [(FEW[0],)]
