"""Nobody is removed without two different answers (design.md §3)."""

from dataclasses import replace

import pytest

from domain.ids import Userid
from domain.org.org import Activation
from tests.support.org.histories import HOME, KEEPER, TAG, TEAM, Company, company
from tests.support.org.pipeline import Bench, Event, Tenant, said
from tests.support.wecom.fakes import refused
from wecom.errors import TooLarge, Unavailable

CORP = "wpCorpA"
DELETED = said("delete_user", "member:woA")
CHANGED = said("update_user", "member:woA")


def gone(bench: Bench) -> Tenant:
    """A corp in step, that woA has left since."""
    tenant = bench.link_in_step(CORP, company())
    del tenant.world.truth.people["woA"]
    return tenant


def post(bench: Bench, tenant: Tenant, *events: Event) -> None:
    for each in events:
        bench.post(tenant, each)


def is_there(bench: Bench, tenant: Tenant) -> bool:
    return "woA" in bench.org(tenant).members


def removal(bench: Bench) -> list[tuple[str, str]]:
    rows = bench.execute("SELECT removal FROM members WHERE state = 'removed'")
    reasons = bench.execute(
        "SELECT reason FROM journal WHERE decision = 'RemoveMember'"
    )
    return [(a, b) for (a,), (b,) in zip(rows, reasons, strict=True)]


def test_a_refusal_and_delete_user_remove(bench: Bench) -> None:
    tenant = gone(bench)
    post(bench, tenant, DELETED)

    bench.drain(tenant)

    assert removal(bench) == [("deletion", "deleted_by_event")]


def test_a_refusal_and_an_unsubscribing_remove(bench: Bench) -> None:
    tenant = gone(bench)
    post(bench, tenant, said("unsubscribe", "member:woA"))

    bench.drain(tenant)

    assert removal(bench) == [("scope", "unsubscribed")]


def test_a_refusal_and_a_list_without_the_person_remove(bench: Bench) -> None:
    tenant = gone(bench)
    post(bench, tenant, CHANGED)

    bench.drain(tenant)

    assert removal(bench) == [("deletion", "confirmed_by_listing")]
    assert f"list:{TEAM}" in tenant.world.calls


