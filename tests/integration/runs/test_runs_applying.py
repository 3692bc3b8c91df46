"""Applying a read: touched keys, one worker, one run of a corp at a time."""

from typing import Any

import pytest

from domain.ids import RunId
from store import statistics
from tests.support.org.histories import HOME, KEEPER, TAG, TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import Person, World
from workers.org import commit

CORP = "wpCorpA"


def when(world: World, question: str, happens: Any) -> None:
    """Let something happen once, while a question is being asked."""
    waiting = [happens]

    def watch(asked: str) -> None:
        if asked == question and waiting:
            waiting.pop()()

    world.watch = watch


def test_a_key_that_a_drain_touched_is_asked_again(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)

    def drain_a_move() -> None:
        moved.change("woA", departments={HOME: 0}, main=HOME)
        bench.post(tenant, moved.outbox.pop())
        bench.drain(tenant)

    # Both lists were answered before the move, which the drain then applies.
    tenant.world.stale = lambda question: question.startswith("list:")
    _after_the_lists(tenant, drain_a_move)

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert tenant.world.asked("member:woA") == 2
    assert bench.execute("SELECT count(*) FROM touched") == [(0,)]


def test_somebody_who_left_during_the_read_does_not_come_back(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)

    def drain_a_leaving() -> None:
        moved.leave("woA")
        for event in moved.outbox:
            bench.post(tenant, event)
        bench.drain(tenant)

    _after_the_lists(tenant, drain_a_leaving)

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    added = bench.execute(
        "SELECT count(*) FROM journal"
        " WHERE decision = 'AddMember' AND key = 'member:woA'"
    )
    assert added == [(1,)]


def test_somebody_who_came_during_the_read_is_not_taken_for_gone(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)

    def drain_a_hiring() -> None:
        moved.hire("woNew", TEAM)
        for event in moved.outbox:
            bench.post(tenant, event)
        bench.drain(tenant)

    _after_the_lists(tenant, drain_a_hiring)

    run_id = bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.run(run_id)["decisions"] == {}


def test_a_department_that_came_during_the_read_is_read_with_its_people(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)

    def drain_a_department() -> None:
        moved.place(9, TEAM, 1)
        moved.hire("woNew", 9)
        bench.post(tenant, said("create_party", "department:9", parent_id=TEAM))
        bench.drain(tenant)

    _after_the_lists(tenant, drain_a_department)

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_tag_that_changed_during_the_read_is_read_again_with_the_tree(
    bench: Bench,
) -> None:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    tenant = bench.link_in_step(CORP, truth)
    moved = Company(tenant.world)

    def drain_a_tag() -> None:
        moved.tag(frozenset({"woA"}), frozenset({4}))
        for event in moved.outbox:
            bench.post(tenant, event)
        bench.drain(tenant)

    _after_the_lists(tenant, drain_a_tag)

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert tenant.world.asked("departments") >= 2


