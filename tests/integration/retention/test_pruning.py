"""Old mail goes without unbalancing the ledger, and weeks come and go."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.states import RunState
from store.database import transaction
from store.inbox.ledger import get_ledger
from store.installs import oauth_states
from store.retention import partitions
from store.retention import pruning as store_pruning
from store.retention.partitions import INBOX, JOURNAL
from store.runs import requests, runs, touched
from tests.support.workbench import Workbench, workbench
from workers.upkeep import pruning


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def test_pruning_keeps_the_ledger_as_it_was(bench: Workbench) -> None:
    states = ("done", "done", "folded", "ignored", "pending", "parked", "failed")
    for state in states:
        bench.post(state=state, age="31 days")
    bench.rows("UPDATE inbox SET times_seen = 3 WHERE state = 'folded'")
    day = bench.row("SELECT received_at::date AS day FROM inbox WHERE state='parked'")
    with transaction(bench.runtime.pool) as connection:
        before = get_ledger(connection, day["day"], mailboxes=None)

    pruning.prune(bench.runtime)

    with transaction(bench.runtime.pool) as connection:
        after = get_ledger(connection, day["day"], mailboxes=None)
    left = bench.rows("SELECT state FROM inbox WHERE mailbox = 'corp:wpA'")
    assert sorted(row["state"] for row in left) == ["failed", "parked", "pending"]
    assert after == before
    assert after.balances
    assert after.received == 9


def test_a_drains_own_mail_is_in_the_ledger_until_it_is_settled(
    bench: Workbench,
) -> None:
    bench.post(state="done", age="31 days")
    for state in ("pending", "failed", "done", "folded", "ignored"):
        own = bench.post(state=state, age="31 days")
        bench.rows("UPDATE inbox SET own = true WHERE event_id = %s", own)
    day = bench.row("SELECT min(received_at)::date AS day FROM inbox")["day"]

    with transaction(bench.runtime.pool) as connection:
        before = get_ledger(connection, day, mailboxes=None)
    pruning.prune(bench.runtime)
    with transaction(bench.runtime.pool) as connection:
        after = get_ledger(connection, day, mailboxes=None)

    assert (before.received, before.applied) == (3, 1)
    assert (before.pending, before.failed) == (1, 1)
    assert after == before


def test_pruning_goes_on_batch_by_batch(bench: Workbench) -> None:
    for _ in range(5):
        bench.post(state="done", age="31 days")

    with transaction(bench.runtime.pool) as connection:
        batches = [
            store_pruning.prune_inbox(connection, days=30, limit=2) for _ in range(3)
        ]

    assert batches == [2, 2, 1]
    sums = bench.row("SELECT received, applied FROM ledger_days")
    assert sums == {"received": 5, "applied": 5}


def test_young_mail_and_young_identities_stay(bench: Workbench) -> None:
    bench.post(state="done", age="29 days")
    bench.rows(
        "INSERT INTO identities VALUES ('a', -1, clock_timestamp() - interval '47 h'),"
        " ('b', -2, clock_timestamp() - interval '49 h')"
    )

    pruning.prune(bench.runtime)

    assert bench.rows("SELECT 1 FROM inbox WHERE mailbox = 'corp:wpA'")
    known = bench.rows("SELECT digest FROM identities WHERE event_id < 0")
    assert [bytes(row["digest"]) for row in known] == [b"a"]


def test_what_reads_left_behind_is_dropped_when_they_have_ended(
    bench: Workbench,
) -> None:
    corp_pk = bench.add_corp()
    with transaction(bench.runtime.pool) as connection:
        ended = requests.request_run(
            connection, corp_pk, cause="operator", request_key="k"
        )
        runs.end(connection, ended, state=RunState.FAILED)
        open_run = requests.request_run(connection, corp_pk, cause="operator")
        touched.note(connection, corp_pk, ["member:a"])
    for run_id in (ended, open_run):
        bench.rows(
            "INSERT INTO run_pages (run_id, page, rows) VALUES (%s, 'p', 1)", run_id
        )
        bench.rows(
            "INSERT INTO staging (run_id, kind, page, key, fingerprint, value)"
            " VALUES (%s, 'member', 'p', 'k', '', '{}')",
            run_id,
        )
    bench.rows("UPDATE runs SET ended_at = ended_at - interval '2 hours'")
    bench.rows("UPDATE run_requests SET requested_at = now() - interval '25 hours'")
    bench.rows("UPDATE touched SET touched_at = now() - interval '25 hours'")

    pruning.prune(bench.runtime)

    for table in ("staging", "run_pages"):
        left = bench.rows(f"SELECT run_id FROM {table}")  # noqa: S608 - two constant names
        assert left == [{"run_id": open_run}]
    assert bench.rows("SELECT 1 AS one FROM run_requests") == []
    assert bench.rows("SELECT 1 AS one FROM touched") == []


def test_what_cannot_be_pruned_keeps_nothing_else(
    bench: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.add_corp()
    bench.rows("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN RAISE 'kept'; END $$;
        CREATE TRIGGER kept BEFORE DELETE ON identities EXECUTE FUNCTION refuse();
        CREATE TRIGGER kept BEFORE DELETE ON touched EXECUTE FUNCTION refuse();
        CREATE TRIGGER kept BEFORE DELETE ON runs EXECUTE FUNCTION refuse();
        INSERT INTO journeys
                (state_digest, visitor_digest, purpose, cargo, expires_at)
            VALUES ('s', 'v', 'sign_in', '{}', now() - interval '9 days');
        INSERT INTO install_intents (intent_id, edition, state, created_at, expires_at)
            VALUES ('i', 'standard', 's', now() - interval '9 days', now());
        INSERT INTO gaps (reason, closed_at)
            VALUES ('refused', now() - interval '1 year');
    """)

    pruning.prune(bench.runtime)
    pruning.prune_history(bench.runtime)

    for table in ("journeys", "install_intents", "gaps"):
        left = bench.rows(f"SELECT 1 AS one FROM {table}")  # noqa: S608 - constant names
        assert (table, left) == (table, [])
    told = [each.__dict__["kind"] for each in caplog.records if "kind" in each.__dict__]
    assert told == [
        "store.retention.pruning.prune_identities",
        "store.retention.pruning.prune_touched",
        "store.retention.history.prune_runs",
    ]


