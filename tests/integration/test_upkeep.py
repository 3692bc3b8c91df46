"""What was missed is made up for, and what has served its time goes away."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch

import pytest

from domain.ids import CORP_KEY, CorpPk
from store import corps, leases, partitions, pruning, runs, schedule
from store.database import StoreUnavailable, transaction
from store.inbox import MailState, Post, identify
from store.ledger import get_ledger
from store.mailboxes import hold
from store.partitions import INBOX, JOURNAL
from store.spill import Spill
from tests.workbench import Workbench, workbench
from workers import upkeep
from workers.upkeep import Job

TODAY = datetime.now(UTC).date()


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def post(
    bench: Workbench,
    *,
    mailbox: str = "corp:wpA",
    state: str = "pending",
    age: str = "3 seconds",
    kind: str = "change_contact",
) -> int:
    """A row of the inbox, by default pending for three seconds."""
    row = bench.row(
        "INSERT INTO inbox (mailbox, kind, key, state, received_at, done_at)"
        " VALUES (%s, %s, 'corp', %s, clock_timestamp() - %s::interval,"
        " clock_timestamp() - %s::interval) RETURNING event_id",
        mailbox,
        kind,
        state,
        age,
        age,
    )
    return int(row["event_id"])


def add_corp(
    bench: Workbench, corp_id: str = "wpA", *, state: str = "linked"
) -> CorpPk:
    bench.rows(
        "INSERT INTO companies (company_id, name, origin) VALUES (%s, 'c', 'tapd')",
        corp_id,
    )
    row = bench.row(
        "INSERT INTO corps (corp_id, state, company_id) VALUES (%s, %s, %s)"
        " RETURNING corp_pk",
        corp_id,
        state,
        corp_id,
    )
    return CorpPk(row["corp_pk"])


def is_rung(bench: Workbench, name: str) -> bool:
    return bench.runtime.redis.exists(f"ring:{name}") == 1


def rings(bench: Workbench) -> int:
    return int(bench.runtime.redis.get(upkeep.RINGS_BY_UPKEEP) or 0)


def test_mail_that_nobody_rang_for_is_rung_for_and_counted(bench: Workbench) -> None:
    post(bench)
    post(bench)
    post(bench, mailbox="corp:wpB")

    upkeep.ring_mailboxes(bench.runtime)

    assert is_rung(bench, "corp:wpA")
    assert is_rung(bench, "corp:wpB")
    assert rings(bench) == 2


def test_fresh_mail_is_left_to_its_own_ring(bench: Workbench) -> None:
    post(bench, age="1 second")

    upkeep.ring_mailboxes(bench.runtime)

    assert not is_rung(bench, "corp:wpA")


def test_settled_mail_is_not_rung_for(bench: Workbench) -> None:
    for state in ("done", "folded", "ignored", "parked", "failed"):
        post(bench, state=state)

    upkeep.ring_mailboxes(bench.runtime)

    assert rings(bench) == 0


def test_a_mailbox_that_somebody_drains_is_not_rung_for(bench: Workbench) -> None:
    post(bench)
    with transaction(bench.runtime.pool) as connection:
        leases.take(connection, "corp:wpA")

    upkeep.ring_mailboxes(bench.runtime)

    assert rings(bench) == 0


def test_a_dead_workers_mailbox_is_rung_for(bench: Workbench) -> None:
    post(bench)
    with transaction(bench.runtime.pool) as connection:
        leases.take(connection, "corp:wpA")
    bench.rows("UPDATE leases SET expires_at = clock_timestamp()")

    upkeep.ring_mailboxes(bench.runtime)

    assert is_rung(bench, "corp:wpA")


def test_a_mailbox_that_waits_is_rung_for_when_its_time_has_come(
    bench: Workbench,
) -> None:
    post(bench)
    with transaction(bench.runtime.pool) as connection:
        hold(connection, "corp:wpA", waits_for="throttle", seconds=60)
    upkeep.ring_mailboxes(bench.runtime)
    early = rings(bench)
    bench.rows("UPDATE mailboxes SET not_before = clock_timestamp() - interval '3 s'")

    upkeep.ring_mailboxes(bench.runtime)

    assert (early, rings(bench)) == (0, 1)


def test_a_paused_mailbox_is_rung_for_what_may_end_the_pause(bench: Workbench) -> None:
    for mailbox, kind in (("corp:wpA", "change_auth"), ("corp:wpB", "change_contact")):
        post(bench, mailbox=mailbox, kind=kind)
        with transaction(bench.runtime.pool) as connection:
            hold(connection, mailbox, waits_for="paused", seconds=3600)

    upkeep.ring_waiting(bench.runtime)

    assert is_rung(bench, "corp:wpA")
    assert not is_rung(bench, "corp:wpB")


def test_a_run_that_nobody_works_on_is_rung_for(bench: Workbench) -> None:
    corp_pk = add_corp(bench)
    with transaction(bench.runtime.pool) as connection:
        run_id = runs.request_run(connection, corp_pk, cause="operator")
    bench.rows("UPDATE runs SET not_before = not_before - interval '3 seconds'")

    upkeep.ring_runs(bench.runtime)

    assert is_rung(bench, f"run:{run_id}")
    assert rings(bench) == 1


def test_a_corp_whose_time_has_come_gets_a_run_of_that_cause(bench: Workbench) -> None:
    due, later = add_corp(bench), add_corp(bench, "wpLater")
    paused = add_corp(bench, "wpPaused", state="paused")
    with transaction(bench.runtime.pool) as connection:
        corps.make_due(connection, due, cause="gap")
        corps.make_due(connection, later, cause="gap", seconds=60)
        corps.make_due(connection, paused, cause="gap")

    upkeep.start_due_corps(bench.runtime)
    upkeep.start_due_corps(bench.runtime)

    run = bench.row("SELECT run_id, corp_pk, cause FROM runs")
    assert (run["corp_pk"], run["cause"]) == (due, "gap")
    assert is_rung(bench, f"run:{run['run_id']}")
    wishes = bench.rows("SELECT corp_pk FROM corps WHERE due_at IS NOT NULL")
    assert sorted(row["corp_pk"] for row in wishes) == [later, paused]


def test_parked_mail_wakes_once_its_corp_is_linked(bench: Workbench) -> None:
    event_id = post(bench, state="parked")
    upkeep.retest_parked(bench.runtime)
    before = bench.row("SELECT state FROM inbox WHERE event_id = %s", event_id)
    add_corp(bench)

    upkeep.retest_parked(bench.runtime)

    after = bench.row("SELECT state FROM inbox WHERE event_id = %s", event_id)
    assert (before["state"], after["state"]) == ("parked", "pending")
    assert is_rung(bench, "corp:wpA")


def test_mail_parked_for_a_quarter_of_an_hour_is_ignored(bench: Workbench) -> None:
    old = post(bench, state="parked", age="15 minutes 1 second")
    young = post(bench, state="parked", age="14 minutes")

    upkeep.retest_parked(bench.runtime)

    found = bench.rows(
        "SELECT event_id, state, outcome FROM inbox WHERE mailbox = 'corp:wpA'"
        " ORDER BY event_id"
    )
    assert found == [
        {"event_id": old, "state": "ignored", "outcome": "not_linked"},
        {"event_id": young, "state": "parked", "outcome": None},
    ]


def test_spilled_mail_is_moved(bench: Workbench) -> None:
    spill = Spill(bench.runtime.redis, bench.runtime.keyring)
    spill.put(
        Post(
            digest=identify(mailbox="corp:wpA", content=b"x"),
            mailbox="corp:wpA",
            kind="change_contact",
            change=None,
            key=CORP_KEY,
            state=MailState.PENDING,
            outcome=None,
            sent_at=None,
            hint={},
            body=None,
        )
    )

    upkeep.move_spilled(bench.runtime)

    assert bench.row("SELECT state FROM inbox WHERE mailbox = 'corp:wpA'")
    assert spill.depth() == 0


def test_pruning_keeps_the_ledger_as_it_was(bench: Workbench) -> None:
    states = ("done", "done", "folded", "ignored", "pending", "parked", "failed")
    for state in states:
        post(bench, state=state, age="31 days")
    bench.rows("UPDATE inbox SET times_seen = 3 WHERE state = 'folded'")
    day = bench.row("SELECT received_at::date AS day FROM inbox WHERE state='parked'")
    with transaction(bench.runtime.pool) as connection:
        before = get_ledger(connection, day["day"], mailboxes=None)

    upkeep.prune(bench.runtime)

    with transaction(bench.runtime.pool) as connection:
        after = get_ledger(connection, day["day"], mailboxes=None)
    left = bench.rows("SELECT state FROM inbox WHERE mailbox = 'corp:wpA'")
    assert sorted(row["state"] for row in left) == ["failed", "parked", "pending"]
    assert after == before
    assert after.balances
    assert after.received == 9


def test_pruning_goes_on_batch_by_batch(bench: Workbench) -> None:
    for _ in range(5):
        post(bench, state="done", age="31 days")

    with transaction(bench.runtime.pool) as connection:
        batches = [pruning.prune_inbox(connection, days=30, limit=2) for _ in range(3)]

    assert batches == [2, 2, 1]
    sums = bench.row("SELECT received, applied FROM ledger_days")
    assert sums == {"received": 5, "applied": 5}


def test_young_mail_and_young_identities_stay(bench: Workbench) -> None:
    post(bench, state="done", age="29 days")
    bench.rows(
        "INSERT INTO identities VALUES ('a', -1, clock_timestamp() - interval '47 h'),"
        " ('b', -2, clock_timestamp() - interval '49 h')"
    )

    upkeep.prune(bench.runtime)

    assert bench.rows("SELECT 1 FROM inbox WHERE mailbox = 'corp:wpA'")
    known = bench.rows("SELECT digest FROM identities WHERE event_id < 0")
    assert [bytes(row["digest"]) for row in known] == [b"a"]


def test_what_reads_left_behind_is_dropped_when_they_have_ended(
    bench: Workbench,
) -> None:
    corp_pk = add_corp(bench)
    with transaction(bench.runtime.pool) as connection:
        ended = runs.request_run(connection, corp_pk, cause="operator", request_key="k")
        runs.end(connection, ended, state="failed")
        open_run = runs.request_run(connection, corp_pk, cause="operator")
        runs.touch(connection, corp_pk, ["member:a"])
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

    upkeep.prune(bench.runtime)

    for table in ("staging", "run_pages"):
        left = bench.rows(f"SELECT run_id FROM {table}")  # noqa: S608 - two constant names
        assert left == [{"run_id": open_run}]
    assert bench.rows("SELECT 1 AS one FROM run_requests") == []
    assert bench.rows("SELECT 1 AS one FROM touched") == []


def test_each_of_the_next_weeks_gets_a_partition(bench: Workbench) -> None:
    event_id = post(bench)

    upkeep.keep_partitions(bench.runtime)
    upkeep.keep_partitions(bench.runtime)

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
    upkeep.keep_partitions(bench.runtime)

    monday = partitions.week_of(datetime.now(UTC))
    count = "SELECT count(*) AS n FROM pg_index WHERE indrelid = %s::regclass"
    assert bench.row(count, INBOX.name_of(monday)) == bench.row(count, "inbox")
    with pytest.raises(Exception, match="inbox_state"):
        post(bench, state="nonsense")


def test_an_emptied_week_is_dropped_and_a_filled_one_stays(bench: Workbench) -> None:
    monday = partitions.week_of(datetime.now(UTC))
    filled, empty = monday - timedelta(weeks=1), monday - timedelta(weeks=2)
    with transaction(bench.runtime.pool) as connection:
        for week in (filled, empty):
            partitions.add_week(connection, INBOX, week)
    post(bench, state="failed", age="7 days")

    upkeep.keep_partitions(bench.runtime)

    with transaction(bench.runtime.pool) as connection:
        weeks = partitions.list_weeks(connection, INBOX)
    assert filled in weeks
    assert empty not in weeks


def test_a_week_begins_on_monday_in_utc() -> None:
    sunday_evening = datetime.fromisoformat("2026-01-05T07:59:00+08:00")
    monday_morning = datetime.fromisoformat("2026-01-05T08:00:00+08:00")

    weeks = [partitions.week_of(each) for each in (sunday_evening, monday_morning)]

    assert weeks == [date(2025, 12, 29), date(2026, 1, 5)]


def test_mailboxes_of_nobody_are_forgotten(bench: Workbench) -> None:
    add_corp(bench, "wpLive")
    post(bench, mailbox="corp:wpMail", state="done")
    for name in ("wpLive", "wpMail", "wpIdle"):
        with transaction(bench.runtime.pool) as connection:
            hold(connection, f"corp:{name}", waits_for="calm", seconds=1)
            leases.take(connection, f"corp:{name}")
    bench.rows("UPDATE leases SET expires_at = clock_timestamp()")

    upkeep.drop_idle_boxes(bench.runtime)

    for table in ("mailboxes", "leases"):
        left = bench.rows(f"SELECT mailbox FROM {table} ORDER BY mailbox")  # noqa: S608 - two constant names
        assert [row["mailbox"] for row in left] == ["corp:wpLive", "corp:wpMail"]


def test_a_job_that_fails_does_not_stop_the_others(
    bench: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def fail(_: object) -> None:
        raise StoreUnavailable("too slow")

    def work(_: object) -> None:
        done.append("worked")

    jobs = (Job(name="bad", work=fail), Job(name="good", work=work))

    with patch.object(upkeep, "JOBS", jobs):
        upkeep.tick(bench.runtime)

    assert done == ["worked"]
    assert [record.__dict__["job"] for record in caplog.records if record.exc_info] == [
        "bad"
    ]


def test_a_job_with_a_rhythm_is_done_once_in_its_time(bench: Workbench) -> None:
    done: list[str] = []
    job = Job(name="slow", work=lambda _: done.append("worked"), every_seconds=60)

    with patch.object(upkeep, "JOBS", (job,)):
        upkeep.tick(bench.runtime)
        upkeep.tick(bench.runtime)
        bench.rows("UPDATE schedule SET due_at = clock_timestamp()")
        upkeep.tick(bench.runtime)

    assert done == ["worked", "worked"]


def test_every_job_works_on_an_empty_and_on_a_filled_store(
    bench: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.link(bench.found())

    upkeep.tick(bench.runtime)

    assert [record for record in caplog.records if record.exc_info] == []
    with transaction(bench.runtime.pool) as connection:
        names = [job.name for job in upkeep.JOBS if job.every_seconds]
        left = [
            name
            for name in names
            if schedule.take_turn(connection, f"upkeep:{name}", every_seconds=1)
        ]
    assert left == []
