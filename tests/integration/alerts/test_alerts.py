"""Alerts are told once when something begins and once when it is over."""

from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from store.alerts import alerts
from store.alerts import deliveries as alert_deliveries
from store.database import transaction
from store.health.corps import MOST_TOLD
from store.health.kinds import Problem, ProblemKind
from tests.support.alarms import (
    LONG_AGO,
    SECRET,
    Listener,
    Watch,
    listening,
    look,
    stale,
    tell_all,
    watching,
)
from workers.alerts import judge, stand_in, tell


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
def bench(database: str, redis_url: str, listener: Listener) -> Iterator[Watch]:
    with watching(database=database, redis_url=redis_url, listener=listener) as watch:
        yield watch


def kinds(bench: Watch) -> list[tuple[str, str | None, bool]]:
    return bench.rows.execute(
        "SELECT kind, corp_id, recovered_at IS NOT NULL FROM alerts ORDER BY alert_id"
    ).fetchall()


def test_what_begins_and_what_is_over_is_told_once_each(
    bench: Watch, listener: Listener
) -> None:
    stale(bench)

    look(bench, times=3)
    bench.rows.execute("UPDATE corps SET last_synced_at = clock_timestamp()")
    look(bench, times=3)

    assert kinds(bench) == [("corp_stale", "wwcorp", True)]
    assert listener.said == [
        ("alert.raised", "corp_stale"),
        ("alert.recovered", "corp_stale"),
    ]


def test_the_webhook_is_signed_and_bears_the_row_of_the_api(
    bench: Watch, listener: Listener
) -> None:
    stale(bench)

    look(bench)

    [body], [headers] = listener.bodies, listener.headers
    told = Webhook(SECRET).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace("wwcorp", "wwother"), headers)
    assert set(told) == {"type", "timestamp", "data"}
    assert set(told["data"]) == {
        "id",
        "kind",
        "corp_id",
        "raised_at",
        "recovered_at",
    }
    assert (told["data"]["corp_id"], told["data"]["recovered_at"]) == ("wwcorp", None)


def test_a_problem_that_blinks_is_not_over(bench: Watch, listener: Listener) -> None:
    stale(bench)
    look(bench)

    bench.rows.execute("UPDATE corps SET last_synced_at = clock_timestamp()")
    look(bench)
    bench.rows.execute("UPDATE corps SET last_synced_at = %s", [LONG_AGO])
    look(bench, times=2)

    assert listener.said == [("alert.raised", "corp_stale")]


def test_what_comes_back_is_another_alert(bench: Watch, listener: Listener) -> None:
    stale(bench)
    look(bench)
    bench.rows.execute("UPDATE corps SET last_synced_at = clock_timestamp()")
    look(bench, times=2)

    bench.rows.execute("UPDATE corps SET last_synced_at = %s", [LONG_AGO])
    look(bench)

    assert kinds(bench) == [
        ("corp_stale", "wwcorp", True),
        ("corp_stale", "wwcorp", False),
    ]


def test_what_flaps_becomes_one_alert_that_lasts_until_it_stays_away(
    bench: Watch, listener: Listener
) -> None:
    stale(bench)
    for _ in range(6):
        bench.rows.execute("UPDATE corps SET last_synced_at = %s", [LONG_AGO])
        look(bench)
        bench.rows.execute("UPDATE corps SET last_synced_at = clock_timestamp()")
        look(bench, times=3)

    flapping = [said for said, _ in listener.said]
    bench.rows.execute(
        "UPDATE alerts SET unseen_at = unseen_at - interval '11 minutes'"
    )
    look(bench)

    assert flapping == ["alert.raised", "alert.recovered"] * 2 + ["alert.raised"]
    assert [said for said, _ in listener.said][5:] == ["alert.recovered"]


def test_a_worker_judges_while_no_clock_leads_and_tells_that_first(
    bench: Watch, listener: Listener
) -> None:
    bench.rows.execute(
        "INSERT INTO leases (mailbox, token, expires_at)"
        " VALUES ('clock', NULL, '-infinity')"
    )
    # Workers are rung for; here the test is the worker.
    gone = stand_in.look_after(bench.runtime, was_gone=False)
    heard_at_first = kinds(bench)
    gone = stand_in.look_after(bench.runtime, was_gone=gone)
    tell_all(bench)

    assert heard_at_first == []
    assert gone
    assert kinds(bench) == [("worker_dead", None, False)]
    assert listener.said == [("alert.raised", "worker_dead")]


def test_no_worker_judges_beside_a_clock_that_leads(bench: Watch) -> None:
    stale(bench)
    bench.rows.execute(
        "INSERT INTO leases (mailbox, token, expires_at) VALUES"
        " ('clock', gen_random_uuid(), clock_timestamp() + interval '1 hour')"
    )

    gone = stand_in.look_after(bench.runtime, was_gone=True)

    assert not gone
    assert kinds(bench) == []


def test_one_worker_at_a_time_judges_in_the_clocks_place(bench: Watch) -> None:
    stale(bench)
    bench.rows.execute(
        "INSERT INTO leases (mailbox, token, expires_at) VALUES"
        " ('clock', NULL, '-infinity'),"
        " ('alerts', gen_random_uuid(), clock_timestamp() + interval '1 hour')"
    )

    stand_in.look_after(bench.runtime, was_gone=True)

    assert kinds(bench) == []


