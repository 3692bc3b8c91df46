"""What a drain and a run cost in Postgres does not grow with the number of corps."""

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from benchmarks.crowd import settle_in
from benchmarks.query_plans import Execution, WatchedPool, carry_out
from store.inbox.settlement import newest_settled
from store.org.members import list_in_departments
from tests.support.org.histories import HOME, KEEPER, TAG, TEAM, Company, company
from tests.support.org.linked import Matched
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import Person, refused
from workers.upkeep import jobs

CORP = "wpCorpA"
CORPS = 1_000
# A step in an index is two or three pages, and there is a partition for each of the
# next weeks; what reads another corp's rows reads thousands.
MOST_PAGES = 250
# Upkeep's look at all corps at once is no drain's and no run's.
UPKEEP = "lookups_due_at <= clock_timestamp() ORDER BY"


@pytest.fixture
def crowded(bench: Bench, database: str) -> Bench:
    with psycopg.connect(database, autocommit=True) as connection:
        settle_in(connection, corps=CORPS)
    return bench


def push(bench: Bench, tenant: Tenant, moved: Company) -> None:
    for event in moved.outbox:
        bench.post(tenant, event)
    moved.outbox.clear()


def live(bench: Bench, tenant: Tenant) -> None:
    """Everything that a corp goes through, by events and by full reads."""
    moved = Company(tenant.world)
    bench.resync(tenant)
    moved.hire("woNew", TEAM)
    moved.place(9, TEAM, 1)
    push(bench, tenant, moved)
    bench.settle(tenant)
    moved.rename("woA", "woZ")
    moved.change("woNew", status=2)
    push(bench, tenant, moved)
    bench.settle(tenant)
    moved.leave("woNew")
    moved.change("woZ", departments={HOME: 0}, main=HOME)
    push(bench, tenant, moved)
    # Answered as it was before, so that it is asked again and what is known counts.
    tenant.world.stale = lambda _: True
    bench.drain(tenant)
    tenant.world.stale = lambda _: False
    bench.settle(tenant)
    moved.place(TEAM, 1, 1)
    moved.outbox.clear()
    bench.resync(tenant)
    bench.resync(tenant, deep=True)


def live_oddly(bench: Bench, tenant: Tenant) -> None:
    """Whatever a corp goes through more rarely: tags, mobiles, lies and odd answers."""
    one, moved = Matched(bench=bench, tenant=tenant), Company(tenant.world)
    one.name("u1", mobile="13800000001")
    one.name("u2", mobile="13800000002", email="two@example.com")
    bench.resync(tenant)
    bench.execute("UPDATE corps SET lookups_due_at = clock_timestamp()")
    jobs.look_up_mobiles(bench.runtime)
    bench.settle(tenant)
    moved.tag(frozenset({"woB"}), frozenset({4}))
    push(bench, tenant, moved)
    # Both hide what they hold until they are asked again.
    tenant.world.empty, tenant.world.left_out = {"list:4"}, {(f"tag:{TAG}", "woB")}
    bench.drain(tenant)
    tenant.world.empty, tenant.world.left_out = set(), set()
    bench.settle(tenant)
    bench.post(tenant, said("unsubscribe", "member:woA", second=90))
    tenant.world.faults["member:woA"] = refused()
    tenant.world.odd["member:woa"] = {"status": []}
    bench.drain(tenant)
    bench.resync(tenant)
    tenant.world.faults.clear()
    tenant.world.odd.clear()
    moved.rename("woB", "woB2")
    push(bench, tenant, moved)
    tenant.world.truth.people["woA"] = Person(
        open_userid="oElse", departments={TEAM: 1}, main=TEAM
    )
    bench.post(tenant, said("create_user", "member:woA", second=99, departments=[TEAM]))
    bench.settle(tenant)
    tenant.world.before = tenant.world.truth.copy()
    moved.change("woa", departments={HOME: 0}, main=HOME)
    tenant.world.stale = lambda question: question == f"list:{TEAM}"
    bench.resync(tenant)
    tenant.world.stale = lambda _: False
    moved.authorise(auth_mode=1, authorised=frozenset({KEEPER, "woA"}))
    push(bench, tenant, moved)
    bench.settle(tenant)


def executions(
    bench: Bench, database: str, life: Callable[[Bench, Tenant], None]
) -> list[Execution]:
    """Each statement of a corp's life among a thousand others, carried out again."""
    truth = company()
    truth.allow_tags = frozenset({TAG})
    tenant = bench.link(CORP, truth)
    pool = WatchedPool(bench.runtime.pool)
    bench.runtime = replace(bench.runtime, pool=pool)
    life(bench, tenant)
    sent = {" ".join(each.query.split()): each for each in pool.sent}
    with psycopg.connect(database, autocommit=True) as connection:
        done = [
            carry_out(connection, each)
            for query, each in sent.items()
            if UPKEEP not in query
        ]
    return [each for each in done if each is not None]


def crowded_tables(bench: Bench) -> frozenset[str]:
    """The tables, and partitions, that hold something of every corp."""
    rows = bench.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= %s", CORPS
    )
    return frozenset(name for (name,) in rows)


@pytest.mark.parametrize("life", [live, live_oddly])
def test_no_statement_of_a_drain_or_run_grows_with_the_corps(
    crowded: Bench, database: str, life: Callable[[Bench, Tenant], None]
) -> None:
    done = executions(crowded, database, life)

    large = crowded_tables(crowded)
    assert {"members", "corps", "links", "identities"} < large
    assert len(done) > 60
    assert [each for each in done if each.scanned & large] == []
    assert [each for each in done if each.pages > MOST_PAGES] == []


def test_when_a_key_was_settled_is_one_step_in_an_index(
    crowded: Bench, database: str
) -> None:
    pool = WatchedPool(crowded.runtime.pool)
    with pool.connection() as connection:
        found = newest_settled(connection, "corp:wpMany7", ["member:wo7", "member:no"])
        list_in_departments(connection, 7, [1])  # type: ignore[arg-type] # A number is a key.
    settled, listed = pool.sent

    with psycopg.connect(database, autocommit=True) as connection:
        done = [carry_out(connection, each) for each in (settled, listed)]

    assert list(found) == ["member:wo7"]
    assert [each.scanned for each in done if each] == [frozenset(), frozenset()]
    # Two keys, six members: and not two for each of a thousand corps.
    assert [each.pages < 40 for each in done if each] == [True, True]
