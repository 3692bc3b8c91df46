"""A listing that does not hang together removes nobody; the next whole one heals."""

import pytest

from tests.support.org.histories import HOME, ROOT, TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import Place, Truth

CORP = "wpCorpA"
DEEP = 9


def deep() -> Truth:
    """A company with a department below the team, seen from its root."""
    truth = company()
    truth.departments[DEEP] = Place(parent=TEAM)
    truth.allow_departments = frozenset({ROOT})
    return truth


def torn(bench: Bench, how: str) -> Tenant:
    """A corp in step, whose listing is torn now."""
    tenant = bench.link_in_step(CORP, deep())
    old = tenant.world.truth.copy()
    if how == "parent missing":
        tenant.world.left_out = {("departments", TEAM)}
    elif how == "top missing":
        tenant.world.left_out = {("departments", HOME), ("departments", TEAM)}
    elif how == "no parent":
        old.departments[TEAM] = Place(parent=None, order=3)
        old.whole_tree = True
    else:
        old.departments[HOME] = Place(parent=DEEP, order=2)
        old.whole_tree = True
    tenant.world.before = old
    tenant.world.stale = lambda question: question == "departments"
    return tenant


HOW = ["parent missing", "top missing", "no parent", "cycle"]


@pytest.mark.parametrize("how", HOW)
def test_a_torn_listing_changes_nothing_in_a_run_and_says_what_is_missing(
    bench: Bench, how: str
) -> None:
    tenant = torn(bench, how)
    before = bench.org(tenant)

    run_id = bench.resync(tenant)

    run = bench.run(run_id)
    assert bench.org(tenant) == before
    assert run["error"].startswith("cut_off_read")
    assert str(TEAM) in run["error"] or str(HOME) in run["error"]
    assert run["decisions"] == {}


@pytest.mark.parametrize("how", HOW)
def test_a_torn_listing_changes_nothing_in_a_drain(bench: Bench, how: str) -> None:
    tenant = torn(bench, how)
    before = bench.org(tenant)
    bench.post(tenant, said("update_party", f"department:{TEAM}"))

    bench.drain(tenant)

    assert bench.org(tenant) == before
    assert bench.mail(tenant) == [("pending", None)]


@pytest.mark.parametrize("how", HOW)
def test_the_next_whole_listing_heals(bench: Bench, how: str) -> None:
    tenant = torn(bench, how)
    bench.resync(tenant)
    tenant.world.stale = lambda _: False
    tenant.world.left_out = set()
    del tenant.world.truth.people["woa"]

    run_id = bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.run(run_id)["error"] is None
    assert bench.execute("SELECT findings FROM corps") == [(0,)]


def test_a_listing_that_stays_torn_settles_its_mail_and_has_the_corp_read(
    bench: Bench,
) -> None:
    tenant = torn(bench, "parent missing")
    bench.post(tenant, said("update_party", f"department:{TEAM}"))

    bench.settle(tenant)

    assert bench.mail(tenant) == [("done", "cut_off_read")]
    assert bench.execute("SELECT due_cause FROM corps") == [("finding",)]


def test_what_is_new_in_a_torn_listing_is_followed(bench: Bench) -> None:
    tenant = torn(bench, "parent missing")
    Company(tenant.world).place(77, HOME, 1)
    tenant.world.stale = lambda _: False

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()


def test_roots_that_the_scope_explains_are_no_tear(bench: Bench) -> None:
    truth = company()
    truth.allow_departments = frozenset({TEAM})
    truth.extra_departments = frozenset({4})
    tenant = bench.link(CORP, truth)

    run_id = bench.resync(tenant)

    assert (bench.run(run_id)["error"], bench.org(tenant)) == (None, truth.org())


def test_a_torn_listing_under_a_first_read_is_waited_for_once(bench: Bench) -> None:
    tenant = bench.link(CORP, deep())
    tenant.world.left_out = {("departments", TEAM)}
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)
    waiting = bench.run(run_id)
    tenant.world.left_out = set()
    bench.make_due(tenant)
    bench.work_on(run_id)

    assert waiting["state"] == "running"
    assert waiting["error"].startswith("cut_off_read")
    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.run(run_id)["error"] is None
