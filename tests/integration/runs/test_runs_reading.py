"""A full read: what it asks, how it stops and goes on, and when it is thrown away."""

from tests.support.org.histories import HOME, KEEPER, TAG, TEAM, company
from tests.support.org.pipeline import Bench, Tenant
from tests.support.wecom.fakes import Holding, Person, Place, Truth
from wecom.errors import NotPermitted, Unavailable
from workers.runs.run import MOST_OWN_FAULTS

CORP = "wpCorpA"
FIRST = ["auth_info", "permissions"]


def once(tenant: Tenant, question: str, change: dict[str, object]) -> None:
    """Let the truth change when a question is asked, before it is answered."""
    waiting = [change]

    def watch(asked: str) -> None:
        if asked == question and waiting:
            for name, value in waiting.pop().items():
                setattr(tenant.world.truth, name, value)

    tenant.world.watch = watch


def test_the_scope_is_read_first_and_last(bench: Bench) -> None:
    tenant = bench.link(CORP, company())

    bench.resync(tenant)

    lists = {f"list:{HOME}", f"list:{TEAM}"}
    assert tenant.world.calls[:3] == ["auth_info", "permissions", "departments"]
    assert set(tenant.world.calls[3:5]) == lists
    assert tenant.world.calls[5:] == ["auth_info"]


def test_a_scope_that_changes_meanwhile_throws_the_read_away(bench: Bench) -> None:
    tenant = bench.link(CORP, company())
    once(tenant, f"list:{TEAM}", {"allow_departments": frozenset({1})})
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)
    thrown_away = bench.run(run_id)["error"], bench.org(tenant).members
    bench.settle(tenant)

    assert thrown_away == ("scope changed", {})
    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.run(run_id)["calls"] == len(tenant.world.calls)


def test_a_stopped_read_goes_on_from_its_page(bench: Bench) -> None:
    tenant = bench.link(CORP, company())
    tenant.world.faults[f"list:{TEAM}"] = Unavailable("HTTP 502")
    run_id = bench.request_run(tenant)
    bench.work_on(run_id)
    tenant.world.faults.clear()
    tenant.world.calls.clear()

    bench.make_due(tenant)
    bench.work_on(run_id)

    # The first one asks whether the scope is still the one that the read began with.
    assert tenant.world.calls == ["auth_info", f"list:{TEAM}", "auth_info"]
    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_read_that_stopped_half_an_hour_ago_starts_over(bench: Bench) -> None:
    tenant = bench.link(CORP, company())
    tenant.world.faults[f"list:{TEAM}"] = Unavailable("HTTP 502")
    run_id = bench.request_run(tenant)
    bench.work_on(run_id)
    bench.execute("UPDATE runs SET read_started_at = now() - interval '31 minutes'")
    tenant.world.faults.clear()
    tenant.world.calls.clear()

    bench.make_due(tenant)
    bench.work_on(run_id)

    assert tenant.world.calls[:3] == ["auth_info", "permissions", "departments"]
    assert bench.run(run_id)["state"] == "done"