def test_a_person_who_moved_out_of_the_scope_is_removed(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.change("woA", departments={4: 0}, main=4)
    post(bench, tenant, *moved.outbox)

    bench.drain(tenant)

    assert not is_there(bench, tenant)
    assert bench.execute("SELECT removal FROM members WHERE userid = 'woA'") == [
        ("scope",)
    ]


def test_a_person_disabled_and_then_moved_out_of_the_scope_is_removed(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.change("woA", status=2)
    moved.change("woA", departments={4: 0}, main=4)
    post(bench, tenant, *moved.outbox)

    bench.drain(tenant)

    assert removal(bench) == [("scope", "unsubscribed")]


def test_a_disabled_person_whose_departments_were_never_shown_is_marked_left(
    bench: Bench,
) -> None:
    by_members = replace(company(), auth_mode=1, authorised=frozenset({KEEPER, "woA"}))
    tenant = bench.link_in_step(CORP, by_members)
    tenant.world.faults["member:woA"] = refused()
    disabled = said("update_user", "member:woA", status=2, departments=[])
    post(bench, tenant, disabled, said("unsubscribe", "member:woA"))

    bench.drain(tenant)

    assert bench.org(tenant).members[Userid("woA")].activation == Activation.DISABLED


def test_a_refusal_alone_removes_nobody(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.faults["member:woA"] = refused()
    post(bench, tenant, CHANGED)

    bench.drain(tenant)

    assert is_there(bench, tenant)
    assert bench.mail(tenant) == [("pending", None)]


def test_delete_user_alone_removes_nobody(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    post(bench, tenant, DELETED)

    bench.settle(tenant)

    assert is_there(bench, tenant)
    assert bench.mail(tenant) == [("done", "overtaken")]


@pytest.mark.parametrize("errcode", [60111, 60011, 60021, 40003, 46004])
def test_these_refusals_count(bench: Bench, errcode: int) -> None:
    tenant = gone(bench)
    tenant.world.faults["member:woA"] = refused(errcode)
    post(bench, tenant, DELETED)

    bench.drain(tenant)

    assert not is_there(bench, tenant)


@pytest.mark.parametrize("errcode", [60003, 60123])
def test_refusals_about_something_else_do_not_count(bench: Bench, errcode: int) -> None:
    tenant = gone(bench)
    tenant.world.faults["member:woA"] = refused(errcode)
    post(bench, tenant, DELETED)

    bench.settle(tenant)
    bench.resync(tenant)

    assert is_there(bench, tenant)


@pytest.mark.parametrize("question", ["auth_info", "member", "list", "departments"])
def test_a_failed_question_removes_nobody(bench: Bench, question: str) -> None:
    tenant = gone(bench)
    tenant.world.faults[question] = Unavailable("HTTP 502")
    post(bench, tenant, CHANGED, said("delete_party", "department:4"))

    bench.drain(tenant)

    assert is_there(bench, tenant)


def test_without_a_control_question_nobody_is_removed(bench: Bench) -> None:
    tenant = gone(bench)
    tenant.world.empty.add("departments")
    tenant.world.faults["member"] = refused()
    post(bench, tenant, DELETED)

    bench.drain(tenant)

    assert is_there(bench, tenant)


def test_an_empty_list_is_asked_for_again_before_it_counts(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.change("woa", departments={HOME: 0}, main=HOME)
    moved.leave("woA")
    post(bench, tenant, CHANGED)

    bench.drain(tenant)

    assert tenant.world.asked(f"list:{TEAM}") == 2
    assert not is_there(bench, tenant)


def test_an_empty_list_and_a_failing_read_remove_nobody_of_a_run(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.empty |= {f"list:{TEAM}", f"list:{HOME}"}

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_run_removes_who_is_refused_and_on_no_list(bench: Bench) -> None:
    tenant = gone(bench)

    run_id = bench.resync(tenant)

    assert removal(bench) == [("deletion", "confirmed_by_listing")]
    assert bench.run(run_id)["decisions"] == {"RemoveMember": 1}


def test_a_run_does_not_take_a_list_that_showed_somebody_for_their_absence(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())

    def touch(question: str) -> None:
        if question == f"list:{TEAM}":
            bench.execute(
                "INSERT INTO touched (corp_pk, key) VALUES (%s, 'member:woA')"
                " ON CONFLICT DO NOTHING",
                tenant.corp_pk,
            )

    tenant.world.watch = touch
    tenant.world.faults["member:woA"] = refused()

    bench.resync(tenant)

    assert is_there(bench, tenant)
    assert tenant.world.asked(f"list:{TEAM}") == 2


def test_who_is_on_a_list_too_large_for_one_answer_is_not_removed(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.faults[f"list:{TEAM}"] = TooLarge(errcode=45029)
    tenant.world.faults["member:woA"] = refused()

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_department_too_large_for_one_answer_is_read_person_by_person(
    bench: Bench,
) -> None:
    truth = company()
    tenant = bench.link(CORP, truth)
    tenant.world.faults[f"list:{TEAM}"] = TooLarge(errcode=45029)

    bench.resync(tenant)

    assert bench.org(tenant) == truth.org()
    assert {f"ids:{TEAM}", "member:woA", "member:woa"} <= set(tenant.world.calls)


def test_who_is_on_the_list_of_the_authorised_is_not_removed(bench: Bench) -> None:
    truth = company()
    truth.auth_mode, truth.authorised = 1, frozenset({KEEPER, "woA", "woa"})
    tenant = bench.link_in_step(CORP, truth)
    tenant.world.faults["member:woA"] = refused()

    bench.resync(tenant)

    assert is_there(bench, tenant)


def test_who_withdrew_their_authorisation_is_removed(bench: Bench) -> None:
    truth = company()
    truth.auth_mode, truth.authorised = 1, frozenset({KEEPER, "woA", "woa"})
    tenant = bench.link_in_step(CORP, truth)
    tenant.world.truth.authorised = frozenset({KEEPER})

    bench.resync(tenant)

    assert set(bench.org(tenant).members) == {KEEPER}


def test_an_empty_list_of_the_authorised_removes_nobody(bench: Bench) -> None:
    truth = company()
    truth.auth_mode, truth.authorised = 1, frozenset({KEEPER, "woA"})
    tenant = bench.link_in_step(CORP, truth)
    tenant.world.empty.add("authorised")
    tenant.world.faults["member"] = refused()

    bench.resync(tenant)

    assert set(bench.org(tenant).members) == {KEEPER, "woA"}


def test_losing_one_ground_removes_nobody_who_has_another(bench: Bench) -> None:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    tenant = bench.link_in_step(CORP, truth)
    moved = Company(tenant.world)
    moved.tag(frozenset({"woA", "woB"}), frozenset())
    moved.change("woA", departments={4: 0}, main=4)
    post(bench, tenant, *moved.outbox)

    bench.settle(tenant)

    assert bench.org(tenant).members["woA"].grounds == {f"tag:{TAG}"}  # type: ignore[index]  # a Userid.


def test_a_tag_that_lets_somebody_go_removes_them(bench: Bench) -> None:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    tenant = bench.link_in_step(CORP, truth)
    moved = Company(tenant.world)
    moved.tag(frozenset({"woA"}), frozenset())
    post(bench, tenant, *moved.outbox)

    bench.settle(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert "woB" not in bench.org(tenant).members
