"""Ids of old corps ignore case: one person, in WeCom's own spelling."""

from dataclasses import replace

import pytest

from domain.ids import Userid
from tests.support.org.histories import TAG, TEAM, company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import Holding, Person, Truth

CORP = "ww0000000000000001"


def old_company() -> Truth:
    truth = company()
    del truth.people["woa"]
    truth.ignores_case = True
    return truth


def agrees(bench: Bench, tenant: Tenant) -> bool:
    return bench.org(tenant) == tenant.world.truth.org()


@pytest.mark.parametrize("name", ["WOA", "woa", "Woa"])
def test_an_event_in_another_case_is_about_the_same_person(
    bench: Bench, name: str
) -> None:
    tenant = bench.link_in_step(CORP, old_company())
    person = tenant.world.truth.people["woA"]
    tenant.world.truth.people["woA"] = replace(person, status=2)

    bench.post(tenant, said("update_user", f"member:{name}", status=2))
    bench.post(tenant, said("update_user", "member:woA", second=1))
    bench.drain(tenant)

    assert agrees(bench, tenant)
    assert {state for state, _ in bench.mail(tenant)} <= {"done", "folded"}


def test_a_spelling_is_learnt_once_and_asked_no_more(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, old_company())

    for second in range(3):
        bench.post(tenant, said("update_user", "member:WOA", second=second))
        bench.drain(tenant)

    assert tenant.world.asked("member:WOA") == 1
    assert agrees(bench, tenant)


def test_somebody_who_left_in_another_case_is_removed(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, old_company())
    del tenant.world.truth.people["woA"]

    bench.post(tenant, said("delete_user", "member:WOA"))
    bench.settle(tenant)

    assert agrees(bench, tenant)


@pytest.mark.parametrize("by", ["member", "tag"])
def test_a_grant_in_another_case_is_a_ground(bench: Bench, by: str) -> None:
    truth = old_company()
    if by == "member":
        truth.allow_members = frozenset({"WOB"})
    else:
        truth.allow_tags = frozenset({TAG})
        truth.tags[TAG] = Holding(userids=frozenset({"WOB"}))
    tenant = bench.link_in_step(CORP, truth)
    assert agrees(bench, tenant)
    assert bench.org(tenant).members[Userid("woB")].grounds

    bench.post(tenant, said("update_user", "member:woB"))
    bench.settle(tenant)
    quiet = bench.written(tenant)
    bench.resync(tenant)

    assert agrees(bench, tenant)
    assert bench.written(tenant) == quiet
    assert "RemoveMember" not in {
        each for (each,) in bench.execute("SELECT decision FROM journal")
    }


@pytest.mark.parametrize("by_run", [True, False])
def test_a_rename_by_case_alone_is_a_rename(bench: Bench, by_run: bool) -> None:
    tenant = bench.link_in_step(CORP, old_company())
    people = tenant.world.truth.people
    people["WoA"] = people.pop("woA")

    if by_run:
        bench.resync(tenant)
    else:
        bench.post(tenant, said("update_user", "member:woA", new_userid="WoA"))
        bench.settle(tenant)

    assert agrees(bench, tenant)
    renamed = bench.execute("SELECT key FROM journal WHERE decision = 'RenameUserid'")
    assert renamed == [("member:woA",)]


def test_in_a_newer_corp_two_ids_that_differ_by_case_are_two_people(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.truth.people["WOA"] = Person(
        open_userid="oThird", departments={TEAM: 0}, main=TEAM
    )
    bench.post(tenant, said("create_user", "member:WOA"))
    bench.post(tenant, said("update_user", "member:woa"))
    bench.settle(tenant)

    assert agrees(bench, tenant)
    assert {"woA", "woa", "WOA"} <= bench.org(tenant).members.keys()
    assert bench.execute("SELECT spellings FROM corps") == [({},)]


@pytest.mark.parametrize("by_run", [True, False])
def test_a_rename_by_case_alone_can_be_taken_back(bench: Bench, by_run: bool) -> None:
    tenant = bench.link_in_step(CORP, old_company())
    people = tenant.world.truth.people
    for second, (old, new) in enumerate([("woA", "WoA"), ("WoA", "woA")]):
        people[new] = people.pop(old)
        if by_run:
            bench.resync(tenant)
        else:
            told = said("update_user", f"member:{old}", second=second, new_userid=new)
            bench.post(tenant, told)
            bench.settle(tenant)
        assert agrees(bench, tenant), (old, new)
    bench.resync(tenant)
    assert agrees(bench, tenant)


@pytest.mark.parametrize("by_run", [True, False])
def test_a_spelling_that_somebody_else_is_hired_under_is_theirs(
    bench: Bench, by_run: bool
) -> None:
    tenant = bench.link_in_step(CORP, old_company())
    bench.post(tenant, said("update_user", "member:WOA"))
    bench.settle(tenant)
    people = tenant.world.truth.people
    del people["woA"]
    people["WOA"] = Person(open_userid="oThird", departments={TEAM: 0}, main=TEAM)

    if not by_run:
        bench.post(tenant, said("delete_user", "member:woA", second=1))
        bench.post(tenant, said("create_user", "member:WOA", second=2))
        bench.settle(tenant)
        assert agrees(bench, tenant)
    bench.resync(tenant)

    assert agrees(bench, tenant)


@pytest.mark.parametrize("by", ["member", "tag"])
@pytest.mark.parametrize("other", ["WOB", "Wob"])
@pytest.mark.parametrize("by_run", [True, False])
def test_a_grant_goes_to_whom_wecom_spells_otherwise_later(
    bench: Bench, by: str, other: str, by_run: bool
) -> None:
    truth = old_company()
    if by == "member":
        truth.allow_members = frozenset({"WOB"})
    else:
        truth.allow_tags = frozenset({TAG})
        truth.tags[TAG] = Holding(userids=frozenset({"WOB"}))
    tenant = bench.link_in_step(CORP, truth)
    people = tenant.world.truth.people
    assert "woB" in bench.org(tenant).members

    people[other] = people.pop("woB")
    if not by_run:
        bench.post(tenant, said("update_user", "member:woB", new_userid=other))
        bench.settle(tenant)
        assert agrees(bench, tenant), "drained"
    bench.resync(tenant)
    assert agrees(bench, tenant), "resync"
    bench.post(tenant, said("update_user", f"member:{other}", second=5))
    bench.settle(tenant)
    assert agrees(bench, tenant), "told again"
    quiet = bench.written(tenant)
    bench.resync(tenant)

    assert agrees(bench, tenant), "again"
    assert bench.written(tenant) == quiet


def test_an_old_spelling_leads_to_how_wecom_spells_the_person_now(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, old_company())
    people = tenant.world.truth.people
    for second, now in enumerate(["woA", "WoA", "woA"]):
        if now not in people:
            people[now] = people.pop("woA" if now == "WoA" else "WoA")
        for name in ("WOA", "woA"):
            bench.post(tenant, said("update_user", f"member:{name}", second=second))
            bench.settle(tenant)
            assert agrees(bench, tenant), (now, name)

    [(spellings,)] = bench.execute("SELECT spellings FROM corps")
    assert "woA" not in spellings
