"""No page reads a large table row by row, however long the house has been running."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import psycopg
import pytest

from benchmarks.bench_pages import PAGES
from benchmarks.busy_house import GIANT, House, move_in
from benchmarks.query_plans import Execution, WatchedPool, carry_out
from tests.support.console.desk import Desk, open_desk

HOUSE = House(corps=200, members=6_000, events=60_000, runs=8_000, acts=6_000, lines=60)
# From so many rows on a scan is a sign of growth; the smallest that grow have as many.
LARGE = 5_000
# Pages of Postgres that one statement may touch: a million events must not be felt.
MOST_PAGES = 12_000
# What shows nothing that is stored, leads elsewhere, or is looked at in another test.
NOT_PAGES = {
    "console.sign_in",
    "console.to_house",
    "console.house_done",
    "console.choose_theme",
    "console.choose_zone",
    "console.moved_plan",
    "console.moved_run",
    "console.show_batch",
    "company.show_own",
    "company.show_act",
    "company.show_desk",
    "company.ask_unlink",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """A house that has run for weeks, and somebody who looks at it."""

    desk: Desk
    database: str
    pool: WatchedPool
    event_id: int

    def statements(self, page: str) -> list[Execution]:
        """What the page asked Postgres, each carried out once more."""
        self.pool.sent.clear()
        answer = self.desk.get(page.replace("EVENT", str(self.event_id)))
        assert answer.status_code in {200, 302, 303}, (page, answer.status)
        sent = {" ".join(each.query.split()): each for each in self.pool.sent}
        with psycopg.connect(self.database, autocommit=True) as connection:
            done = [carry_out(connection, each) for each in sent.values()]
        return [each for each in done if each is not None]


@pytest.fixture(scope="module")
def busy(module_database: str, redis_server_url: str) -> Iterator[Busy]:
    with psycopg.connect(module_database, autocommit=True) as connection:
        move_in(connection, HOUSE)
        row = connection.execute("SELECT max(event_id) FROM inbox").fetchone()
        assert row is not None
    with open_desk(database=module_database, redis_url=redis_server_url) as desk:
        wired = desk.web.app.extensions["sync-services"]
        pool = WatchedPool(wired.pool)
        desk.web.app.extensions["sync-services"] = replace(wired, pool=pool)
        yield Busy(desk=desk, database=module_database, pool=pool, event_id=row[0])


def large_tables(busy: Busy) -> frozenset[str]:
    with psycopg.connect(busy.database) as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= %s",
            [LARGE],
        ).fetchall()
    return frozenset(name for (name,) in rows)


def test_what_grows_is_large_here(busy: Busy) -> None:
    kept = {"members", "links", "runs", "audit", "alerts", "plan_entries", "accounts"}

    assert kept < large_tables(busy)
    assert any(each.startswith("inbox_") for each in large_tables(busy))


@pytest.mark.parametrize("page", PAGES)
def test_no_statement_of_a_page_scans_a_large_table(busy: Busy, page: str) -> None:
    done = busy.statements(page)

    large = large_tables(busy)
    assert [
        (each.scanned & large, each.query) for each in done if each.scanned & large
    ] == []
    assert [(each.pages, each.query) for each in done if each.pages > MOST_PAGES] == []


def test_every_page_is_looked_at(busy: Busy) -> None:
    adapter = busy.desk.web.app.url_map.bind("localhost")
    looked_at = {
        adapter.match(page.partition("?")[0].replace("EVENT", "1"), method="GET")[0]
        for page in PAGES
    }
    pages = {
        rule.endpoint
        for rule in busy.desk.web.app.url_map.iter_rules()
        if "GET" in (rule.methods or set())
        and rule.rule.startswith(("/console", "/company"))
    }

    assert pages - looked_at - NOT_PAGES == set()
    assert GIANT in " ".join(PAGES)