def problem(kind: ProblemKind, **fields: Any) -> Problem:
    return Problem(kind=kind, **{"number": 1, "reason": "r", **fields})


@pytest.mark.parametrize("kind", list(ProblemKind))
def test_every_kind_is_raised_and_recovers(bench: Watch, kind: ProblemKind) -> None:
    with transaction(bench.runtime.pool) as connection:
        said = [
            [each.said for each in alerts.note(connection, found)]
            for found in ([problem(kind)], [problem(kind)], [], [], [])
        ]

    assert said == [["raised"], [], [], ["recovered"], []]


def test_a_wait_that_changes_its_errcode_or_number_is_the_same_alert(
    bench: Watch,
) -> None:
    kind = ProblemKind.CORP_BLOCKED
    with transaction(bench.runtime.pool) as connection:
        changed = [
            alerts.note(connection, [problem(kind, corp_id="w", **fields)])
            for fields in (
                {"about": "45009", "reason": "waits_limit"},
                {"about": "45033", "reason": "calls_limit", "number": 40},
            )
        ]

    assert [len(each) for each in changed] == [1, 0]


def test_two_plans_of_a_corp_are_two_alerts(bench: Watch) -> None:
    held = [
        problem(ProblemKind.PLAN_HELD, corp_id="w", about=each) for each in ("a", "b")
    ]
    with transaction(bench.runtime.pool) as connection:
        first = alerts.note(connection, held)
        for _ in range(2):
            after = alerts.note(connection, held[:1])

    assert [len(first), len(after)] == [2, 1]


def test_what_lies_beyond_the_end_of_a_list_is_not_over(bench: Watch) -> None:
    def corps(numbers: range) -> list[Problem]:
        return [problem(ProblemKind.CORP_STALE, corp_id=f"w{n}") for n in numbers]

    with transaction(bench.runtime.pool) as connection:
        alerts.note(connection, corps(range(MOST_TOLD)))
        for _ in range(3):
            over = alerts.note(connection, corps(range(1, MOST_TOLD + 1)))
        for _ in range(2):
            calm = alerts.note(connection, corps(range(1, 10)))

    assert [each.said for each in over] == []
    assert {each.said for each in calm} == {"recovered"}


def test_what_cannot_be_told_is_tried_again_in_its_order(
    bench: Watch, listener: Listener
) -> None:
    listener.status = 500
    stale(bench)
    look(bench)
    bench.rows.execute("UPDATE corps SET last_synced_at = clock_timestamp()")
    look(bench, times=2)
    waiting = bench.rows.execute(
        "SELECT said, state, attempts, outcome FROM alert_deliveries"
        " ORDER BY delivery_id"
    ).fetchall()

    listener.status, listener.bodies = 200, []
    for _ in range(2):
        bench.rows.execute(
            "UPDATE alert_deliveries SET due_at = clock_timestamp()"
            " WHERE state = 'queued'"
        )
        look(bench)

    assert waiting == [
        ("raised", "queued", 1, "HTTP 500"),
        ("recovered", "queued", 0, ""),
    ]
    assert [each for each, _ in listener.said] == ["alert.raised", "alert.recovered"]
    ids = {each["webhook-id"] for each in listener.headers[:2]}
    assert len(ids) == 1


def test_an_alert_is_given_up_after_a_day(bench: Watch, listener: Listener) -> None:
    listener.status = 500
    stale(bench)
    look(bench)

    bench.rows.execute(
        "UPDATE alert_deliveries SET due_at = clock_timestamp(),"
        " queued_at = queued_at - interval '25 hours'"
    )
    look(bench)

    row = bench.rows.execute("SELECT state, attempts FROM alert_deliveries").fetchone()
    assert row == ("failed", 2)


def test_a_redirect_is_no_success_and_is_not_followed(
    bench: Watch, listener: Listener
) -> None:
    listener.status = 302
    stale(bench)

    look(bench)

    assert len(listener.bodies) == 1
    outcome = bench.rows.execute("SELECT outcome FROM alert_deliveries").fetchone()
    assert outcome == ("HTTP 302",)


def test_two_workers_tell_it_once(bench: Watch, listener: Listener) -> None:
    stale(bench)
    judge.judge(bench.runtime)
    [(delivery_id,)] = bench.rows.execute(
        "SELECT delivery_id FROM alert_deliveries"
    ).fetchall()

    with transaction(bench.runtime.pool) as connection:
        taken = alert_deliveries.take(connection, delivery_id)
    tell.tell(bench.runtime, delivery_id)

    assert taken is not None
    assert listener.bodies == []


def test_the_clock_tells_what_no_worker_takes(bench: Watch, listener: Listener) -> None:
    stale(bench)
    judge.judge(bench.runtime)
    judge.ring_deliveries(bench.runtime)
    rung = list(listener.said)

    bench.rows.execute(
        "UPDATE alert_deliveries SET due_at = due_at - interval '1 minute'"
    )
    judge.ring_deliveries(bench.runtime)

    assert (rung, listener.said) == ([], [("alert.raised", "corp_stale")])


def test_a_kind_that_is_switched_off_is_kept_and_not_told(
    bench: Watch, listener: Listener
) -> None:
    with transaction(bench.runtime.pool) as connection:
        every = alert_deliveries.list_told(connection)
        alert_deliveries.switch(connection, every - {"corp_stale"})
    stale(bench)

    look(bench)

    assert kinds(bench) == [("corp_stale", "wwcorp", False)]
    assert listener.bodies == []
