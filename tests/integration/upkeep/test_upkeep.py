"""What was missed is made up for, and what has served its time goes away."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from domain.ids import CORP_KEY
from store.database import StoreUnavailable, transaction
from store.inbox import leases
from store.inbox.mailboxes import hold
from store.inbox.record import MailState, Post, identify
from store.intake.spill import Spill
from store.org import corps
from store.runs import requests
from tests.support.workbench import Workbench, workbench
from workers.upkeep import jobs as upkeep
from workers.upkeep.jobs import Job


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def is_rung(bench: Workbench, name: str) -> bool:
    return bench.runtime.redis.exists(f"ring:{name}") == 1


def rings(bench: Workbench) -> int:
    return int(bench.runtime.redis.get(upkeep.RINGS_BY_UPKEEP) or 0)


def test_mail_that_nobody_rang_for_is_rung_for_and_counted(bench: Workbench) -> None:
    bench.post()
    bench.post()
    bench.post(mailbox="corp:wpB")

    upkeep.ring_mailboxes(bench.runtime)

    assert is_rung(bench, "corp:wpA")
    assert is_rung(bench, "corp:wpB")
    assert rings(bench) == 2


def test_fresh_mail_is_left_to_its_own_ring(bench: Workbench) -> None:
    bench.post(age="1 second")

    upkeep.ring_mailboxes(bench.runtime)

    assert not is_rung(bench, "corp:wpA")


def test_settled_mail_is_not_rung_for(bench: Workbench) -> None:
    for state in ("done", "folded", "ignored", "parked", "failed"):
        bench.post(state=state)

    upkeep.ring_mailboxes(bench.runtime)

    assert rings(bench) == 0


def test_a_mailbox_that_somebody_drains_is_not_rung_for(bench: Workbench) -> None:
    bench.post()
    with transaction(bench.runtime.pool) as connection:
        leases.take(connection, "corp:wpA")

    upkeep.ring_mailboxes(bench.runtime)

    assert rings(bench) == 0


def test_a_dead_workers_mailbox_is_rung_for(bench: Workbench) -> None:
    bench.post()
    with transaction(bench.runtime.pool) as connection:
        leases.take(connection, "corp:wpA")
    bench.rows("UPDATE leases SET expires_at = clock_timestamp()")

    upkeep.ring_mailboxes(bench.runtime)

    assert is_rung(bench, "corp:wpA")


def test_a_mailbox_that_waits_is_rung_for_when_its_time_has_come(
    bench: Workbench,
) -> None:
    bench.post()
    with transaction(bench.runtime.pool) as connection:
        hold(connection, "corp:wpA", waits_for="throttle", seconds=60)
    upkeep.ring_mailboxes(bench.runtime)
    early = rings(bench)
    bench.rows("UPDATE mailboxes SET not_before = clock_timestamp() - interval '3 s'")

    upkeep.ring_mailboxes(bench.runtime)

    assert (early, rings(bench)) == (0, 1)


def test_a_paused_mailbox_is_rung_for_what_may_end_the_pause(bench: Workbench) -> None:
    for mailbox, kind in (("corp:wpA", "change_auth"), ("corp:wpB", "change_contact")):
        bench.post(mailbox=mailbox, kind=kind)
        with transaction(bench.runtime.pool) as connection:
            hold(connection, mailbox, waits_for="paused", seconds=3600)

    upkeep.ring_waiting(bench.runtime)

    assert is_rung(bench, "corp:wpA")
    assert not is_rung(bench, "corp:wpB")


def test_a_run_that_nobody_works_on_is_rung_for(bench: Workbench) -> None:
    corp_pk = bench.add_corp()
    with transaction(bench.runtime.pool) as connection:
        run_id = requests.request_run(connection, corp_pk, cause="operator")
    bench.rows("UPDATE runs SET not_before = not_before - interval '3 seconds'")

    upkeep.ring_runs(bench.runtime)

    assert is_rung(bench, f"run:{run_id}")
    assert rings(bench) == 1


def test_a_corp_whose_time_has_come_gets_a_run_of_that_cause(bench: Workbench) -> None:
    due, later = bench.add_corp(), bench.add_corp("wpLater")
    paused = bench.add_corp("wpPaused", state="paused")
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
    event_id = bench.post(state="parked")
    upkeep.retest_parked(bench.runtime)
    before = bench.row("SELECT state FROM inbox WHERE event_id = %s", event_id)
    bench.add_corp()

    upkeep.retest_parked(bench.runtime)

    after = bench.row("SELECT state FROM inbox WHERE event_id = %s", event_id)
    assert (before["state"], after["state"]) == ("parked", "pending")
    assert is_rung(bench, "corp:wpA")


def test_mail_parked_for_a_quarter_of_an_hour_is_ignored(bench: Workbench) -> None:
    old = bench.post(state="parked", age="15 minutes 1 second")
    young = bench.post(state="parked", age="14 minutes")

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


def test_mailboxes_of_nobody_are_forgotten(bench: Workbench) -> None:
    bench.add_corp("wpLive")
    bench.post(mailbox="corp:wpMail", state="done")
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
        planned = {name for (name,) in connection.execute("SELECT name FROM schedule")}
    assert {f"upkeep:{name}" for name in names} - planned == set()
