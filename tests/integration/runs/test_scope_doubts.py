"""A scope that was said to change and did not is looked at again, twice at most."""

from dataclasses import replace

from store.database import transaction
from store.runs import requests
from tests.support.org.histories import HOME, ROOT, company
from tests.support.org.pipeline import Bench, Event, Tenant
from workers.upkeep.jobs import start_due_corps

CORP = "wpCorpA"


def told_of_a_change(bench: Bench) -> Tenant:
    """WeCom pushed change_auth, and its answers still show the scope from before."""
    tenant = bench.link_in_step(CORP, company())
    bench.post(tenant, Event(kind="change_auth", key="corp"))
    bench.settle(tenant)
    tenant.world.calls.clear()
    return tenant


def look_again(bench: Bench, tenant: Tenant) -> None:
    bench.execute("UPDATE corps SET scope_doubt_at = clock_timestamp()")
    start_due_corps(bench.runtime)
    bench.settle(tenant)


def causes(bench: Bench) -> list[str]:
    rows = bench.execute("SELECT cause FROM runs ORDER BY created_at")
    return [cause for (cause,) in rows]


def test_a_change_that_shows_late_is_found_by_looking_again(bench: Bench) -> None:
    tenant = told_of_a_change(bench)
    wider = frozenset({ROOT})
    tenant.world.truth = replace(company(), allow_departments=wider)

    look_again(bench, tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.execute("SELECT scope_doubts FROM corps") == [(0,)]


def test_a_look_at_an_unchanged_scope_costs_two_calls(bench: Bench) -> None:
    tenant = told_of_a_change(bench)

    look_again(bench, tenant)

    assert len(tenant.world.calls) == 2
    assert bench.execute(
        "SELECT state, calls, calls_least FROM runs WHERE cause = 'scope_probe'"
    ) == [("done", 2, 2)]


def test_after_two_looks_the_scope_is_trusted(bench: Bench) -> None:
    tenant = told_of_a_change(bench)

    look_again(bench, tenant)
    look_again(bench, tenant)

    assert causes(bench)[-2:] == ["scope_probe", "scope_probe"]
    assert bench.execute("SELECT scope_doubts, scope_doubt_at FROM corps") == [
        (0, None)
    ]


def test_a_scope_that_did_change_is_not_doubted(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.truth = replace(company(), allow_departments=frozenset({ROOT, HOME}))
    bench.post(tenant, Event(kind="change_auth", key="corp"))

    bench.settle(tenant)

    assert bench.execute("SELECT scope_doubt_at FROM corps") == [(None,)]


def test_whoever_joins_a_queued_look_gets_a_full_read(bench: Bench) -> None:
    tenant = told_of_a_change(bench)
    bench.execute("UPDATE corps SET scope_doubt_at = clock_timestamp()")
    start_due_corps(bench.runtime)

    with transaction(bench.runtime.pool) as connection:
        joined = requests.request_run(connection, tenant.corp_pk, cause="operator")
    bench.settle(tenant)

    assert bench.execute("SELECT cause FROM runs WHERE run_id = %s", joined) == [
        ("operator",)
    ]
    assert len(tenant.world.calls) > 2
