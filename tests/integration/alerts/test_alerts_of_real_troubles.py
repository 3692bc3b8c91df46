"""Each kind of trouble, made as it comes about, is told once and is over once."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.support.alarms import (
    LONG_AGO,
    Listener,
    Watch,
    listening,
    look,
    stale,
    watching,
)
from tests.support.webclient import add_corp, add_event, insert
from workers.upkeep import jobs
from workers.upkeep.jobs import Job

Change = Callable[[Watch], object]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
def bench(database: str, redis_url: str, listener: Listener) -> Iterator[Watch]:
    with watching(database=database, redis_url=redis_url, listener=listener) as watch:
        yield watch


def run(query: str) -> Change:
    return lambda bench: bench.rows.execute(query.encode())


def a_corp(bench: Watch) -> int:
    return add_corp(bench.rows, "wwcorp", last_synced_at="now")


def ticket(bench: Watch) -> None:
    bench.rows.execute("UPDATE suite_tickets SET received_at = %s", [LONG_AGO])


def fail_thrice(bench: Watch) -> None:
    def fail(_: object) -> None:
        raise OSError

    for _ in range(3):
        jobs.tick(bench.runtime, of=[Job(name="trouble", work=fail)])


def mend(bench: Watch) -> None:
    jobs.tick(bench.runtime, of=[Job(name="trouble", work=lambda _: None)])


def plan(bench: Watch) -> None:
    corp_pk = a_corp(bench)
    insert(bench.rows, "plans", plan_id="p", corp_pk=corp_pk, kind="members", hash="h")
    insert(
        bench.rows,
        "plan_entries",
        plan_id="p",
        position=1,
        corp_pk=corp_pk,
        key="member:zhang",
        decision="RemoveMember",
        before="{}",
        after="{}",
        reason="out_of_scope",
    )


def failures(bench: Watch) -> None:
    a_corp(bench)
    for _ in range(3):
        add_event(bench.rows, "corp:wwcorp", "failed", error="TypeError")


def failed_run(bench: Watch) -> None:
    insert(
        bench.rows,
        "runs",
        run_id="r",
        corp_pk=a_corp(bench),
        cause="schedule",
        state="failed",
        ended_at="now",
        error="TypeError",
    )


def ledger(bench: Watch) -> None:
    bench.rows.execute(
        "INSERT INTO ledger_days (mailbox, day, received, applied, folded, duplicate,"
        " ignored, pending, parked, failed) VALUES ('corp:wwcorp',"
        " (clock_timestamp() AT TIME ZONE 'UTC')::date - 1, 3, 1, 0, 0, 0, 0, 0, 0)"
    )


def old_mail(bench: Watch) -> None:
    a_corp(bench)
    add_event(bench.rows, "corp:wwcorp", "pending", received_at=LONG_AGO)


def blocked(bench: Watch) -> None:
    a_corp(bench)
    add_event(bench.rows, "corp:wwcorp", "pending")
    bench.rows.execute(
        "INSERT INTO mailboxes (mailbox, not_before, waits_for, waiting_since, error)"
        " VALUES ('corp:wwcorp', now() + interval '1 hour', 'throttle', %s,"
        " 'user/get: errcode 45009')",
        [LONG_AGO],
    )


def no_worker(bench: Watch) -> None:
    bench.runtime.redis.delete("workers:known")


def worker_again(bench: Watch) -> None:
    seen = int(bench.runtime.redis.time()[0]) + 600
    about = {
        "host": "here",
        "pid": 1,
        "queues": ["events", "notices", "resync"],
        "started_at": seen - 100,
        "threads": [],
    }
    bench.runtime.redis.hset("workers:known", "alive-2", f"{seen}:{json.dumps(about)}")


TROUBLES: list[tuple[str, Change, Change]] = [
    ("ticket_late", ticket, run("UPDATE suite_tickets SET received_at = now()")),
    (
        "corp_stale",
        stale,
        run("UPDATE corps SET last_synced_at = now()"),
    ),
    ("plan_held", plan, run("UPDATE plans SET state = 'rejected'")),
    ("failures", failures, run("UPDATE inbox SET state = 'done', done_at = now()")),
    ("failures", failed_run, run("UPDATE runs SET state = 'done'")),
    ("ledger_off", ledger, run("UPDATE ledger_days SET applied = 3")),
    ("oldest_too_old", old_mail, run("UPDATE inbox SET state = 'done'")),
    ("corp_blocked", blocked, run("UPDATE mailboxes SET not_before = NULL")),
    ("worker_dead", no_worker, worker_again),
    ("stores", fail_thrice, mend),
    (
        "worker_dead",
        run("INSERT INTO leases VALUES ('clock', NULL, '-infinity')"),
        run("DELETE FROM leases"),
    ),
    (
        "gap",
        run("INSERT INTO gaps (reason) VALUES ('refused')"),
        run("UPDATE gaps SET closed_at = now()"),
    ),
]


@pytest.mark.parametrize(("kind", "begin", "end"), TROUBLES, ids=range(len(TROUBLES)))
def test_a_trouble_is_told_when_it_begins_and_when_it_is_over(
    bench: Watch, listener: Listener, kind: str, begin: Change, end: Change
) -> None:
    begin(bench)
    look(bench, times=3)
    heard = set(listener.said)
    end(bench)
    look(bench, times=3)

    assert ("alert.raised", kind) in heard
    assert ("alert.recovered", kind) in listener.said
    raised = [said for said in listener.said if said == ("alert.raised", kind)]
    # Three queues without a worker are three alerts.
    assert len(raised) == (3 if begin is no_worker else 1)
