"""An odd answer about one leaves that one as they are, and stops nobody else."""

from dataclasses import replace
from typing import Any

import pytest

from domain.ids import DepartmentId, RunId, Userid
from store.runs import requests
from tests.support.org.histories import HOME, KEEPER, TAG, TEAM, company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import Holding, Person, Truth
from tests.support.wecom.odd_answers import DECIDING, ODD_VALUES, SHOWN
from wecom.errors import OddAnswer, Unavailable

CORP = "wpCorpA"


def drain_for_long(bench: Bench, tenant: Tenant) -> None:
    """Let so much time pass that whatever is asked again slowly was asked again."""
    for _ in range(12):
        bench.make_due(tenant)
        bench.drain(tenant)


def read_for_long(bench: Bench, tenant: Tenant) -> RunId:
    run = bench.request_run(tenant)
    for _ in range(12):
        bench.make_due(tenant)
        for each in bench.open_runs(tenant):
            bench.work_on(each)
    return run


def hire(tenant: Tenant, userid: str = "woNew") -> None:
    tenant.world.truth.people[userid] = Person(
        open_userid=f"o{userid}", departments={TEAM: 0}, main=TEAM
    )


def waiting(bench: Bench) -> list[tuple[Any, ...]]:
    return bench.execute(
        "SELECT key, waits_for, error, waiting_since IS NOT NULL, not_before IS NOT"
        " NULL FROM inbox WHERE state = 'pending' ORDER BY key"
    )


@pytest.mark.parametrize("field", DECIDING)
@pytest.mark.parametrize("odd", ODD_VALUES)
def test_an_odd_field_that_decides_stops_nobody_else_in_a_drain(
    bench: Bench, field: str, odd: object
) -> None:
    if field == "open_userid" and odd == "no such thing":
        odd = 7
    tenant = bench.link_in_step(CORP, company())
    before = bench.org(tenant).members[Userid("woA")]
    tenant.world.odd["member:woA"] = {field: odd}
    hire(tenant)

    bench.post(tenant, said("update_user", "member:woA"))
    bench.post(tenant, said("create_user", "member:woNew"))
    bench.drain(tenant)

    org = bench.org(tenant)
    assert "woNew" in org.members
    assert org.members[Userid("woA")] == before
    [(key, waits_for, error, since, until)] = waiting(bench)
    assert (key, waits_for, since, until) == ("member:woA", "odd_answer", True, True)
    assert error.startswith(f"user/get: {field}")


@pytest.mark.parametrize("field", DECIDING)
def test_an_odd_field_that_decides_stops_no_run(bench: Bench, field: str) -> None:
    tenant = bench.link_in_step(CORP, company())
    before = bench.org(tenant).members[Userid("woA")]
    tenant.world.odd["member:woA"] = {field: [{}]}
    hire(tenant)

    run = bench.run(bench.resync(tenant))

    assert run["state"] == "done"
    assert run["error"].startswith("odd_answer: of 1 keys")
    assert f"member:woA (user/get: {field}" in run["error"]
    assert "woNew" in bench.org(tenant).members
    assert bench.org(tenant).members[Userid("woA")] == before
    [(finding, doubt)] = bench.execute(
        "SELECT finding, doubt FROM absences WHERE userid = 'woA'"
    )
    assert (finding, doubt) == ("odd_answer", "odd_answer")


