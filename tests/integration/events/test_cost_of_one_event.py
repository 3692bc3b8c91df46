"""What one event costs: statements and transactions, from its claim to settled."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from dramatiq.brokers.stub import StubBroker
from psycopg import _queries

from benchmarks.wire import Statements, counted
from domain.org.scope import Usable, usable_of
from simulator.admin import admin_app, admin_members, admin_tree
from simulator.org.directory import ROOT
from simulator.org.grant import Scope
from store.database import Connection, Plans
from store.inbox import settlement
from store.org import known_trees
from store.platform.pauses import owner_of
from tests.support.mortal import WorkerDied
from tests.support.notices.outbox import Post, read_in_full, read_office
from tests.support.org.histories import company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.workbench import Workbench
from workers.events import tags_and_tree
from workers.inbox.drain import drain
from workers.runtime import Runtime, build

# Once a second of a corp its pauses are one of them.
MOST_STATEMENTS, MOST_TRANSACTIONS = 5, 4
CORP = "wpCorpA"


@pytest.fixture
def office(simulated: Workbench) -> Post:
    return read_office(simulated)


@pytest.fixture
def worker(simulated: Workbench) -> Iterator[Runtime]:
    """A worker as the Procfile starts one, but with few connections."""
    settings = simulated.runtime.settings
    runtime = build(settings, broker=StubBroker(), pool_size=2, plans=Plans.ONCE)
    yield runtime
    runtime.tallies.write()
    runtime.pool.close()


def move(office: Post, *, to: int) -> None:
    """One member is in another department: WeCom says so, and it is received."""
    who = sorted(office.enterprise.now.members)[0]
    admin_members.move(office.bench.world, office.enterprise, who, departments=[to])


def cost(office: Post, worker: Runtime) -> Statements:
    """What the next drain sends, in the second in which nothing is known of pauses."""
    (mailbox,) = office.bench.deliver()
    worker.known_pauses.forget(owner_of(office.enterprise.corp_id))
    with counted(worker.pool, connections=2) as statements:
        drain(worker, mailbox)
    return statements


def outcome(office: Post) -> str:
    row = office.bench.row(
        "SELECT outcome FROM inbox WHERE mailbox LIKE 'corp:%%'"
        " ORDER BY event_id DESC LIMIT 1"
    )
    return str(row["outcome"])


def assert_cheap(statements: Statements) -> None:
    assert len(statements.texts) <= MOST_STATEMENTS, str(statements)
    assert statements.transactions <= MOST_TRANSACTIONS, str(statements)


def warm(office: Post, worker: Runtime) -> None:
    """The first event fetches the token, and makes the mailbox."""
    move(office, to=ROOT)
    for mailbox in office.bench.deliver():
        drain(worker, mailbox)


def test_a_changed_member_costs_at_most_five_statements_in_four_transactions(
    office: Post, worker: Runtime
) -> None:
    warm(office, worker)
    move(office, to=2)

    statements = cost(office, worker)

    assert outcome(office) == "applied"
    assert_cheap(statements)


def test_nor_does_one_of_a_corp_whose_scope_has_tags(
    office: Post, worker: Runtime
) -> None:
    world, enterprise = office.bench.world, office.enterprise
    tag = admin_tree.add_tag(world, enterprise, name="t")
    scope = Scope(allow_party=(ROOT,), allow_tag=(tag.tag_id,))
    admin_app.set_scope(world, enterprise, scope)
    office.bench.deliver_and_drain()
    read_in_full(office.bench)
    warm(office, worker)
    move(office, to=2)

    statements = cost(office, worker)

    assert outcome(office) == "applied"
    assert_cheap(statements)


def test_nor_does_one_that_changes_nothing(office: Post, worker: Runtime) -> None:
    warm(office, worker)
    again = office.bench.row(
        "UPDATE inbox SET state = 'pending' WHERE mailbox LIKE 'corp:%%'"
        " AND event_id = (SELECT max(event_id) FROM inbox) RETURNING mailbox"
    )

    with counted(worker.pool, connections=2) as statements:
        drain(worker, again["mailbox"])

    assert outcome(office) == "no_difference"
    assert_cheap(statements)


def test_a_second_one_reads_neither_departments_nor_testimony(
    office: Post, worker: Runtime
) -> None:
    warm(office, worker)
    move(office, to=2)

    statements = cost(office, worker)

    assert outcome(office) == "applied"
    read = ("FROM departments", "'member:' || userid")
    assert [each for each in statements.texts if any(map(each.count, read))] == []


def test_events_between_which_no_set_changed_expand_the_scope_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    expanded = []

    def expand(**given: Any) -> Usable:
        expanded.append(given)
        return usable_of(**given)

    tenant = bench.link_in_step(CORP, company())
    monkeypatch.setattr(known_trees, "usable_of", expand)
    monkeypatch.setattr(tags_and_tree, "usable_of", expand)

    for second in range(2):
        bench.post(tenant, said("update_user", "member:woA", second=second))
        bench.drain(tenant)

    assert bench.pending(tenant) == 0
    assert len(expanded) == 1


def test_a_third_one_in_the_same_second_is_a_statement_for_each_transaction(
    office: Post, worker: Runtime
) -> None:
    warm(office, worker)
    move(office, to=2)
    (mailbox,) = office.bench.deliver()
    worker.known_pauses.of(owner_of(office.enterprise.corp_id))

    with counted(worker.pool, connections=2) as statements:
        drain(worker, mailbox)

    assert outcome(office) == "applied"
    assert len(statements.texts) == statements.transactions == MOST_TRANSACTIONS


def test_its_statements_are_short_enough_to_be_read_once(
    office: Post, worker: Runtime
) -> None:
    """psycopg reads longer ones, or such with more values, at each event anew."""
    warm(office, worker)
    move(office, to=2)

    statements = cost(office, worker)

    lengths = [len(each) for each in statements.texts]
    assert max(lengths) <= _queries.MAX_CACHED_STATEMENT_LENGTH - 500
    numbers = [
        int(n) for each in statements.texts for n in re.findall(r"\$(\d+)", each)
    ]
    assert max(numbers) <= _queries.MAX_CACHED_STATEMENT_PARAMS


def held(bench: Bench, tenant: Tenant) -> list[tuple[object, ...]]:
    """What the mailbox's lease and claim say."""
    return bench.execute(
        "SELECT token, open_claim FROM leases JOIN mailboxes USING (mailbox)"
        " WHERE mailbox = %s",
        tenant.mailbox,
    )


def test_a_worker_that_dies_once_all_is_applied_holds_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = bench.link_in_step(CORP, company())
    bench.post(tenant, said("update_user", "member:woA"))
    monkeypatch.setattr(settlement, "is_due", die)

    with pytest.raises(WorkerDied):
        bench.drain(tenant)

    assert bench.pending(tenant) == 0
    assert held(bench, tenant) == [(None, None)]


def die(_connection: Connection, _mailbox: str) -> bool:
    """Death in the look whether mail has come meanwhile: the next step of a drain."""
    raise WorkerDied


def test_mail_that_comes_while_its_drain_asks_is_rung_for_once_the_lease_is_free(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    bench.post(tenant, said("update_user", "member:woA"))
    tenant.world.watch = lambda _: come(bench, tenant)

    bench.drain(tenant)

    assert held(bench, tenant) == [(None, None)]
    assert bench.bell.rung == [tenant.mailbox]


def come(bench: Bench, tenant: Tenant) -> None:
    if tenant.posted == 1:
        bench.post(tenant, said("update_user", "member:woB"))
