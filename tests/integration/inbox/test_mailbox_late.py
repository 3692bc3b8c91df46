"""Answers that show the state before the event: asked again, then overtaken."""

import pytest

from tests.support.org.histories import HOME, TAG, TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant
from tests.support.wecom.fakes import Truth

CORP = "wpCorpA"


def tagged() -> Truth:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    return truth


def push(bench: Bench, tenant: Tenant, moved: Company) -> None:
    for event in moved.outbox:
        bench.post(tenant, event)
    moved.outbox.clear()


def moves(moved: Company) -> None:
    moved.change("woA", departments={HOME: 0}, main=HOME)


def leaves(moved: Company) -> None:
    moved.leave("woA")


def joins(moved: Company) -> None:
    moved.hire("woNew", TEAM)


def is_disabled(moved: Company) -> None:
    moved.change("woA", status=2)


def is_renamed(moved: Company) -> None:
    moved.rename("woA", "woZ")


def department_comes(moved: Company) -> None:
    moved.place(9, TEAM, 1)


def department_moves(moved: Company) -> None:
    moved.place(TEAM, 1, 3)


def tag_changes(moved: Company) -> None:
    moved.tag(frozenset({"woA"}), frozenset({4}))


CHANGES = [
    moves,
    leaves,
    joins,
    is_disabled,
    is_renamed,
    department_comes,
    department_moves,
    tag_changes,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_late_answer_is_asked_for_again(bench: Bench, change) -> None:  # type: ignore[no-untyped-def]  # pytest's.
    tenant = bench.link_in_step(CORP, tagged())
    moved = Company(tenant.world)
    change(moved)
    push(bench, tenant, moved)
    tenant.world.stale = lambda question: question != "auth_info"

    bench.drain(tenant)
    waiting = bench.pending(tenant)
    tenant.world.stale = lambda _: False
    bench.settle(tenant)

    assert waiting
    assert bench.org(tenant) == tenant.world.truth.org()


def test_it_is_asked_again_after_3_and_30_seconds_then_overtaken(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moves(moved)
    push(bench, tenant, moved)
    tenant.world.stale = lambda _: True
    seconds = (
        "SELECT round(extract(epoch FROM not_before - clock_timestamp())) FROM inbox"
    )

    bench.drain(tenant)
    first = bench.execute(seconds)
    bench.make_due(tenant)
    bench.drain(tenant)
    second = bench.execute(seconds)
    bench.make_due(tenant)
    bench.drain(tenant)

    assert (first, second) == ([(3,)], [(30,)])
    assert bench.mail(tenant) == [("done", "overtaken")]
    assert tenant.world.asked("member:woA") == 3


def test_an_event_that_waits_holds_no_other_up(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moves(moved)
    push(bench, tenant, moved)
    tenant.world.stale = lambda question: question == "member:woA"
    bench.drain(tenant)
    moved.change("woa", status=2)
    push(bench, tenant, moved)
    tenant.world.stale = lambda _: False

    bench.drain(tenant)

    states = [state for state, _ in bench.mail(tenant)]
    assert states == ["pending", "done"]


def test_a_late_answer_costs_no_attempt(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moves(moved)
    push(bench, tenant, moved)
    tenant.world.stale = lambda _: True

    bench.drain(tenant)

    assert bench.execute("SELECT attempts, late_asks FROM inbox") == [(0, 1)]


def test_news_older_than_what_was_settled_is_overtaken_at_once(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.change("woA", departments={HOME: 0}, main=HOME)
    moved.change("woA", departments={TEAM: 0}, main=TEAM)
    older, newer = moved.outbox
    bench.post(tenant, newer)
    bench.drain(tenant)

    bench.post(tenant, older)
    bench.drain(tenant)

    assert bench.mail(tenant) == [("done", "no_difference"), ("done", "overtaken")]
