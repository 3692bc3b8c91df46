"""A purge goes on from its last page: whoever dies over it costs that page alone."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from domain.ids import CorpPk
from store.database import transaction
from store.org import corps
from store.retention import purge_pages
from tests.support.mortal import WorkerDied
from tests.support.org.histories import TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant, said
from workers.installs.purge import begin_purge, go_on
from workers.upkeep import jobs

CORP = "wpCorpA"
ROWS = 2


@pytest.fixture(autouse=True)
def small_pages() -> Iterator[None]:
    with patch.object(purge_pages, "ROWS_AT_ONCE", ROWS):
        yield


@pytest.fixture
def tenant(bench: Bench) -> Tenant:
    """A corp with a past: people who came, went and were renamed, and their mail."""
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.hire("woNew", TEAM)
    moved.rename("woA", "woZ")
    for event in moved.outbox:
        bench.post(tenant, event)
    bench.settle(tenant)
    bench.post(tenant, said("update_user", "member:woB", second=9))
    return tenant


def begin(bench: Bench, tenant: Tenant) -> None:
    with transaction(bench.runtime.pool) as connection:
        corp = corps.lock(connection, tenant.corp_pk)
        begin_purge(connection, bench.runtime, corp)


def dump(bench: Bench) -> str:
    tables = bench.execute(
        "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = 'public' AND relkind = 'r'"
    )
    return "\n".join(
        line
        for (table,) in tables
        for (line,) in bench.execute(f"SELECT t::text FROM {table} AS t")  # noqa: S608 - names of the catalogue
    )


def named(bench: Bench) -> list[str]:
    """What can still be read of the corp and its people; a company keeps its name."""
    text = dump(bench).replace(f"company of {CORP}", "")
    return [each for each in (CORP, "woNew", "woA", "woZ", "woB") if each in text]


def open_purges(bench: Bench) -> list[tuple[str]]:
    return [(step,) for (step,) in bench.execute("SELECT step FROM purges")]


def test_a_worker_that_dies_at_any_step_costs_that_page_alone(
    bench: Bench, tenant: Tenant
) -> None:
    begin(bench, tenant)
    deaths = 0
    while open_purges(bench):
        # Enough for one page: before the next one is committed the worker dies.
        bench.mortal.steps_left = 7
        with pytest.raises(WorkerDied):
            go_on(bench.runtime, tenant.corp_pk)
        deaths += 1
        assert deaths < 100
        bench.mortal.revive()
        bench.execute("UPDATE leases SET expires_at = '-infinity'")

    assert deaths > 5
    assert named(bench) == []
    assert open_purges(bench) == []


def test_upkeep_goes_on_with_what_a_drain_has_left(
    bench: Bench, tenant: Tenant
) -> None:
    begin(bench, tenant)

    unfinished = go_on(bench.runtime, tenant.corp_pk, seconds=0)
    left = open_purges(bench)
    jobs.finish_purges(bench.runtime)

    assert (unfinished, left) == (False, [("names",)])
    assert named(bench) == []
    assert open_purges(bench) == []


def test_the_corp_is_revoked_and_its_secrets_are_gone_before_the_first_page(
    bench: Bench, tenant: Tenant
) -> None:
    begin(bench, tenant)

    assert bench.execute(
        "SELECT state, corp_id LIKE 'hmac:%%', permanent_code, data_key FROM corps"
    ) == [("revoked", True, None, None)]


def test_two_workers_do_not_purge_one_corp_at_once(
    bench: Bench, tenant: Tenant
) -> None:
    begin(bench, tenant)
    bench.execute(
        "INSERT INTO leases VALUES (%s, gen_random_uuid(),"
        " clock_timestamp() + interval '15 s')",
        f"purge:{tenant.corp_pk}",
    )

    assert go_on(bench.runtime, tenant.corp_pk) is False
    assert open_purges(bench) == [("names",)]


def test_mail_that_comes_after_the_withdrawal_is_not_this_purges(
    bench: Bench, tenant: Tenant
) -> None:
    begin(bench, tenant)
    bench.post(tenant, said("update_user", "member:woLater", second=20))

    go_on(bench.runtime, tenant.corp_pk)

    rows = bench.execute(
        "SELECT key, state FROM inbox WHERE mailbox = %s", tenant.mailbox
    )
    assert rows == [("member:woLater", "pending")]


def test_a_purge_that_never_began_is_over(bench: Bench) -> None:
    assert go_on(bench.runtime, CorpPk(7)) is True
    assert bench.execute("SELECT mailbox FROM leases") == []
