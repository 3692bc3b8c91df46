"""A department that came into the scope and whose list shows nobody is listed again."""

import pytest

from tests.support.org.histories import HOME, ROOT, TAG, Company, company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import OUTSIDE, Person, Place, Truth, refused
from workers.events.settle import MOST_LISTED_AGAIN

CORP = "wpCorpA"
SALES = 20


def with_sales(parent: int = ROOT) -> Truth:
    """A company with a department of two beside the scope."""
    truth = company()
    truth.departments[SALES] = Place(parent=parent, order=1)
    for who in ("woX", "woY"):
        truth.people[who] = Person(open_userid=who, departments={SALES: 0}, main=SALES)
    return truth


def moves_in(tenant: Tenant) -> None:
    Company(tenant.world).place(SALES, HOME, 0)


@pytest.mark.parametrize("lie", ["empty", "refused"])
@pytest.mark.parametrize("whole_tree", [False, True])
def test_nobody_is_hidden_by_one_empty_list_of_a_department_that_moved_in(
    bench: Bench, lie: str, whole_tree: bool
) -> None:
    truth = with_sales()
    truth.whole_tree = whole_tree
    tenant = bench.link_in_step(CORP, truth)
    moves_in(tenant)
    if lie == "empty":
        tenant.world.empty = {f"list:{SALES}"}
    else:
        tenant.world.faults[f"list:{SALES}"] = refused(OUTSIDE)
    bench.post(
        tenant, said("update_party", f"department:{SALES}", parent_id=HOME, second=1)
    )

    bench.drain(tenant)
    first = bench.mail(tenant)
    tenant.world.empty, tenant.world.faults = set(), {}
    bench.settle(tenant)

    assert first == [("done", "applied"), ("pending", None)]
    assert bench.org(tenant) == tenant.world.truth.org()


def test_so_it_is_where_a_tag_brings_the_department(bench: Bench) -> None:
    truth = with_sales()
    truth.allow_tags = frozenset({TAG})
    tenant = bench.link_in_step(CORP, truth)
    Company(tenant.world).tag(frozenset({"woB"}), frozenset({SALES}))
    tenant.world.empty = {f"list:{SALES}"}
    bench.post(tenant, said("update_tag", f"tag:{TAG}", add_departments=[SALES]))

    bench.drain(tenant)
    tenant.world.empty = set()
    bench.settle(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_department_below_one_that_moved_in_hides_nobody_either(
    bench: Bench,
) -> None:
    truth = with_sales()
    truth.departments[21] = Place(parent=SALES)
    truth.people["woZ"] = Person(open_userid="woZ", departments={21: 0}, main=21)
    tenant = bench.link_in_step(CORP, truth)
    moves_in(tenant)
    tenant.world.empty = {"list:21"}
    bench.post(
        tenant, said("update_party", f"department:{SALES}", parent_id=HOME, second=1)
    )

    bench.drain(tenant)
    tenant.world.empty = set()
    bench.settle(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_department_that_is_empty_is_listed_twice_and_no_more(bench: Bench) -> None:
    truth = company()
    truth.departments[SALES] = Place(parent=ROOT, order=1)
    tenant = bench.link_in_step(CORP, truth)
    moves_in(tenant)
    bench.post(
        tenant, said("update_party", f"department:{SALES}", parent_id=HOME, second=1)
    )

    bench.settle(tenant)

    assert tenant.world.asked(f"list:{SALES}") == 2
    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_department_that_was_just_made_is_empty_and_listed_once(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    made = Company(tenant.world)
    made.place(SALES, HOME, 0)
    for each in made.outbox:
        bench.post(tenant, each)

    bench.drain(tenant)

    assert bench.pending(tenant) == 0
    assert tenant.world.asked(f"list:{SALES}") == 1


@pytest.mark.parametrize("first", [False, True])
def test_a_list_that_is_refused_in_the_scope_is_asked_again_and_told_of(
    bench: Bench, first: bool
) -> None:
    truth = with_sales(HOME)
    tenant = bench.link(CORP, truth) if first else bench.link_in_step(CORP, truth)
    truth.people["woNew"] = Person(open_userid="oN", departments={SALES: 0}, main=SALES)
    tenant.world.faults[f"list:{SALES}"] = refused(OUTSIDE)

    run = bench.run(bench.resync(tenant))
    tenant.world.faults.clear()

    assert run["error"].startswith("cut_off_read")
    assert f"list:{SALES}" in run["error"]
    assert bench.execute("SELECT due_cause FROM corps") == [("finding",)]
    bench.resync(tenant)
    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_list_that_is_refused_because_its_department_is_gone_is_not_told_of(
    bench: Bench,
) -> None:
    truth = with_sales(HOME)
    truth.people = {k: v for k, v in truth.people.items() if k not in {"woX", "woY"}}
    tenant = bench.link_in_step(CORP, truth)
    after = truth.copy()
    del after.departments[SALES]

    def vanish(question: str) -> None:
        if question == f"list:{SALES}":
            tenant.world.truth = after

    tenant.world.watch = vanish
    run = bench.run(bench.resync(tenant))

    assert f"list:{SALES}" not in run["error"]
    bench.resync(tenant)
    assert bench.org(tenant) == after.org()


def test_a_run_that_finds_a_department_in_the_scope_lists_it_twice_if_empty(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, with_sales())
    moves_in(tenant)
    tenant.world.empty = {f"list:{SALES}"}
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)
    tenant.world.empty = set()
    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert (bench.run(run_id)["state"], bench.run(run_id)["error"]) == ("done", None)


def test_departments_that_are_empty_are_no_finding_and_few_are_listed_twice(
    bench: Bench,
) -> None:
    truth = company()
    for number in range(40):
        truth.departments[100 + number] = Place(parent=4, order=number)
    tenant = bench.link_in_step(CORP, truth)
    tenant.world.truth.allow_departments |= {4}

    run = bench.run(bench.resync(tenant))

    lists = [each for each in tenant.world.calls if each.startswith("list:")]
    assert run["error"] is None
    assert len(lists) == len(set(lists)) + 3
    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_drain_that_brings_in_too_many_of_them_wishes_for_a_full_read(
    bench: Bench,
) -> None:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    for number in range(MOST_LISTED_AGAIN + 1):
        truth.departments[100 + number] = Place(parent=4, order=number)
    tenant = bench.link_in_step(CORP, truth)
    Company(tenant.world).tag(frozenset({"woB"}), frozenset({4}))
    bench.post(tenant, said("update_tag", f"tag:{TAG}", add_departments=[4]))

    bench.drain(tenant)

    assert bench.pending(tenant) == 0
    assert bench.execute("SELECT due_cause FROM corps") == [("finding",)]
    assert bench.org(tenant) == tenant.world.truth.org()