def test_forgetting_a_run_looks_at_no_other_request_keys(bench: Workbench) -> None:
    with transaction(bench.runtime.pool) as connection:
        connection.execute("SET LOCAL enable_seqscan = off")
        plan = connection.execute(
            "EXPLAIN SELECT FROM run_requests WHERE run_id = 'r'"
        ).fetchall()

    assert "run_requests_by_run" in str(plan)


def test_each_of_the_next_weeks_gets_a_partition(bench: Workbench) -> None:
    event_id = bench.post()

    pruning.keep_partitions(bench.runtime)
    pruning.keep_partitions(bench.runtime)

    monday = partitions.week_of(datetime.now(UTC))
    wanted = [monday + timedelta(weeks=n) for n in range(4)]
    with transaction(bench.runtime.pool) as connection:
        for kind in (INBOX, JOURNAL):
            assert partitions.list_weeks(connection, kind) == wanted
    place = bench.row(
        "SELECT tableoid::regclass::text AS name FROM inbox WHERE event_id = %s",
        event_id,
    )
    assert place["name"] == INBOX.name_of(monday)
    assert bench.rows("SELECT 1 AS one FROM inbox_rest") == []


def test_a_partition_has_the_indexes_and_limits_of_its_table(bench: Workbench) -> None:
    pruning.keep_partitions(bench.runtime)

    monday = partitions.week_of(datetime.now(UTC))
    count = "SELECT count(*) AS n FROM pg_index WHERE indrelid = %s::regclass"
    assert bench.row(count, INBOX.name_of(monday)) == bench.row(count, "inbox")
    with pytest.raises(Exception, match="inbox_state"):
        bench.post(state="nonsense")


def test_a_journey_is_forgotten_a_day_after_it_was_too_late_for_it(
    bench: Workbench,
) -> None:
    with transaction(bench.runtime.pool) as connection:
        for state, hours in (("young", 1), ("late", -23), ("old", -25)):
            oauth_states.use(connection, state, purpose=state, seconds=hours * 3600)

    pruning.prune(bench.runtime)

    left = bench.rows("SELECT purpose AS state FROM journeys ORDER BY 1")
    assert [row["state"] for row in left] == ["late", "young"]


def test_an_emptied_week_is_dropped_and_a_filled_one_stays(bench: Workbench) -> None:
    monday = partitions.week_of(datetime.now(UTC))
    filled, empty = monday - timedelta(weeks=1), monday - timedelta(weeks=2)
    with transaction(bench.runtime.pool) as connection:
        for week in (filled, empty):
            partitions.add_week(connection, INBOX, week)
    bench.post(state="failed", age="7 days")

    pruning.keep_partitions(bench.runtime)

    with transaction(bench.runtime.pool) as connection:
        weeks = partitions.list_weeks(connection, INBOX)
    assert filled in weeks
    assert empty not in weeks


def test_mail_that_comes_while_its_week_is_made_is_kept(bench: Workbench) -> None:
    with ThreadPoolExecutor(1) as receiver:
        with transaction(bench.runtime.pool) as connection:
            this_week = partitions.week_of(datetime.now(UTC))
            partitions.add_week(connection, INBOX, this_week)
            posted = receiver.submit(bench.post, age="0 seconds")
            while not bench.rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
                assert not posted.done()
        event_id = posted.result()

    assert bench.rows("SELECT 1 FROM inbox WHERE event_id = %s", event_id)


def test_a_week_begins_on_monday_in_utc() -> None:
    sunday_evening = datetime.fromisoformat("2026-01-05T07:59:00+08:00")
    monday_morning = datetime.fromisoformat("2026-01-05T08:00:00+08:00")

    weeks = [partitions.week_of(each) for each in (sunday_evening, monday_morning)]

    assert weeks == [date(2025, 12, 29), date(2026, 1, 5)]