def test_a_read_whose_staging_was_emptied_starts_over(bench: Bench) -> None:
    tenant = bench.link(CORP, company())
    tenant.world.faults[f"list:{TEAM}"] = Unavailable("HTTP 502")
    run_id = bench.request_run(tenant)
    bench.work_on(run_id)
    bench.execute("TRUNCATE staging")
    tenant.world.faults.clear()

    bench.settle(tenant)

    assert tenant.world.asked("departments") == 2
    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_complete_read_whose_staging_was_emptied_is_not_applied(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    run_id = bench.request_run(tenant)
    _stop_before_applying(bench, tenant, run_id)
    bench.execute("TRUNCATE staging")
    before = bench.written(tenant)

    bench.settle(tenant)

    assert bench.written(tenant) == before
    assert tenant.world.asked("departments") == 2
    assert bench.run(run_id)["state"] == "done"


def test_a_complete_read_that_waited_too_long_is_read_again(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    run_id = bench.request_run(tenant)
    _stop_before_applying(bench, tenant, run_id)
    bench.execute("UPDATE runs SET read_started_at = now() - interval '31 minutes'")
    before = bench.written(tenant)

    bench.settle(tenant)

    assert bench.written(tenant) == before
    assert bench.run(run_id)["state"] == "done"


def test_a_complete_read_is_applied_without_reading_again(bench: Bench) -> None:
    tenant = bench.link(CORP, company())
    run_id = bench.request_run(tenant)
    _stop_before_applying(bench, tenant, run_id)
    tenant.world.calls.clear()

    bench.settle(tenant)

    assert tenant.world.calls == ["auth_info"]
    assert bench.org(tenant) == tenant.world.truth.org()


def test_an_empty_listing_under_a_scope_with_departments_decides_nothing(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.empty.add("departments")
    before = bench.written(tenant)
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)

    assert bench.written(tenant) == before
    assert bench.open_runs(tenant) == [run_id]


def test_a_refused_list_is_no_failed_read(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    truth = tenant.world.truth
    truth.whole_tree = True

    bench.resync(tenant)

    assert f"list:{4}" not in tenant.world.calls
    assert bench.org(tenant) == truth.org()


def test_a_corp_that_grants_no_permission_is_read_all_the_same(bench: Bench) -> None:
    tenant = bench.link(CORP, company())
    tenant.world.faults["permissions"] = NotPermitted(errcode=48002)

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()


def test_members_who_authorise_by_themselves_are_read_page_by_page(
    bench: Bench,
) -> None:
    truth = company()
    truth.auth_mode, truth.authorised = 1, frozenset({KEEPER, "woA", "woB"})
    tenant = bench.link(CORP, truth)

    bench.resync(tenant)

    assert [each for each in tenant.world.calls if each.startswith("authorised")] == [
        "authorised:None",
        "authorised:2",
    ]
    assert bench.org(tenant) == truth.org()
    assert bench.org(tenant).departments == {}


def test_a_switch_of_the_mode_empties_the_tree_and_keeps_the_people(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    truth = tenant.world.truth
    truth.auth_mode, truth.authorised = 1, frozenset({KEEPER, "woA", "woa"})

    bench.resync(tenant)

    org = bench.org(tenant)
    assert org.departments == {}
    assert set(org.members) == {KEEPER, "woA", "woa"}
    keys = bench.execute("SELECT DISTINCT decision FROM journal")
    assert ("RemoveMember",) not in keys


def test_no_usable_department_empties_the_tree_though_people_are_in_it(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    truth = tenant.world.truth
    truth.whole_tree = True
    truth.allow_departments = frozenset()
    truth.allow_members = frozenset({KEEPER, "woA"})

    bench.resync(tenant)

    org = bench.org(tenant)
    assert org.departments == {}
    assert set(org.members) == {KEEPER, "woA"}
    assert org == truth.org()


def test_people_of_a_tag_have_it_for_a_ground(bench: Bench) -> None:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    truth.tags[TAG] = Holding(userids=frozenset({"woB", "woA"}))
    tenant = bench.link(CORP, truth)

    bench.resync(tenant)

    grounds = {who: each.grounds for who, each in bench.org(tenant).members.items()}
    assert grounds["woB"] == {f"tag:{TAG}"}  # type: ignore[index]  # a Userid.
    assert grounds["woA"] == {f"tag:{TAG}", f"department:{HOME}"}  # type: ignore[index]  # the same.
    # woA was on a list already.
    assert tenant.world.asked("member:woA") == 0


def test_ids_past_2_31_and_ids_that_differ_by_case_stay_apart(bench: Bench) -> None:
    tenant = bench.link(CORP, company())

    bench.resync(tenant)

    rows = bench.execute(
        'SELECT userid, department_ids FROM members ORDER BY userid COLLATE "C"'
    )
    assert rows == [("woA", [TEAM]), (KEEPER, [HOME]), ("woa", [TEAM])]


def test_children_may_be_listed_before_their_parents(bench: Bench) -> None:
    chain = {each: Place(parent=each - 1 or None) for each in range(1, 40)}
    truth = Truth(
        departments=chain,
        people={KEEPER: Person(open_userid="o", departments={39: 0})},
        allow_departments=frozenset({1}),
    )
    tenant = bench.link(CORP, truth)

    bench.resync(tenant)

    added = bench.execute(
        "SELECT key FROM journal WHERE decision = 'AddDepartment' ORDER BY line_id"
    )
    assert [key for (key,) in added] == [f"department:{each}" for each in range(1, 40)]


def test_a_run_that_keeps_failing_for_a_reason_of_its_own_is_given_up(
    bench: Bench,
) -> None:
    tenant = bench.link(CORP, company())
    tenant.world.faults["departments"] = ZeroDivisionError()
    run_id = bench.request_run(tenant)

    for _ in range(MOST_OWN_FAULTS):
        bench.make_due(tenant)
        bench.work_on(run_id)

    run = bench.run(run_id)
    assert (run["state"], run["error"]) == ("failed", "ZeroDivisionError")
    assert run["calls"] == len(tenant.world.calls)


def test_the_calls_of_every_turn_are_counted(bench: Bench) -> None:
    tenant = bench.link(CORP, company())
    tenant.world.faults[f"list:{TEAM}"] = Unavailable("HTTP 502")
    run_id = bench.request_run(tenant)
    bench.work_on(run_id)
    tenant.world.faults.clear()

    bench.settle(tenant)

    assert bench.run(run_id)["calls"] == len(tenant.world.calls)
    assert bench.run(run_id)["calls_least"] == 6


def _stop_before_applying(bench: Bench, tenant: Tenant, run_id: str) -> None:
    """A drain holds the mailbox, so that the run waits with all that it has read."""
    bench.execute(
        "INSERT INTO leases (mailbox, token, expires_at) VALUES"
        " (%s, gen_random_uuid(), 'infinity') ON CONFLICT (mailbox) DO UPDATE"
        " SET token = excluded.token, expires_at = excluded.expires_at",
        tenant.mailbox,
    )
    bench.work_on(run_id)  # type: ignore[arg-type]  # a RunId.
    bench.bury(tenant)
    [[ended]] = bench.execute(
        "SELECT read_ended_at FROM runs WHERE run_id = %s", run_id
    )
    assert ended is not None
