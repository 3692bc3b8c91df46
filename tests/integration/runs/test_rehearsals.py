"""A plan says what a resync would do, and does nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from domain.ids import RunId
from store.database import transaction
from store.inbox import leases
from store.runs import rehearsals, requests
from store.runs.rehearsals import Rehearsal, Rehearsed
from tests.support.org.histories import HOME, KEEPER, TEAM, Company, company
from tests.support.org.linked import Matched, mobile, people
from tests.support.org.lives import Life
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.purging import TABLES_OF_A_PLAN
from tests.support.wecom.fakes import Person
from wecom.errors import Revoked, Unavailable
from workers.runs import apply
from workers.upkeep import jobs

CORP = "wpCorpA"


def request(bench: Bench, tenant: Tenant) -> RunId:
    with transaction(bench.runtime.pool) as connection:
        return requests.request_plan(connection, tenant.corp_pk)


def plan(bench: Bench, tenant: Tenant) -> RunId:
    """A plan to its end; it may wait once, for a second read of the sets."""
    run_id = request(bench, tenant)
    bench.work_on(run_id)
    bench.execute("UPDATE runs SET not_before = clock_timestamp()")
    bench.work_on(run_id)
    assert bench.run(run_id)["state"] == "done", bench.run(run_id)
    return run_id


def found(bench: Bench, run_id: RunId) -> Rehearsal:
    with transaction(bench.runtime.pool) as connection:
        rehearsal = rehearsals.find(connection, run_id)
    assert rehearsal is not None
    return rehearsal


def steps(bench: Bench, tenant: Tenant, run_id: RunId) -> list[Rehearsed]:
    with transaction(bench.runtime.pool) as connection:
        return rehearsals.list_rehearsed(
            connection, run_id, after=0, limit=10_000, data_key=None
        )


def journalled(bench: Bench, run_id: RunId) -> list[tuple[Any, ...]]:
    return bench.execute(
        "SELECT decision, key, before, after, reason FROM journal"
        " WHERE run_id = %s ORDER BY line_id",
        run_id,
    )


def planned(found: list[Rehearsed]) -> list[tuple[Any, ...]]:
    return [
        (each.name, each.key, each.before, each.after, each.reason)
        for each in found
        if not each.held
    ]


def everything(bench: Bench) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table with its place: any write changes it."""
    tables = bench.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname"
    )
    return {
        table: bench.execute(
            f"SELECT ctid, xmin, t::text FROM {table} AS t ORDER BY tableoid, 1"  # noqa: S608 - names of our own tables
        )
        for (table,) in tables
        if table not in TABLES_OF_A_PLAN
    }


def guard_on(bench: Bench, tenant: Tenant) -> None:
    bench.execute('UPDATE companies SET guard = \'{"switch": "on", "removals": 1}\'')


@pytest.mark.parametrize("seed", range(2))
def test_a_resync_does_exactly_what_the_plan_said(bench: Bench, seed: int) -> None:
    tenant = bench.link_in_step(CORP, company())
    life = Life(tenant, seed)

    for _ in range(4):
        for _ in range(3):
            life.go_on()
        life.company.outbox.clear()
        before = everything(bench)
        said_before = steps(bench, tenant, plan(bench, tenant))
        assert everything(bench) == before
        run_id = bench.resync(tenant)
        assert journalled(bench, run_id) == planned(said_before)
        [[priced]] = bench.execute(
            "SELECT calls_resync FROM rehearsals ORDER BY made_at DESC LIMIT 1"
        )
        assert bench.run(run_id)["calls"] == priced


def test_the_first_read_of_a_corp_can_be_planned(bench: Bench) -> None:
    tenant = bench.link(CORP, company())

    run_id = plan(bench, tenant)

    assert bench.org(tenant).members == {}
    told = steps(bench, tenant, run_id)
    assert {each.name for each in told} == {"AddDepartment", "AddMember", "AskMember"}
    assert journalled(bench, bench.resync(tenant)) == planned(told)


def test_a_read_of_several_pages_can_be_planned(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "_PAGE_MEMBERS", 1)
    tenant = bench.link(CORP, company())

    told = steps(bench, tenant, plan(bench, tenant))

    assert len([each for each in told if each.name == "AddMember"]) > 2
    assert journalled(bench, bench.resync(tenant)) == planned(told)


