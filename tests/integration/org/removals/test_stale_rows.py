"""What one list alone says of somebody else's word moves nobody (design.md §3)."""

from dataclasses import replace

import pytest

from domain.ids import DepartmentId
from tests.support.org.histories import HOME, ROOT, TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import OUTSIDE, Person, Place, Truth, refused

CORP = "wpCorpA"
COLLEAGUES = ("woX", "woY", "woZ")


def lines(bench: Bench, since: int) -> list[tuple[str, str]]:
    return bench.execute(
        "SELECT decision, key FROM journal WHERE line_id > %s ORDER BY line_id", since
    )


def last_line(bench: Bench) -> int:
    [[last]] = bench.execute("SELECT max(line_id) FROM journal")
    return int(last)


def become(tenant: Tenant, userid: str, **changes: object) -> None:
    """Somebody is changed; WeCom's stale answers are those of before."""
    after = tenant.world.truth.copy()
    after.people[userid] = replace(after.people[userid], **changes)  # type: ignore[arg-type]  # fields of a person.
    tenant.world.before, tenant.world.truth = tenant.world.truth.copy(), after


CHANGES: dict[str, dict[str, object]] = {
    "moved": {"departments": {HOME: 0}, "main": HOME},
    "joined another": {"departments": {TEAM: 0, HOME: 5}},
    "disabled": {"status": 2},
    "another mobile": {"mobile": "13900000001"},
    "another main": {"departments": {TEAM: 0, HOME: 5}, "main": HOME},
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_old_list_takes_nothing_back_in_a_run(bench: Bench, change: str) -> None:
    truth = company()
    truth.people["woA"] = replace(truth.people["woA"], mobile="13900000000")
    tenant = bench.link_in_step(CORP, truth)
    become(tenant, "woA", **CHANGES[change])
    bench.post(tenant, said("update_user", "member:woA"))
    bench.settle(tenant)
    assert bench.org(tenant) == tenant.world.truth.org()
    since = last_line(bench)
    tenant.world.stale = lambda question: question == f"list:{TEAM}"

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert lines(bench, since) == []


@pytest.mark.parametrize("old", [HOME, TEAM])
def test_lists_that_contradict_each_other_are_settled_by_user_get_at_a_first_read(
    bench: Bench, old: int
) -> None:
    tenant = bench.link(CORP, company())
    become(tenant, "woA", departments={HOME: 0, TEAM: 1}, main=HOME)
    tenant.world.stale = lambda question: question == f"list:{old}"

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()


def test_whoever_was_deleted_does_not_come_back_by_one_old_list(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    after = tenant.world.truth.copy()
    del after.people["woA"]
    tenant.world.before, tenant.world.truth = tenant.world.truth.copy(), after
    bench.post(tenant, said("delete_user", "member:woA"))
    bench.settle(tenant)
    since = last_line(bench)
    tenant.world.stale = lambda question: question == f"list:{TEAM}"

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert lines(bench, since) == []


def test_whoever_left_the_scope_does_not_come_back_by_one_old_list(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    become(tenant, "woA", departments={4: 0}, main=4)
    bench.post(tenant, said("update_user", "member:woA", departments=[]))
    bench.settle(tenant)
    since = last_line(bench)
    tenant.world.stale = lambda question: question == f"list:{TEAM}"

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert lines(bench, since) == []


def test_a_real_move_of_which_no_event_told_costs_one_question(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    become(tenant, "woA", departments={HOME: 0}, main=HOME)

    run = bench.run(bench.resync(tenant))

    assert bench.org(tenant) == tenant.world.truth.org()
    assert tenant.world.asked("member:woA") == 1
    assert (run["calls"], run["error"]) == (run["calls_least"], None)


def test_a_scope_that_is_wider_again_asks_for_nobody_singly(bench: Bench) -> None:
    truth = company()
    truth.allow_departments = frozenset({HOME, 4})
    tenant = bench.link_in_step(CORP, truth)
    tenant.world.truth.allow_departments = frozenset({HOME})
    bench.resync(tenant)
    tenant.world.truth.allow_departments = frozenset({HOME, 4})
    tenant.world.calls.clear()

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert tenant.world.asked("member:woB") == 0


def test_nobody_is_asked_for_whose_rows_agree_with_the_org(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    bench.execute("UPDATE members SET fingerprint = 'of an older version'")

    run = bench.run(bench.resync(tenant))

    assert run["calls"] == run["calls_least"]
    assert not any(each.startswith("member:") for each in tenant.world.calls)


def test_what_is_granted_to_us_now_asks_for_nobody(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    for who, person in tenant.world.truth.people.items():
        tenant.world.truth.people[who] = replace(person, mobile=f"139{hash(who):08}")

    bench.resync(tenant)

    assert not any(each.startswith("member:") for each in tenant.world.calls)


def test_of_whom_user_get_says_nothing_usable_the_list_is_all_there_is(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    become(tenant, "woA", departments={HOME: 0}, main=HOME)
    tenant.world.odd["member:woA"] = {}
    tenant.world.faults["member:woA"] = refused(OUTSIDE)

    bench.resync(tenant)

    assert "woA" in bench.org(tenant).members


def test_an_old_listing_moves_no_department_back_in_a_run(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    made = Company(tenant.world)
    made.place(TEAM, ROOT, 0)
    tenant.world.truth.allow_departments |= {TEAM}
    bench.resync(tenant)
    since = last_line(bench)
    asked = 0

    def once(question: str) -> bool:
        nonlocal asked
        asked += question == "departments"
        return question == "departments" and asked == 1

    tenant.world.stale = once
    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert lines(bench, since) == []


def test_the_second_listing_moves_nothing_on_its_own_either(bench: Bench) -> None:
    truth = company()
    truth.departments[9] = Place(parent=TEAM)
    tenant = bench.link_in_step(CORP, truth)
    old = truth.copy()
    old.departments[9] = Place(parent=HOME)
    tenant.world.before = old
    # Something makes the run look twice.
    after = truth.copy()
    after.departments[TEAM] = Place(parent=HOME, order=77)
    tenant.world.truth = after
    asked = 0

    def second(question: str) -> bool:
        nonlocal asked
        asked += question == "departments"
        return question == "departments" and asked == 2

    tenant.world.stale = second
    run = bench.run(bench.resync(tenant))
    tenant.world.stale = lambda _: False

    assert bench.org(tenant).departments[DepartmentId(9)].parent_id == TEAM
    assert run["error"].startswith("cut_off_read: two listings")
    bench.resync(tenant)
    assert bench.org(tenant) == after.org()


def with_colleagues() -> Truth:
    """A company whose team is large enough to be listed rather than asked singly."""
    truth = company()
    for who in COLLEAGUES:
        truth.people[who] = Person(open_userid=who, departments={TEAM: 0}, main=TEAM)
    return truth


def settle_beside_an_old_list(bench: Bench, tenant: Tenant) -> list[tuple[str, str]]:
    """Mail about woA's colleagues while their list is old; what the journal says."""
    since = last_line(bench)
    tenant.world.stale = lambda question: question == f"list:{TEAM}"
    for who in COLLEAGUES:
        bench.post(tenant, said("update_user", f"member:{who}", second=9))
    bench.drain(tenant)
    return lines(bench, since)


def test_a_bystander_on_an_old_list_is_not_moved_in_a_drain(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, with_colleagues())
    become(tenant, "woA", departments={HOME: 0}, main=HOME)
    bench.post(tenant, said("update_user", "member:woA"))
    bench.settle(tenant)

    done = settle_beside_an_old_list(bench, tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert done == []


def test_a_bystander_who_was_deleted_is_not_brought_back_in_a_drain(
    bench: Bench,
) -> None:
    truth = with_colleagues()
    tenant = bench.link_in_step(CORP, truth)
    tenant.world.before = truth.copy()
    tenant.world.truth = truth.copy()
    del tenant.world.truth.people["woA"]
    bench.post(tenant, said("delete_user", "member:woA"))
    bench.settle(tenant)

    done = settle_beside_an_old_list(bench, tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert done == []


def test_an_old_listing_moves_no_bystander_back_in_a_drain(bench: Bench) -> None:
    truth = company()
    truth.departments[9] = Place(parent=HOME)
    tenant = bench.link_in_step(CORP, truth)
    made = Company(tenant.world)
    made.place(9, TEAM, 0)
    for each in made.outbox:
        bench.post(tenant, each)
    bench.settle(tenant)
    since = last_line(bench)
    asked = 0

    def once(question: str) -> bool:
        nonlocal asked
        asked += question == "departments"
        return question == "departments" and asked == 1

    tenant.world.stale = once
    bench.post(tenant, said("update_party", f"department:{TEAM}", second=9))
    bench.settle(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert lines(bench, since) == []
