"""What a drain and a run cost in Postgres does not grow with the number of corps."""

from dataclasses import replace

import psycopg
import pytest

from benchmarks.crowd import settle_in
from benchmarks.query_plans import Execution, WatchedPool, carry_out
from store.inbox.settlement import newest_settled
from store.org.members import list_in_departments
from tests.support.histories import HOME, TEAM, Company, company
from tests.support.pipeline import Bench, Tenant

CORP = "wpCorpA"
CORPS = 1_000
# A step in an index is two or three pages, and there is a partition for each of the
# next weeks; what reads another corp's rows reads thousands.
MOST_PAGES = 250


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


def executions(bench: Bench, database: str) -> list[Execution]:
    """Each statement of a corp's life among a thousand others, carried out again."""
    tenant = bench.link(CORP, company())
    pool = WatchedPool(bench.runtime.pool)
    bench.runtime = replace(bench.runtime, pool=pool)
    live(bench, tenant)
    sent = {" ".join(each.query.split()): each for each in pool.sent}
    with psycopg.connect(database, autocommit=True) as connection:
        done = [carry_out(connection, each) for each in sent.values()]
    return [each for each in done if each is not None]


def crowded_tables(bench: Bench) -> frozenset[str]:
    """The tables, and partitions, that hold something of every corp."""
    rows = bench.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= %s", CORPS
    )
    return frozenset(name for (name,) in rows)


def test_no_statement_of_a_drain_or_run_grows_with_the_corps(
    crowded: Bench, database: str
) -> None:
    done = executions(crowded, database)

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