@pytest.mark.parametrize("field", SHOWN)
@pytest.mark.parametrize("odd", ODD_VALUES[:6])
def test_an_odd_field_that_decides_nothing_is_not_visible(
    bench: Bench, field: str, odd: object
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.odd["member:woA"] = {field: odd}

    run = bench.run(bench.resync(tenant))

    assert (run["state"], run["error"]) == ("done", None)
    assert "woA" in bench.org(tenant).members


def test_somebody_odd_is_asked_again_slowly_and_followed_once_they_are_plain(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.odd["member:woA"] = {"status": "x"}
    bench.resync(tenant)

    tenant.world.odd.clear()
    person = tenant.world.truth.people["woA"]
    tenant.world.truth.people["woA"] = replace(person, status=2)
    drain_for_long(bench, tenant)

    assert bench.org(tenant).members[Userid("woA")].employment == "left"
    assert bench.pending(tenant) == 0
    assert bench.execute("SELECT 1 FROM absences") == []


def test_somebody_who_stays_odd_is_named_and_asked_a_few_times_only(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.odd["member:woA"] = {"department": "2"}
    bench.post(tenant, said("update_user", "member:woA"))

    drain_for_long(bench, tenant)

    assert bench.mail(tenant) == [("done", "odd_answer")]
    assert 2 <= tenant.world.asked("member:woA") <= 8
    [(error,)] = bench.execute("SELECT error FROM inbox")
    assert "department is not a list" in error


def test_a_newcomer_who_is_odd_is_named_and_added_later(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    hire(tenant)
    tenant.world.odd["member:woNew"] = {"status": []}
    run = bench.run(bench.resync(tenant))
    assert "member:woNew" in run["error"]
    assert "woNew" not in bench.org(tenant).members

    tenant.world.odd.clear()
    drain_for_long(bench, tenant)

    assert "woNew" in bench.org(tenant).members


@pytest.mark.parametrize("field", ["parentid", "id"])
@pytest.mark.parametrize("by_run", [True, False])
def test_an_odd_department_stays_as_it_was_and_the_others_move(
    bench: Bench, field: str, by_run: bool
) -> None:
    tenant = bench.link_in_step(CORP, company())
    before = bench.org(tenant)
    tenant.world.odd[f"department:{TEAM}"] = {field: [1.5]}
    home = tenant.world.truth.departments[HOME]
    tenant.world.truth.departments[HOME] = replace(home, order=99)

    if by_run:
        bench.resync(tenant)
    else:
        bench.post(tenant, said("update_party", f"department:{HOME}"))
        bench.drain(tenant)

    org = bench.org(tenant)
    assert org.departments[DepartmentId(HOME)].order == 99
    assert org.departments[DepartmentId(TEAM)] == before.departments[DepartmentId(TEAM)]
    assert org.members.keys() == before.members.keys()


def test_mail_about_an_odd_department_waits_by_itself(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.odd[f"department:{TEAM}"] = {"parentid": {}}
    hire(tenant)

    bench.post(tenant, said("update_party", f"department:{TEAM}"))
    bench.post(tenant, said("create_user", "member:woNew"))
    bench.drain(tenant)

    assert "woNew" in bench.org(tenant).members
    [(key, waits_for, error, _, _)] = waiting(bench)
    assert (key, waits_for) == (f"department:{TEAM}", "odd_answer")
    assert "department/simplelist: parentid is not a number" in error


def tagged() -> Truth:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    truth.tags[TAG] = Holding(userids=frozenset({"woB"}))
    return truth


@pytest.mark.parametrize("odd", [{"userlist": [7]}, {"userlist": {}}, {"partylist": 3}])
@pytest.mark.parametrize("by_run", [True, False])
def test_an_odd_tag_takes_nobody_out(
    bench: Bench, odd: dict[str, Any], by_run: bool
) -> None:
    tenant = bench.link_in_step(CORP, tagged())
    before = bench.org(tenant)
    tenant.world.odd[f"tag:{TAG}"] = odd
    hire(tenant)

    bench.post(tenant, said("update_tag", f"tag:{TAG}"))
    bench.post(tenant, said("create_user", "member:woNew"))
    if by_run:
        run = bench.run(bench.resync(tenant))
        assert f"tag:{TAG}" in run["error"]
    bench.drain(tenant)

    org = bench.org(tenant)
    assert org.members[Userid("woB")] == before.members[Userid("woB")]
    assert "woNew" in org.members


def test_no_answer_about_one_person_is_their_trouble_alone(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.faults["member:woA"] = Unavailable(
        "HTTP 502", endpoint="user/get", corp_id=CORP
    )
    hire(tenant)

    bench.post(tenant, said("update_user", "member:woA"))
    bench.post(tenant, said("create_user", "member:woNew"))
    bench.drain(tenant)

    assert "woNew" in bench.org(tenant).members
    [(key, waits_for, error, since, until)] = waiting(bench)
    assert (key, waits_for, since, until) == ("member:woA", "unavailable", True, True)
    assert error == f"user/get: {CORP}: HTTP 502"
    assert bench.execute("SELECT 1 FROM mailboxes WHERE waits_for IS NOT NULL") == []


def test_who_got_no_answer_is_followed_once_there_is_one(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.faults["member:woA"] = Unavailable("HTTP 502")
    bench.post(tenant, said("update_user", "member:woA"))
    bench.post(tenant, said("update_user", "member:woB"))
    bench.drain(tenant)

    tenant.world.faults.clear()
    person = tenant.world.truth.people["woA"]
    tenant.world.truth.people["woA"] = replace(person, status=2)
    bench.settle(tenant)

    assert bench.org(tenant).members[Userid("woA")].employment == "left"


@pytest.mark.parametrize("question", ["departments", "auth_info", f"tag:{TAG}"])
def test_no_answer_about_tree_scope_or_tag_lets_people_be_followed(
    bench: Bench, question: str
) -> None:
    tenant = bench.link_in_step(CORP, tagged())
    tenant.world.faults[question] = Unavailable("errcode -1")
    hire(tenant)
    del tenant.world.truth.people["woA"]

    bench.post(tenant, said("update_party", f"department:{TEAM}"))
    bench.post(tenant, said("update_tag", f"tag:{TAG}"))
    bench.post(tenant, said("delete_user", "member:woA"))
    bench.post(tenant, said("create_user", "member:woNew"))
    bench.drain(tenant)

    assert "woNew" in bench.org(tenant).members
    assert waiting(bench)

    tenant.world.faults.clear()
    bench.settle(tenant)
    assert "woA" not in bench.org(tenant).members


def test_when_nobody_is_answered_the_mailbox_waits_and_not_the_keys(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.faults["member"] = Unavailable("HTTP 502")

    for who in ("woA", "woB", KEEPER):
        bench.post(tenant, said("update_user", f"member:{who}"))
    bench.drain(tenant)

    assert {each[1] for each in waiting(bench)} == {None}
    [(waits_for, error)] = bench.execute("SELECT waits_for, error FROM mailboxes")
    assert (waits_for, error) == ("unavailable", "HTTP 502")


def test_a_key_that_fails_while_nothing_else_is_asked_holds_up_nothing_later(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.faults["member:woA"] = Unavailable("HTTP 502")
    bench.post(tenant, said("update_user", "member:woA"))
    for _ in range(4):
        bench.make_due(tenant)
        bench.drain(tenant)

    hire(tenant)
    bench.post(tenant, said("create_user", "member:woNew"))
    bench.drain(tenant)

    assert "woNew" in bench.org(tenant).members
    assert [each[:2] for each in waiting(bench)] == [("member:woA", "unavailable")]


@pytest.mark.parametrize("question", ["member:woB", f"list:{TEAM}"])
def test_a_run_ends_although_one_page_never_comes(bench: Bench, question: str) -> None:
    truth = company()
    truth.allow_members = frozenset({"woB"})
    del truth.people["woB"]
    truth.people["woB"] = Person(open_userid="oB", departments={4: 1}, main=4)
    tenant = bench.link_in_step(CORP, truth)
    before = bench.org(tenant)
    tenant.world.faults[question] = Unavailable("no answer in time")
    hire(tenant)
    home = tenant.world.truth.people[KEEPER]
    tenant.world.truth.people[KEEPER] = replace(home, status=2)

    run = bench.run(read_for_long(bench, tenant))

    assert run["state"] == "done"
    assert question in run["error"]
    assert bench.org(tenant).members[Userid(KEEPER)].employment == "left"
    assert bench.org(tenant).members.keys() >= before.members.keys()


@pytest.mark.parametrize("synced", [True, False])
def test_an_odd_scope_keeps_the_one_that_is_known(bench: Bench, synced: bool) -> None:
    link = bench.link_in_step if synced else bench.link
    tenant = link(CORP, company())
    tenant.world.faults["auth_info"] = OddAnswer(
        "allow_user is not a list", endpoint="service/v2/get_auth_info"
    )
    hire(tenant)

    run = bench.run(read_for_long(bench, tenant))

    assert "allow_user is not a list" in run["error"]
    if synced:
        assert run["state"] == "done"
        assert "woNew" in bench.org(tenant).members
    else:
        # Nothing is known that could be kept: the corp itself is undecided.
        assert run["state"] in {"queued", "running"}


@pytest.mark.parametrize("key", ["member:woA", f"department:{TEAM}", f"tag:{TAG}"])
def test_a_plan_can_be_made_although_an_answer_is_odd(bench: Bench, key: str) -> None:
    tenant = bench.link_in_step(CORP, tagged())
    odd = {"member": "status", "department": "parentid", "tag": "userlist"}
    tenant.world.odd[key] = {odd[key.partition(":")[0]]: [{}]}
    quiet = bench.written(tenant)

    with bench.own() as connection:
        plan = requests.request_plan(connection, tenant.corp_pk)
    bench.work_on(plan)

    assert (bench.run(plan)["state"], bench.run(plan)["error"]) == ("done", None)
    assert bench.written(tenant) == quiet
    assert bench.pending(tenant) == 0
