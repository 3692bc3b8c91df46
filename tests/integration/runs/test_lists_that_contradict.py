"""Lists that lack people whom user/get shows are asked again, and told of."""

import pytest

from tests.support.org.histories import HOME, KEEPER, TEAM, company
from tests.support.org.pipeline import Bench, Tenant
from tests.support.wecom.fakes import Person, Truth

CORP = "wpCorpA"


def by_members() -> Truth:
    truth = company()
    truth.auth_mode, truth.authorised = 1, frozenset({KEEPER, "woA", "woa"})
    return truth


def hires(tenant: Tenant) -> None:
    """Somebody joins the team, of whom no event tells."""
    tenant.world.truth.people["woNew"] = Person(
        open_userid="oNew", departments={TEAM: 5}, main=TEAM
    )


def test_lists_that_are_empty_once_hide_no_newcomer(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    hires(tenant)
    tenant.world.empty = {f"list:{TEAM}", f"list:{HOME}"}
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)
    tenant.world.empty = set()
    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    run = bench.run(run_id)
    assert (run["state"], run["error"]) == ("done", None)


@pytest.mark.parametrize("left_out", [{"woA"}, {"woA", "woa", "woNew"}])
def test_lists_that_stay_short_are_a_finding_and_the_corp_is_read_again(
    bench: Bench, left_out: set[str]
) -> None:
    tenant = bench.link_in_step(CORP, company())
    hires(tenant)
    tenant.world.left_out = {(f"list:{TEAM}", each) for each in left_out}

    run_id = bench.resync(tenant)

    run = bench.run(run_id)
    assert run["error"].startswith("cut_off_read")
    assert f"list:{TEAM}" in run["error"]
    assert bench.execute("SELECT due_cause FROM corps") == [("finding",)]
    assert {"woA", "woa"} <= set(bench.org(tenant).members)


def test_what_a_finding_asked_for_again_finds_the_newcomer(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    hires(tenant)
    tenant.world.left_out = {(f"list:{TEAM}", each) for each in ("woA", "woNew")}
    bench.resync(tenant)
    tenant.world.left_out = set()

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.execute("SELECT findings FROM corps") == [(0,)]


def test_somebody_granted_singly_betrays_a_list_of_a_first_read(bench: Bench) -> None:
    truth = company()
    truth.allow_members = frozenset({"woA"})
    tenant = bench.link(CORP, truth)
    tenant.world.empty = {f"list:{TEAM}"}
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)
    tenant.world.empty = set()
    bench.resync(tenant)

    assert bench.org(tenant) == truth.org()


def test_a_list_of_the_authorised_that_is_short_once_hides_nobody(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, by_members())
    tenant.world.truth.authorised |= {"woB"}
    tenant.world.left_out = {("authorised", "woA"), ("authorised", "woB")}
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)
    tenant.world.left_out = set()
    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.run(run_id)["error"] is None


def test_a_second_look_costs_what_it_confirms(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.empty = {f"list:{TEAM}"}
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)
    tenant.world.empty = set()
    tenant.world.calls.clear()
    bench.make_due(tenant)
    bench.work_on(run_id)

    # Scope and list once more; those whom user/get has shown are not asked again.
    assert tenant.world.calls == ["auth_info", f"list:{TEAM}"]
    assert bench.run(run_id)["state"] == "done"


def test_lists_that_are_all_empty_once_hide_no_new_corp(bench: Bench) -> None:
    tenant = bench.link(CORP, company())
    tenant.world.empty = {f"list:{HOME}", f"list:{TEAM}"}
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)
    tenant.world.empty = set()
    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert (bench.run(run_id)["state"], bench.run(run_id)["error"]) == ("done", None)


def test_a_new_corp_of_which_nobody_is_listed_is_a_finding(bench: Bench) -> None:
    tenant = bench.link(CORP, company())
    tenant.world.empty = {f"list:{HOME}", f"list:{TEAM}"}

    run = bench.run(bench.resync(tenant))

    assert run["error"].startswith("cut_off_read: the lists of all departments")
    assert bench.execute("SELECT due_cause FROM corps") == [("finding",)]

    tenant.world.empty = set()
    bench.resync(tenant)
    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.execute("SELECT findings FROM corps") == [(0,)]


def test_a_known_corp_that_everybody_left_is_empty_and_no_finding(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.truth.people.clear()

    first = bench.run(bench.resync(tenant))

    assert (first["state"], first["error"]) == ("done", None)
    assert bench.org(tenant) == tenant.world.truth.org()


def test_where_members_authorise_nobody_may_have_done_so_yet(bench: Bench) -> None:
    truth = company()
    truth.auth_mode = 1
    truth.authorised = frozenset()
    tenant = bench.link(CORP, truth)

    run = bench.run(bench.resync(tenant))

    assert (run["state"], run["error"]) == ("done", None)
