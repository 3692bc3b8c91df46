"""A question that alone is not answered holds up its own key: in drains and in runs."""

from dataclasses import replace

import pytest

from domain.ids import RunId, Userid
from tests.support.org.histories import KEEPER, TAG, TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import Holding, Person, Truth
from wecom.errors import Unavailable

CORP = "wpCorpA"
SILENCE = Unavailable("HTTP 502")


def tagged() -> Truth:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    return truth


def hire(tenant: Tenant) -> None:
    tenant.world.truth.people["woNew"] = Person(
        open_userid="oNew", departments={TEAM: 0}, main=TEAM
    )


def read_for_long(bench: Bench, tenant: Tenant, run: RunId) -> None:
    for _ in range(12):
        bench.make_due(tenant)
        for each in bench.open_runs(tenant):
            bench.work_on(each)


def people(bench: Bench, tenant: Tenant) -> set[str]:
    return {*bench.org(tenant).members}


# In runs.


def test_a_tag_that_never_answers_ends_no_run_and_takes_nobody_out(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, tagged())
    hire(tenant)
    tenant.world.faults[f"tag:{TAG}"] = SILENCE

    run = bench.request_run(tenant)
    read_for_long(bench, tenant, run)

    assert bench.run(run)["state"] == "done"
    assert f"tag:{TAG}" in bench.run(run)["error"]
    assert {"woB", "woNew"} <= people(bench, tenant)


def test_somebody_touched_who_never_answers_ends_no_run(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    keeper = tenant.world.truth.people[KEEPER]
    run = bench.request_run(tenant)

    def touch(question: str) -> None:
        if question == f"list:{TEAM}":
            tenant.world.watch = lambda _: None
            bench.post(tenant, said("update_user", "member:woA"))
            bench.drain(tenant)
            tenant.world.faults["member:woA"] = SILENCE

    tenant.world.watch = touch
    tenant.world.truth.people[KEEPER] = replace(keeper, status=2)
    read_for_long(bench, tenant, run)

    assert bench.run(run)["state"] == "done"
    assert "member:woA" in bench.run(run)["error"]
    org = bench.org(tenant)
    assert org.members[Userid(KEEPER)].employment == "left"
    assert "woA" in org.members


def test_a_tag_that_was_touched_and_never_answers_ends_no_run(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, tagged())
    hire(tenant)
    run = bench.request_run(tenant)

    def touch(question: str) -> None:
        if question == f"list:{TEAM}":
            tenant.world.watch = lambda _: None
            bench.post(tenant, said("update_tag", f"tag:{TAG}"))
            bench.drain(tenant)
            tenant.world.faults[f"tag:{TAG}"] = SILENCE

    tenant.world.watch = touch
    read_for_long(bench, tenant, run)

    assert bench.run(run)["state"] == "done"
    assert f"tag:{TAG}" in bench.run(run)["error"]
    assert {"woB", "woNew"} <= people(bench, tenant)


# In drains.


def test_a_tag_that_only_a_rename_needs_holds_up_that_rename(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, tagged())
    moved = Company(tenant.world)
    moved.rename("woB", "woB2")
    hire(tenant)
    tenant.world.faults[f"tag:{TAG}"] = SILENCE

    for event in moved.outbox:
        bench.post(tenant, event)
    bench.post(tenant, said("create_user", "member:woNew"))
    bench.drain(tenant)

    assert {"woB", "woNew"} <= people(bench, tenant)
    waiting = bench.execute("SELECT key FROM inbox WHERE state = 'pending'")
    assert waiting == [("member:woB",)]

    tenant.world.faults.clear()
    bench.settle(tenant)
    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_tag_of_the_extra_range_without_an_answer_holds_up_nobody_else(
    bench: Bench,
) -> None:
    truth = company()
    truth.tags[9] = Holding(userids=frozenset({"woA"}))
    truth.extra_tags = frozenset({9})
    tenant = bench.link_in_step(CORP, truth)
    moved = Company(tenant.world)
    # Still to be seen, by the extra tag, and no user any more.
    moved.change("woA", departments={4: 0}, main=4)
    hire(tenant)
    tenant.world.faults["tag:9"] = SILENCE

    for event in moved.outbox:
        bench.post(tenant, event)
    bench.post(tenant, said("create_user", "member:woNew"))
    bench.make_due(tenant)
    bench.drain(tenant)

    assert {"woA", "woNew"} <= people(bench, tenant)
    assert bench.execute("SELECT 1 FROM mailboxes WHERE waits_for IS NOT NULL") == []

    tenant.world.faults.clear()
    bench.settle(tenant)
    bench.resync(tenant)
    assert bench.org(tenant) == tenant.world.truth.org()


@pytest.mark.parametrize("deleted", [True, False])
def test_no_list_of_the_authorised_holds_up_only_whose_leaving_needs_it(
    bench: Bench, deleted: bool
) -> None:
    truth = company()
    truth.auth_mode = 1
    truth.authorised = frozenset({KEEPER, "woA", "woB"})
    tenant = bench.link_in_step(CORP, truth)
    gone = tenant.world.truth.people.pop("woA")
    assert gone is not None
    tenant.world.truth.authorised -= {"woA"}
    person = tenant.world.truth.people["woB"]
    tenant.world.truth.people["woB"] = replace(person, status=2)
    tenant.world.faults["authorised"] = SILENCE

    change = "delete_user" if deleted else "update_user"
    bench.post(tenant, said(change, "member:woA"))
    bench.post(tenant, said("update_user", "member:woB"))
    bench.drain(tenant)

    org = bench.org(tenant)
    assert org.members[Userid("woB")].employment == "left"
    assert ("woA" in org.members) is not deleted

    tenant.world.faults.clear()
    bench.settle(tenant)
    bench.resync(tenant)
    assert bench.org(tenant) == tenant.world.truth.org()
