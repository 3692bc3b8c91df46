"""What a held or rejected removal remembers, and what makes it another one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from domain.ids import Userid, member_key
from store.database import transaction
from store.org import corps
from store.runs import approvals, requests
from store.runs.approvals import Approval, PlanNotOpen
from store.runs.plans import close_entries
from tests.support.org.guarding import HOME, OTHER, active, delete, guarded, staffed
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import Place, Truth

CORP = "wpRemembered"
STAFF = [f"woStaff{number:02}" for number in range(12)]
GONE = STAFF[:8]


def company() -> Truth:
    return staffed(STAFF)


@pytest.fixture
def strict(bench: Bench) -> Bench:
    return guarded(bench, removals=2, share=0.0)


def plans(bench: Bench) -> list[tuple[str, str]]:
    return [
        (kind, state)
        for kind, state in bench.execute(
            "SELECT kind, state FROM plans ORDER BY created_at"
        )
    ]


def held(bench: Bench) -> list[str]:
    rows = bench.execute(
        "SELECT plan_id FROM plans WHERE state = 'held' ORDER BY created_at"
    )
    return [plan_id for (plan_id,) in rows]


def approve(bench: Bench) -> list[Approval | None]:
    with transaction(bench.runtime.pool) as connection:
        return [
            approvals.approve(connection, each, plan_hash=None, by="cli")
            for each in held(bench)
        ]


def reject(bench: Bench) -> None:
    with transaction(bench.runtime.pool) as connection:
        for each in held(bench):
            assert approvals.reject(connection, each, by="api")


def drain_deletions(bench: Bench, tenant: Tenant, *userids: str) -> None:
    for each in userids:
        bench.post(tenant, said("delete_user", f"member:{each}"))
    bench.settle(tenant)


def test_what_events_found_and_a_person_rejected_no_read_holds_again(
    strict: Bench,
) -> None:
    tenant = strict.link_in_step(CORP, company())
    delete(tenant, GONE)
    drain_deletions(strict, tenant, *GONE)
    reject(strict)

    strict.resync(tenant)

    assert plans(strict) == [("members", "rejected")]
    assert active(strict) == len(STAFF)


def test_what_a_read_found_and_a_person_rejected_no_late_event_removes(
    strict: Bench,
) -> None:
    tenant = strict.link_in_step(CORP, company())
    delete(tenant, GONE)
    strict.resync(tenant)
    reject(strict)

    drain_deletions(strict, tenant, *GONE[:2])

    assert plans(strict) == [("members", "rejected")]
    assert active(strict) == len(STAFF)


def test_a_rejection_ends_when_wecom_knows_the_person_no_more(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    truth = tenant.world.truth
    tenant.world.truth = replace(truth, allow_departments=frozenset({OTHER}))
    strict.resync(tenant)
    reject(strict)
    delete(tenant, GONE)

    strict.resync(tenant)

    assert [state for _, state in plans(strict)].count("held") == 1


def test_a_department_seen_again_is_remembered_by_no_plan(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    many = tenant.world.truth.copy()
    many.departments |= {each: Place(parent=OTHER) for each in range(10, 16)}
    few = tenant.world.truth
    tenant.world.truth = many
    strict.resync(tenant)
    tenant.world.truth = few
    for second, each in enumerate(range(10, 16)):
        strict.post(tenant, said("delete_party", f"department:{each}", second=second))
    strict.settle(tenant)
    assert plans(strict) == [("departments", "held")]
    reject(strict)

    tenant.world.truth = many
    strict.post(tenant, said("create_party", "department:10", second=30))
    strict.settle(tenant)
    tenant.world.truth = few
    strict.post(tenant, said("delete_party", "department:10", second=60))
    strict.settle(tenant)

    assert plans(strict) == [("departments", "rejected"), ("departments", "held")]


def test_the_events_about_held_departments_are_settled_and_cards_are_rung_for(
    strict: Bench,
) -> None:
    tenant = strict.link_in_step(CORP, company())
    few = tenant.world.truth
    many = few.copy()
    many.departments |= {each: Place(parent=OTHER) for each in range(10, 16)}
    tenant.world.truth = many
    strict.resync(tenant)
    tenant.world.truth = few
    strict.bell.rung.clear()
    for each in range(10, 16):
        strict.post(tenant, said("delete_party", f"department:{each}"))

    strict.drain(tenant)

    assert plans(strict) == [("departments", "held")]
    assert strict.pending(tenant) == 0
    assert {outcome for _, outcome in strict.mail(tenant)} == {"no_difference"}
    assert f"notices:{tenant.corp_pk}" in strict.bell.rung


def hold_and_rename(strict: Bench, tenant: Tenant) -> None:
    """Have people held, whom WeCom knows by another userid in truth."""
    everybody = tenant.world.truth
    delete(tenant, GONE)
    strict.resync(tenant)
    truth = tenant.world.truth.copy()
    truth.people |= {f"{each}New": everybody.people[each] for each in GONE}
    tenant.world.truth = truth


def test_a_held_person_who_is_known_by_another_id_waits_no_more(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    hold_and_rename(strict, tenant)

    strict.resync(tenant)

    assert plans(strict) == [("members", "superseded")]


def test_a_held_person_renamed_by_an_event_waits_no_more(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    hold_and_rename(strict, tenant)
    for each in GONE:
        strict.post(tenant, said("create_user", f"member:{each}New"))
        strict.post(
            tenant,
            said("update_user", f"member:{each}", second=5, new_userid=f"{each}New"),
        )
    strict.settle(tenant)

    assert plans(strict) == [("members", "superseded")]


def test_whom_only_their_own_answer_shows_has_returned_as_well(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    everybody = tenant.world.truth
    delete(tenant, GONE)
    strict.resync(tenant)
    approve(strict)
    tenant.world.truth = everybody
    tenant.world.empty = {f"list:{HOME}"}
    strict.resync(tenant)
    tenant.world.empty = set()
    delete(tenant, GONE)

    strict.resync(tenant)

    assert plans(strict) == [("members", "approved"), ("members", "held")]


def test_departments_that_are_seen_and_not_wanted_wait_once(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, replace(company(), whole_tree=True))
    truth = tenant.world.truth
    # Only people are granted now: the tree is to be emptied though it can be read.
    tenant.world.truth = replace(
        truth, allow_departments=frozenset(), allow_members=frozenset(STAFF)
    )

    strict.resync(tenant)
    strict.resync(tenant)

    assert plans(strict) == [("departments", "held")]


def test_departments_that_are_seen_and_not_wanted_can_be_approved(
    strict: Bench,
) -> None:
    tenant = strict.link_in_step(CORP, replace(company(), whole_tree=True))
    truth = tenant.world.truth
    tenant.world.truth = replace(
        truth, allow_departments=frozenset(), allow_members=frozenset(STAFF)
    )
    strict.resync(tenant)

    approve(strict)
    strict.settle(tenant)

    assert plans(strict) == [("departments", "approved")]
    assert strict.execute("SELECT count(*) FROM departments") == [(0,)]


def test_whoever_came_back_and_got_another_id_does_not_count_as_removed(
    strict: Bench,
) -> None:
    tenant = strict.link_in_step(CORP, company())
    first, second, third = STAFF[:3]
    truth = tenant.world.truth
    tenant.world.truth = replace(
        truth, allow_departments=frozenset({OTHER}), allow_members=frozenset(STAFF[2:])
    )
    strict.resync(tenant)
    assert active(strict) == 10
    tenant.world.truth = truth
    strict.resync(tenant)
    renamed = truth.copy()
    renamed.people |= {
        f"{each}New": renamed.people.pop(each) for each in (first, second)
    }
    tenant.world.truth = renamed
    strict.resync(tenant)
    assert active(strict) == 12
    delete(tenant, [third])

    strict.resync(tenant)

    assert active(strict) == 11


def test_an_approval_waits_for_the_page_that_is_being_applied(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    delete(tenant, GONE)
    strict.resync(tenant)
    [plan_id] = held(strict)

    with ThreadPoolExecutor(1) as pool:
        with strict.own() as connection:
            corps.lock(connection, tenant.corp_pk)
            approval = pool.submit(approve, strict)
            while not strict.execute(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
            ):
                assert not approval.done()
            # The page finds that everybody returned, and closes the plan.
            keys = [member_key(Userid(each)) for each in GONE]
            close_entries(connection, tenant.corp_pk, keys, state="returned")
        with pytest.raises(PlanNotOpen, match="superseded"):
            approval.result()

    assert strict.execute("SELECT state FROM plans WHERE plan_id = %s", plan_id) == [
        ("superseded",)
    ]


def test_a_window_of_a_year_is_counted_by_plan_and_resync_alike(strict: Bench) -> None:
    tenant = strict.link_in_step(CORP, company())
    strict.execute("UPDATE companies SET guard = '{\"window_hours\": 8760}'")
    delete(tenant, STAFF[:2])
    strict.resync(tenant)
    strict.execute("UPDATE journal SET at = at - interval '60 days'")
    delete(tenant, [STAFF[2]])

    with transaction(strict.runtime.pool) as connection:
        planned = requests.request_plan(connection, tenant.corp_pk)
    strict.work_on(planned)
    [[holds]] = strict.execute("SELECT holds FROM rehearsals")
    strict.resync(tenant)

    assert [(each["kind"], each["count"]) for each in holds] == [("members", 1)]
    assert plans(strict) == [("members", "held")]


def test_a_department_of_people_who_wait_stays_with_them_in_a_drain(
    strict: Bench,
) -> None:
    tenant = strict.link_in_step(CORP, company())
    tenant.world.truth = replace(
        tenant.world.truth,
        allow_departments=frozenset({OTHER}),
        extra_departments=frozenset({HOME}),
    )
    strict.resync(tenant)
    assert plans(strict) == [("members", "held")]
    truth = tenant.world.truth.copy()
    del truth.departments[HOME]
    truth.people.clear()
    tenant.world.truth = replace(truth, extra_departments=frozenset())

    strict.post(tenant, said("delete_party", f"department:{HOME}"))
    strict.settle(tenant)

    assert active(strict) == len(STAFF)
    left = strict.execute("SELECT department_id FROM departments ORDER BY 1")
    assert left == [(HOME,), (OTHER,)]
