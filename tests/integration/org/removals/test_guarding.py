"""Removals beyond the guard wait for a person; everything else goes on."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from store.database import transaction
from store.runs import approvals
from store.runs.approvals import Approval, PlanNotOpen
from tests.support.org.guarding import OTHER, active, delete, guarded, staffed
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import Person, Truth

CORP = "wpGuarded"
STAFF = [f"woStaff{number:02}" for number in range(30)]


def company(*, people: Iterable[str] = STAFF) -> Truth:
    return staffed(people)


@pytest.fixture
def strict(bench: Bench) -> Bench:
    return guarded(bench, removals=5)


def lose(tenant: Tenant, count: int) -> None:
    """Let the first so many of the staff be deleted in WeCom."""
    delete(tenant, STAFF[:count])


def plans(bench: Bench) -> list[tuple[str, str, str]]:
    rows = bench.execute("SELECT plan_id, state, hash FROM plans ORDER BY created_at")
    return [(plan_id, state, digest) for plan_id, state, digest in rows]


def approve(bench: Bench, plan_id: str, digest: str) -> Approval:
    with transaction(bench.runtime.pool) as connection:
        approval = approvals.approve(connection, plan_id, plan_hash=digest, by="api")
    assert approval is not None
    return approval


def approve_again(bench: Bench, plan_id: str) -> None:
    """Approve whatever the plan is by now."""
    with transaction(bench.runtime.pool) as connection:
        approvals.approve(connection, plan_id, plan_hash=None, by="cli")


def reject(bench: Bench, plan_id: str) -> None:
    with transaction(bench.runtime.pool) as connection:
        assert approvals.reject(connection, plan_id, by="api")


def run_state(bench: Bench, run_id: str) -> str:
    [[state]] = bench.execute("SELECT state FROM runs WHERE run_id = %s", run_id)
    return str(state)


def test_as_many_removals_as_the_guard_allows_are_done(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    lose(tenant, 5)

    run_id = strict.resync(tenant)

    assert active(strict) == 25
    assert plans(strict) == []
    assert run_state(strict, run_id) == "done"


def test_one_removal_more_holds_them_all_and_the_rest_is_applied(
    strict: Bench,
) -> None:
    tenant = strict.link_in_step(CORP, company())
    lose(tenant, 6)
    hired = Person(open_userid="oNew", departments={OTHER: 0}, main=OTHER)
    tenant.world.truth.people["woNew"] = hired

    run_id = strict.resync(tenant)

    assert active(strict) == 31
    assert [state for _, state, _ in plans(strict)] == ["held"]
    assert run_state(strict, run_id) == "held"


def test_the_guard_counts_mail_and_runs_of_a_day_together(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    lose(tenant, 4)
    strict.resync(tenant)
    lose(tenant, 6)
    for userid in STAFF[4:6]:
        strict.post(tenant, said("delete_user", f"member:{userid}"))

    strict.settle(tenant)

    assert active(strict) == 26
    assert [state for _, state, _ in plans(strict)] == ["held"]


def test_the_same_finding_joins_the_open_plan(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    lose(tenant, 8)
    strict.resync(tenant)

    strict.resync(tenant)

    assert len(plans(strict)) == 1


def test_an_approved_plan_is_carried_out(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    lose(tenant, 8)
    strict.resync(tenant)
    [(plan_id, _, digest)] = plans(strict)

    approve(strict, plan_id, digest)
    strict.settle(tenant)

    reasons = strict.execute(
        "SELECT DISTINCT reason FROM journal WHERE decision = 'RemoveMember'"
    )
    assert active(strict) == 22
    assert reasons == [("approved",)]
    assert [state for _, state, _ in plans(strict)] == ["approved"]


def test_what_was_approved_does_not_count_against_later_removals(
    strict: Bench,
) -> None:
    tenant = strict.link_in_step(CORP, company())
    lose(tenant, 8)
    strict.resync(tenant)
    [(plan_id, _, digest)] = plans(strict)
    approve(strict, plan_id, digest)
    strict.settle(tenant)
    lose(tenant, 13)

    strict.resync(tenant)

    assert active(strict) == 17


def test_an_approval_spares_whoever_returned(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    everybody = tenant.world.truth.copy()
    lose(tenant, 8)
    strict.resync(tenant)
    [(plan_id, _, digest)] = plans(strict)
    tenant.world.truth.people[STAFF[0]] = everybody.people[STAFF[0]]

    approve(strict, plan_id, digest)
    strict.settle(tenant)

    assert active(strict) == 23


def test_a_plan_of_whom_all_returned_is_superseded(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    lose(tenant, 8)
    strict.resync(tenant)
    tenant.world.truth = company()

    run_id = strict.resync(tenant)

    [(plan_id, state, digest)] = plans(strict)
    assert state == "superseded"
    assert run_state(strict, run_id) == "done"
    with pytest.raises(PlanNotOpen):
        approve(strict, plan_id, digest)


def test_another_hash_approves_nothing(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    lose(tenant, 8)
    strict.resync(tenant)
    [(plan_id, _, _)] = plans(strict)

    with pytest.raises(PlanNotOpen):
        approve(strict, plan_id, "0" * 64)

    assert [state for _, state, _ in plans(strict)] == ["held"]


def test_the_same_approval_again_gives_the_same_run(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    lose(tenant, 8)
    strict.resync(tenant)
    [(plan_id, _, digest)] = plans(strict)
    first = approve(strict, plan_id, digest)
    strict.settle(tenant)

    again = approve(strict, plan_id, digest)

    assert again == replace(first, repeated=True)


def test_a_rejection_is_remembered_as_long_as_wecom_says_the_same(
    strict: Bench,
) -> None:
    tenant = strict.link_in_step(CORP, company())
    lose(tenant, 8)
    strict.resync(tenant)
    [(plan_id, _, _)] = plans(strict)
    reject(strict, plan_id)

    run_id = strict.resync(tenant)

    assert active(strict) == 30
    assert [state for _, state, _ in plans(strict)] == ["rejected"]
    assert run_state(strict, run_id) == "done"


def test_a_rejection_ends_when_the_person_was_seen_again(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    lose(tenant, 8)
    strict.resync(tenant)
    [(plan_id, _, _)] = plans(strict)
    reject(strict, plan_id)
    tenant.world.truth = company()
    strict.resync(tenant)
    lose(tenant, 8)

    strict.resync(tenant)

    assert [state for _, state, _ in plans(strict)] == ["rejected", "held"]


def test_departments_of_held_people_are_planned_and_go_after_them(
    strict: Bench,
) -> None:
    tenant = strict.link_in_step(CORP, company())
    guarded(strict, removals=0, share=0.0)
    tenant.world.truth = replace(company(), allow_departments=frozenset({OTHER}))

    strict.resync(tenant)
    kinds = strict.execute("SELECT kind FROM plans ORDER BY kind")
    for plan_id, _, digest in plans(strict):
        approve(strict, plan_id, digest)
    strict.settle(tenant)

    left = strict.execute("SELECT department_id FROM departments")
    assert kinds == [("departments",), ("members",)]
    assert active(strict) == 0
    assert left == [(OTHER,)]


def test_a_company_can_set_its_own_limits(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    strict.execute("UPDATE companies SET guard = '{\"removals\": 10}'")
    lose(tenant, 9)

    strict.resync(tenant)

    assert active(strict) == 21


def test_a_guard_that_is_off_never_holds(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    strict.execute('UPDATE companies SET guard = \'{"switch": "off"}\'')
    lose(tenant, 29)

    strict.resync(tenant)

    assert active(strict) == 1


@pytest.mark.parametrize(
    "broken",
    [
        '{"removals": "9999", "share": 1, "ceiling": 9999}',
        '{"share": "1", "removals": 9999, "ceiling": 9999}',
        '{"ceiling": true, "removals": 9999}',
        '{"switch": "OFF"}',
        '{"removals": null, "switch": null}',
        '{"window_hours": "1"}',
    ],
)
def test_limits_that_cannot_be_read_leave_the_usual_ones(
    strict: Bench, broken: str
) -> None:
    tenant = strict.link_in_step(CORP, company())
    strict.execute("UPDATE companies SET guard = %s::jsonb", broken)
    lose(tenant, 8)

    run_id = strict.resync(tenant)

    assert run_state(strict, run_id) == "held"
    assert active(strict) == len(STAFF)


def test_a_window_beyond_the_longest_counts_as_that_and_the_other_limits_hold(
    strict: Bench,
) -> None:
    tenant = strict.link_in_step(CORP, company())
    strict.execute("UPDATE companies SET guard = '{\"removals\": 2}'")
    strict.execute("UPDATE companies SET guard = guard || '{\"window_hours\": 9000}'")
    lose(tenant, 4)

    run_id = strict.resync(tenant)

    assert run_state(strict, run_id) == "held"
    assert active(strict) == len(STAFF)


@pytest.mark.parametrize("verb", [approve_again, reject])
def test_a_plan_that_was_overtaken_is_not_decided_any_more(
    strict: Bench, verb: Callable[[Bench, str], None]
) -> None:
    tenant = strict.link_in_step(CORP, company())
    lose(tenant, 8)
    strict.resync(tenant)
    [(plan_id, _, _)] = plans(strict)
    tenant.world.truth = company()
    strict.resync(tenant)

    with pytest.raises(PlanNotOpen, match="superseded"):
        verb(strict, plan_id)

    assert active(strict) == len(STAFF)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4])
def test_a_tiny_corp_may_lose_all_below_four_and_half_from_there(
    strict: Bench, size: int
) -> None:
    tenant = strict.link_in_step(CORP, company(people=STAFF[:size]))
    lose(tenant, size)

    strict.resync(tenant)

    assert active(strict) == (size if size >= 4 else 0)