@pytest.mark.parametrize("origin", ["tapd", "wecom"])
def test_links_are_planned_as_a_resync_makes_them(bench: Bench, origin: str) -> None:
    tenant = bench.link(CORP, company())
    bench.execute("UPDATE companies SET origin = %s", origin)
    before = everything(bench)

    told = steps(bench, tenant, plan(bench, tenant))
    assert everything(bench) == before
    run_id = bench.resync(tenant)

    linked = [each for each in told if each.name in {"AskMember", "CreateAccount"}]
    assert len(linked) == 3
    assert all(each.after["link"]["reason"] for each in linked)
    made = bench.execute(
        "SELECT decision, key, before, after, reason FROM journal"
        " WHERE run_id = %s ORDER BY line_id",
        run_id,
    )
    for _, _, _, after, _ in made:
        if origin == "wecom" and "link" in after:
            after["link"]["account_id"] = None
    assert made == planned(told)


def test_a_plan_costs_what_a_resync_costs(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    Company(tenant.world).leave("woA")

    rehearsal = found(bench, plan(bench, tenant))
    run = bench.run(bench.resync(tenant))

    assert rehearsal.calls_resync == run["calls"] == run["calls_least"]
    [[calls, least]] = bench.execute(
        "SELECT calls, calls_least FROM runs WHERE run_id = %s", rehearsal.run_id
    )
    assert calls == least == run["calls"]


@pytest.mark.parametrize(
    "change",
    [
        # A list that came back empty is asked for twice more before it counts.
        lambda moved: [moved.leave(who) for who in ("woA", "woa", "woB")],
        lambda moved: moved.authorise(allow_departments=frozenset({TEAM})),
        # Who authorised is listed in pages of two.
        lambda moved: moved.authorise(
            auth_mode=1, authorised=frozenset({KEEPER, "woA", "woa"})
        ),
    ],
    ids=["emptied", "narrowed", "by_member"],
)
def test_a_plan_costs_what_a_resync_really_takes(
    bench: Bench, change: Callable[[Company], object]
) -> None:
    tenant = bench.link_in_step(CORP, company())
    change(Company(tenant.world))

    priced = found(bench, plan(bench, tenant)).calls_resync

    assert bench.run(bench.resync(tenant))["calls"] == priced


def test_what_an_interrupted_plan_lost_is_no_cost_of_a_resync(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    Company(tenant.world).leave("woA")
    tenant.world.faults = {f"list:{TEAM}": Unavailable("away")}
    run_id = request(bench, tenant)
    bench.work_on(run_id)
    tenant.world.faults = {}
    bench.make_due(tenant)
    bench.work_on(run_id)

    rehearsal = found(bench, run_id)

    run = bench.run(bench.resync(tenant))
    assert bench.run(run_id)["calls"] > rehearsal.calls_resync == run["calls"]


def test_who_would_wait_for_lookups_is_planned_with_what_asking_costs(
    bench: Bench,
) -> None:
    one = Matched.of(
        bench, people(**{f"wo{n:02}": {"number": mobile(n)} for n in range(20)})
    )
    for n in (1, 2, 500, 501, 502, 503):
        one.name(f"u{n}", mobile=mobile(n))
    one.settle()
    before = everything(bench)

    awaited = found(bench, plan(bench, one.tenant)).awaited
    assert everything(bench) == before
    one.read()
    waiting = bench.execute(
        "SELECT 'member:' || userid FROM links JOIN members USING (corp_pk, member_pk)"
        " WHERE links.reason = 'waiting_for_lookups' ORDER BY userid"
    )
    one.tenant.world.calls.clear()
    jobs.look_up_mobiles(bench.runtime)
    one.settle()

    asked = sum(each.startswith("mobile:") for each in one.tenant.world.calls)
    assert (awaited["calls_least"], awaited["calls_most"]) == (3, 6)
    assert awaited["calls_least"] <= asked <= awaited["calls_most"]
    assert awaited["people"] == len(waiting) == 21
    assert awaited["keys"] == [key for (key,) in waiting]


def test_what_the_guard_would_hold_is_planned_with_its_hash(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    guard_on(bench, tenant)
    moved = Company(tenant.world)
    moved.leave("woA")
    moved.leave("woa")
    moved.hire("woNew", HOME)
    before = everything(bench)

    run_id = plan(bench, tenant)
    assert everything(bench) == before
    resync = bench.resync(tenant)

    held = [each for each in steps(bench, tenant, run_id) if each.held]
    assert {each.key for each in held} == {"member:woA", "member:woa"}
    [[plan_hash]] = bench.execute("SELECT hash FROM plans")
    rehearsal = found(bench, run_id)
    assert rehearsal.hash == plan_hash
    [hold] = rehearsal.holds
    assert (hold["hash"], hold["count"], hold["plan_id"]) == (plan_hash, 2, None)
    assert bench.run(resync)["state"] == "held"
    assert journalled(bench, resync) == planned(steps(bench, tenant, run_id))


def test_what_waits_already_is_planned_under_its_id(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    guard_on(bench, tenant)
    moved = Company(tenant.world)
    moved.leave("woA")
    moved.leave("woa")
    bench.resync(tenant)

    run_id = plan(bench, tenant)

    told = steps(bench, tenant, run_id)
    assert [(each.name, each.held) for each in told] == [("RemoveMember", True)] * 2
    [[plan_id, plan_hash]] = bench.execute("SELECT plan_id, hash FROM plans")
    rehearsal = found(bench, run_id)
    assert (rehearsal.hash, rehearsal.holds[0]["plan_id"]) == (plan_hash, plan_id)


def test_a_plan_needs_no_lease(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    Company(tenant.world).hire("woNew", HOME)
    with transaction(bench.runtime.pool) as connection:
        lease = leases.take(connection, tenant.mailbox)
    assert lease is not None

    told = steps(bench, tenant, plan(bench, tenant))

    assert [each.name for each in told] == ["AddMember", "AskMember"]
    with transaction(bench.runtime.pool) as connection:
        leases.check(connection, tenant.mailbox, lease)


def test_drains_go_on_while_a_plan_is_made(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    run_id = request(bench, tenant)
    waiting = [lambda: bench.drain(tenant)]

    def drain_a_hiring(question: str) -> None:
        # Every page has been read: the drain knows what no page has shown.
        if question == "auth_info" and "departments" in tenant.world.calls and waiting:
            moved.hire("woNew", TEAM)
            bench.post(tenant, said("create_user", "member:woNew"))
            waiting.pop()()

    tenant.world.watch = drain_a_hiring

    bench.work_on(run_id)

    assert bench.run(run_id)["state"] == "done"
    assert bench.org(tenant) == tenant.world.truth.org()
    assert steps(bench, tenant, run_id) == []


def test_a_plan_waits_for_the_run_that_changes_the_corp(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    resync, other = bench.request_run(tenant), request(bench, tenant)

    def try_the_plan(question: str) -> None:
        if question == "permissions":
            bench.work_on(other)

    tenant.world.watch = try_the_plan
    bench.work_on(resync)
    state = bench.run(other)["state"]
    tenant.world.watch = lambda _: None
    bench.work_on(other)

    assert (resync != other, state) == (True, "queued")
    assert bench.run(other)["state"] == "done"


def test_a_run_does_not_wait_for_a_plan(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.truth.people["woNew"] = Person(open_userid="n", departments={HOME: 0})
    run_id = request(bench, tenant)
    waiting = [lambda: bench.work_on(bench.request_run(tenant))]

    def resync(question: str) -> None:
        if question == f"list:{TEAM}" and waiting:
            waiting.pop()()

    tenant.world.watch = resync
    bench.work_on(run_id)
    state = bench.run(run_id)
    bench.make_due(tenant)
    bench.work_on(run_id)

    # What it had read is older than what the run has applied: it reads again.
    assert (state["state"], state["error"]) == (
        "running",
        "another run changed the corp meanwhile",
    )
    assert bench.run(run_id)["state"] == "done"
    assert steps(bench, tenant, run_id) == []


def test_a_plan_that_wecom_refuses_changes_nothing_and_says_so(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.faults["departments"] = Revoked(errcode=40084)
    before = everything(bench)
    run_id = request(bench, tenant)

    bench.work_on(run_id)

    assert everything(bench) == before
    run = bench.run(run_id)
    assert (run["state"], "40084" in run["error"]) == ("failed", True)


def test_wishes_join_the_plan_that_waits_and_no_resync(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())

    first = request(bench, tenant)

    assert request(bench, tenant) == first
    assert bench.request_run(tenant) != first


def test_three_hundred_who_move_alike_read_as_one(bench: Bench) -> None:
    truth = company()
    for each in range(300):
        truth.people[f"wo{each}"] = Person(
            open_userid=f"o{each}", departments={TEAM: each}, main=TEAM
        )
    tenant = bench.link_in_step(CORP, truth)
    for each in range(300):
        Company(tenant.world).change(f"wo{each}", departments={HOME: each}, main=HOME)

    rehearsal = found(bench, plan(bench, tenant))

    [one] = [each for each in rehearsal.groups if each["count"] > 1]
    assert (one["names"], one["count"]) == (["MoveMember", "SetMain"], 300)
    assert (one["before"]["departments"], one["after"]["departments"]) == (
        [TEAM],
        [HOME],
    )