def test_two_runs_of_a_corp_do_not_overlap(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    first = bench.request_run(tenant)
    second: list[RunId] = []

    def wish_for_another() -> None:
        second.append(bench.request_run(tenant))
        bench.work_on(second[0])

    when(tenant.world, "departments", wish_for_another)

    bench.work_on(first)

    assert second != [first]
    assert bench.run(first)["state"] == "done"
    assert bench.run(second[0])["state"] == "queued"
    assert tenant.world.asked("departments") == 1
    assert f"run:{second[0]}" in bench.bell.rung


def test_wishes_join_the_run_that_waits(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())

    wishes = {bench.request_run(tenant) for _ in range(3)}

    assert len(wishes) == 1


def test_a_second_worker_leaves_a_run_alone(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    run_id = bench.request_run(tenant)
    when(tenant.world, "permissions", lambda: bench.work_on(run_id))

    bench.work_on(run_id)

    assert tenant.world.asked("permissions") == 1
    assert bench.run(run_id)["state"] == "done"


def test_a_worker_that_was_taken_for_dead_writes_nothing(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.truth.people["woNew"] = Person(open_userid="o", departments={HOME: 0})
    run_id = bench.request_run(tenant)

    def be_replaced() -> None:
        bench.bury(tenant)
        bench.work_on(run_id)

    when(tenant.world, f"list:{TEAM}", be_replaced)

    bench.work_on(run_id)

    run = bench.run(run_id)
    assert (run["state"], run["error"]) == ("done", None)
    assert run["decisions"] == {"AddMember": 1, "AskMember": 1}
    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.replayed(tenant) == tenant.world.truth.org()


def test_a_run_that_lost_the_mailbox_does_not_apply(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    del tenant.world.truth.people["woA"]
    run_id = bench.request_run(tenant)
    before = bench.written(tenant)

    def take_over() -> None:
        bench.execute("UPDATE leases SET token = gen_random_uuid()")

    when(tenant.world, "member:woA", take_over)

    bench.work_on(run_id)

    assert bench.written(tenant) == before
    assert bench.open_runs(tenant) == [run_id]


def test_a_renamed_person_without_event_keeps_their_record(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    [[before]] = bench.execute("SELECT member_pk FROM members WHERE userid = 'woA'")
    people = tenant.world.truth.people
    people["woZ"] = people.pop("woA")

    run_id = bench.resync(tenant)

    assert bench.execute("SELECT member_pk FROM members WHERE userid = 'woZ'") == [
        (before,)
    ]
    assert bench.execute("SELECT userid FROM aliases") == [("woA",)]
    assert bench.run(run_id)["decisions"] == {"RenameUserid": 1}


def test_a_deep_run_repairs_what_a_fingerprint_hides(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    bench.execute("UPDATE members SET activation = 'pending' WHERE userid = 'woA'")

    bench.resync(tenant)
    shallow = bench.org(tenant)
    bench.resync(tenant, deep=True)

    assert shallow != tenant.world.truth.org()
    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_read_of_more_than_a_page_is_applied_whole(bench: Bench) -> None:
    truth = company()
    truth.people |= {
        f"wo{each}": Person(open_userid=f"o{each}", departments={HOME: each})
        for each in range(2_100)
    }
    tenant = bench.link(CORP, truth)

    bench.resync(tenant)

    assert bench.org(tenant) == truth.org()
    assert KEEPER in bench.org(tenant).members


def _after_the_lists(tenant: Tenant, happens: Any) -> None:
    """Let something happen when everything is read, before it is applied."""
    asked = ["auth_info"]

    def watch(question: str) -> None:
        if question == "auth_info" and "departments" in tenant.world.calls and asked:
            asked.pop()
            happens()

    tenant.world.watch = watch


def test_somebody_told_of_by_a_new_userid_alone_is_the_one_who_is_missing(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    Company(tenant.world).rename("woA", "woZ")
    bench.post(tenant, said("create_user", "member:woZ"))
    bench.settle(tenant)

    bench.resync(tenant)

    told = bench.execute(
        "SELECT decision FROM journal WHERE key IN ('member:woA', 'member:woZ')"
        " AND decision <> 'AskMember'"
        " ORDER BY line_id OFFSET 1"
    )
    assert told == [("RenameUserid",)]
    assert bench.execute("SELECT userid FROM aliases") == [("woA",)]
    assert bench.org(tenant) == tenant.world.truth.org() == bench.replayed(tenant)


def test_the_planner_is_told_of_what_a_large_first_read_has_filled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "_SAMPLED_FROM", 2)
    tenant = bench.link(CORP, company())

    bench.resync(tenant)

    bench.execute("SELECT pg_stat_force_next_flush()")
    looked_at = {
        name
        for name, count in bench.execute(
            "SELECT relname, analyze_count FROM pg_stat_user_tables"
        )
        if count
    }
    # Who reads links while they are sampled as empty plans to read all of members.
    assert {"departments", "members", "links"} <= looked_at


def test_columns_that_are_not_sampled_are_still_owed_to_autovacuum(
    bench: Bench,
) -> None:
    bench.link_in_step(CORP, company())
    with bench.own() as connection:
        connection.execute("UPDATE members SET name = name")
        connection.execute("SELECT pg_stat_force_next_flush()")
    with bench.own() as connection:
        statistics.refresh(connection, statistics.MEMBERS)

    assert bench.execute(
        "SELECT n_mod_since_analyze > 0 FROM pg_stat_user_tables"
        " WHERE relname = 'members'"
    ) == [(True,)]


def test_a_quiet_read_leaves_the_planner_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "_SAMPLED_FROM", 2)
    tenant = bench.link_in_step(CORP, company())
    counted = "SELECT relname, analyze_count FROM pg_stat_user_tables WHERE relname"
    query = f"{counted} IN ('members', 'links') ORDER BY relname"
    bench.execute("SELECT pg_stat_force_next_flush()")
    before = bench.execute(query)

    bench.resync(tenant)

    bench.execute("SELECT pg_stat_force_next_flush()")
    assert bench.execute(query) == before
