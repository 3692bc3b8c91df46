"""A run always ends: what arrives while it reads is asked again, never everything."""

from collections.abc import Callable

from tests.support.org.histories import HOME, ROOT, TAG, TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import Place
from wecom.errors import NotVisible
from workers.runs.read import MOST_RESTARTS

CORP = "wpCorpA"


def at_each(tenant: Tenant, question: str, happens: Callable[[int], None]) -> None:
    """Let something happen whenever a question is asked; its number counts up."""
    count = 0

    def watch(asked: str) -> None:
        nonlocal count
        if asked == question:
            count += 1
            tenant.world.watch = lambda _: None
            happens(count)
            tenant.world.watch = watch

    tenant.world.watch = watch


def turns(bench: Bench, tenant: Tenant, *, most: int) -> None:
    for _ in range(most):
        bench.make_due(tenant)
        for each in bench.open_runs(tenant):
            bench.work_on(each)


def test_a_tag_outside_the_scope_costs_a_run_nothing(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())

    def tell_of_a_tag(number: int) -> None:
        bench.post(tenant, said("update_tag", "tag:999", second=number))
        bench.drain(tenant)

    at_each(tenant, f"list:{TEAM}", tell_of_a_tag)
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)

    run = bench.run(run_id)
    assert run["state"] == "done"
    assert run["calls"] == run["calls_least"]


def test_departments_that_come_with_each_read_are_read_alone(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    made = Company(tenant.world)

    def make_a_department(number: int) -> None:
        made.place(100 + number, HOME, 0)
        made.hire(f"wo{number}", 100 + number)
        made.outbox.clear()
        bench.post(tenant, said("create_party", f"department:{100 + number}"))
        bench.drain(tenant)

    at_each(tenant, f"list:{TEAM}", make_a_department)
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)

    run = bench.run(run_id)
    assert run["state"] == "done"
    # One listing and one person were touched; the new list is a page like the others.
    assert run["calls"] <= run["calls_least"] + 2
    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_department_that_comes_while_others_are_caught_up_with_ends_too(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    made = Company(tenant.world)
    made_so_far = 0

    def make_another(question: str) -> None:
        nonlocal made_so_far
        starting = question == f"list:{TEAM}" or question == f"list:{100 + made_so_far}"
        if starting and made_so_far < 20:
            made_so_far += 1
            tenant.world.watch = lambda _: None
            made.place(100 + made_so_far, HOME, 0)
            bench.post(tenant, made.outbox.pop())
            bench.drain(tenant)
            tenant.world.watch = make_another

    tenant.world.watch = make_another
    run_id = bench.request_run(tenant)

    turns(bench, tenant, most=2)

    run = bench.run(run_id)
    assert run["state"] == "done"
    assert run["calls"] <= run["calls_least"] + 2 * made_so_far
    bench.settle(tenant)
    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_tag_that_changes_with_each_read_is_read_again_alone(bench: Bench) -> None:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    tenant = bench.link_in_step(CORP, truth)
    made = Company(tenant.world)

    def change_the_tag(number: int) -> None:
        made.tag(frozenset({"woB", "woA"} if number % 2 else {"woB"}), frozenset())
        bench.post(tenant, made.outbox.pop())
        bench.drain(tenant)

    at_each(tenant, f"list:{TEAM}", change_the_tag)
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)

    run = bench.run(run_id)
    assert (run["state"], tenant.world.asked("departments")) == ("done", 1)
    assert run["calls"] <= run["calls_least"] + 2
    assert bench.org(tenant) == tenant.world.truth.org()


def test_grounds_of_what_was_read_follow_a_tag_that_was_read_again(
    bench: Bench,
) -> None:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    tenant = bench.link_in_step(CORP, truth)
    made = Company(tenant.world)

    def give_the_tag_a_department(_: int) -> None:
        made.tag(frozenset({"woA"}), frozenset({4, TEAM}))
        bench.post(tenant, said("update_tag", f"tag:{TAG}"))
        bench.drain(tenant)

    at_each(tenant, f"list:{TEAM}", give_the_tag_a_department)

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.replayed(tenant) == bench.org(tenant)


def test_a_scope_that_changes_with_each_read_ends_the_run_and_has_another(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())

    def change_the_scope(number: int) -> None:
        roots = {HOME} if number % 2 else {ROOT}
        tenant.world.truth.allow_departments = frozenset(roots)

    at_each(tenant, f"list:{TEAM}", change_the_scope)
    tenant.world.truth.allow_departments = frozenset({ROOT})
    run_id = bench.request_run(tenant)

    turns(bench, tenant, most=MOST_RESTARTS)

    run = bench.run(run_id)
    assert (run["state"], run["error"]) == (
        "failed",
        "the scope changed at every read",
    )
    assert bench.execute("SELECT due_cause FROM corps") == [("finding",)]


def test_a_tag_of_the_scope_that_does_not_answer_holds_up_nobody_else(
    bench: Bench,
) -> None:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    tenant = bench.link_in_step(CORP, truth)
    tenant.world.truth.departments[9] = Place(parent=HOME)
    Company(tenant.world).hire("woNew", 9)
    tenant.world.truth.allow_tags = frozenset({TAG})
    tenant.world.faults[f"tag:{TAG}"] = NotVisible(errcode=60011)

    run_id = bench.resync(tenant)

    run = bench.run(run_id)
    assert (run["state"], f"tag {TAG}" in run["error"]) == ("done", True)
    assert bench.org(tenant) == tenant.world.truth.org()
