"""Departments come before their people and go after them."""

from tests.support.org.histories import HOME, TAG, TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import Holding, Person, refused

CORP = "wpCorpA"


def push(bench: Bench, tenant: Tenant, moved: Company) -> None:
    for event in moved.outbox:
        bench.post(tenant, event)
    moved.outbox.clear()


def test_a_move_into_an_unknown_department_reads_the_tree(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.place(9, TEAM, 1)
    moved.outbox.clear()
    moved.change("woA", departments={9: 0}, main=9)
    push(bench, tenant, moved)

    bench.drain(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert [state for state, _ in bench.mail(tenant)] == ["done"]


def test_people_of_a_department_that_moves_into_the_scope_come_along(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.place(4, HOME, 1)
    bench.post(tenant, said("update_party", "department:4", parent_id=HOME))

    bench.drain(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert "woB" in bench.org(tenant).members


def test_people_of_a_department_that_moves_out_of_the_scope_leave(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.place(TEAM, 1, 1)
    bench.post(tenant, said("update_party", f"department:{TEAM}", parent_id=1))

    bench.settle(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert "woA" not in bench.org(tenant).members


def test_a_department_gone_before_its_people_s_mail_is_gone_at_once(
    bench: Bench,
) -> None:
    truth = company()
    truth.extra_departments = frozenset({4})
    truth.people["woA"] = Person(open_userid="oA", departments={TEAM: 0, 4: 0})
    tenant = bench.link_in_step(CORP, truth)
    moved = Company(tenant.world)
    moved.change("woA", departments={TEAM: 0})
    moved.outbox.clear()
    moved.dissolve(4)
    last = moved.outbox[-1]

    bench.post(tenant, last)
    bench.drain(tenant)

    assert last.change == "change_auth" or last.change is None
    bench.settle(tenant)
    assert bench.org(tenant) == tenant.world.truth.org()


def test_an_extra_department_that_goes_takes_nobody_s_place_with_it(
    bench: Bench,
) -> None:
    truth = company()
    truth.extra_departments = frozenset({1})
    truth.people["woA"] = Person(open_userid="oA", departments={TEAM: 0, 4: 0})
    tenant = bench.link_in_step(CORP, truth)
    moved = Company(tenant.world)
    moved.dissolve(4)
    bench.post(tenant, said("delete_party", "department:4"))

    bench.drain(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert [state for state, _ in bench.mail(tenant)] == ["done"]


def test_a_department_waits_for_people_whose_leaving_is_unconfirmed(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    del tenant.world.truth.departments[TEAM]
    for userid in ("woA", "woa"):
        tenant.world.faults[f"member:{userid}"] = refused(60123)
    bench.post(tenant, said("delete_party", f"department:{TEAM}"))

    bench.drain(tenant)
    waiting = set(bench.org(tenant).departments), bench.mail(tenant)
    del tenant.world.truth.people["woA"], tenant.world.truth.people["woa"]
    tenant.world.faults.clear()
    bench.settle(tenant)

    assert waiting == ({HOME, TEAM}, [("pending", None)])
    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_switch_of_the_mode_behind_contact_mail_opens_a_run(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    truth = tenant.world.truth
    truth.auth_mode, truth.authorised = 1, frozenset({"woA", "woKeeper"})
    bench.post(tenant, said("update_user", "member:woA"))

    bench.settle(tenant)

    assert bench.mail(tenant) == [("done", "run")]
    assert bench.org(tenant) == truth.org()


def test_a_tag_brings_the_people_below_its_departments(bench: Bench) -> None:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    truth.tags[TAG] = Holding()
    tenant = bench.link_in_step(CORP, truth)
    moved = Company(tenant.world)
    moved.tag(frozenset(), frozenset({4}))
    bench.post(tenant, said("update_tag", f"tag:{TAG}", add_departments=[4]))

    bench.drain(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert "woB" in bench.org(tenant).members


def test_a_rename_into_somebody_whom_only_a_list_showed_merges_them(
    bench: Bench,
) -> None:
    truth = company()
    truth.people["woZ"] = Person(open_userid="oA", departments={TEAM: 0}, main=TEAM)
    tenant = bench.link_in_step(CORP, truth)
    del tenant.world.truth.people["woA"]
    bench.post(tenant, said("update_user", "member:woA"))

    bench.drain(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.replayed(tenant) == tenant.world.truth.org()
    assert bench.execute("SELECT userid FROM aliases") == [("woA",)]
