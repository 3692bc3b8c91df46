"""Alerts are told once when something begins and once when it is over."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
import redis as redis_client
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from settings import AlertChannels, SettingsError
from store.database import transaction
from store.health import alert_deliveries, alerts
from store.health.corps import MOST_TOLD
from store.health.kinds import Problem, ProblemKind
from tests.support.desk import Desk, marks_in, open_desk, words_in
from tests.support.webclient import add_corp, insert, web_settings
from workers.alerts import judge, tell
from workers.queue.broker import make_broker
from workers.runtime import Runtime, build

SECRET = "whsec_" + "c2VjcmV0LW9mLTI0LWJ5dGVzLWF0LWxlYXN0LTAx"
LONG_AGO = datetime.now(UTC) - timedelta(days=3)
KEY_IN_URL = "robot-key-that-nobody-may-see"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the clock and workers have, and a connection for rows."""

    runtime: Runtime
    rows: psycopg.Connection[Any]


@dataclass(slots=True, kw_only=True)
class Listener:
    """Somebody who is told: what came, and what it answers."""

    url: str
    status: int = 204
    bodies: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def said(self) -> list[tuple[str, str]]:
        """Type and kind of each that came."""
        rows = [json.loads(each) for each in self.bodies]
        return [(row["type"], row["data"]["kind"]) for row in rows]


@contextmanager
def listening() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            listener.bodies.append(body)
            listener.headers.append({k.lower(): v for k, v in self.headers.items()})
            self.send_response(listener.status)
            self.send_header("Location", listener.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener = Listener(url=f"http://127.0.0.1:{server.server_port}/{KEY_IN_URL}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
def bench(database: str, redis_url: str, listener: Listener) -> Iterator[Watch]:
    """Workers that tell by a webhook, and a worker that is alive on every queue."""
    with redis_client.Redis.from_url(redis_url) as redis:
        tell_worker(redis)
    settings = web_settings(
        database=database,
        redis_url=redis_url,
        ALERT_WEBHOOK_URL=listener.url,
        ALERT_WEBHOOK_SECRET=SECRET,
    )
    broker = make_broker(redis_url, receiver=False)
    runtime = build(settings, broker=broker, pool_size=2)
    with psycopg.connect(database, autocommit=True) as rows:
        yield Watch(runtime=runtime, rows=rows)
    runtime.pool.close()
    runtime.redis.close()
    broker.close()


def with_channels(bench: Watch, channels: AlertChannels) -> Watch:
    settings = replace(bench.runtime.settings, alerts=channels)
    return replace(bench, runtime=replace(bench.runtime, settings=settings))


def tell_worker(redis: redis_client.Redis) -> None:
    seen = int(redis.time()[0]) + 600
    about = {
        "host": "here",
        "pid": 1,
        "queues": ["events", "notices", "resync"],
        "started_at": seen - 100,
        "threads": [],
    }
    redis.hset("workers:known", "alive-1", f"{seen}:{json.dumps(about)}")


def stale(bench: Watch, corp_id: str = "wwcorp") -> int:
    return add_corp(
        bench.rows, corp_id, last_synced_at=LONG_AGO, authorised_at=LONG_AGO
    )


def look(bench: Watch, *, times: int = 1) -> None:
    """Judge, and tell whatever is due."""
    for _ in range(times):
        judge.judge(bench.runtime)
    for (delivery_id,) in bench.rows.execute(
        "SELECT delivery_id FROM alert_deliveries ORDER BY delivery_id"
    ).fetchall():
        tell.tell(bench.runtime, delivery_id)


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


@pytest.mark.parametrize("status", [200, 500])
def test_apprise_tells_and_no_key_is_kept_or_logged(
    bench: Watch,
    listener: Listener,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    listener.status = status
    url = listener.url.replace("http://", "json://")
    bench = with_channels(
        bench, AlertChannels(urls=(url,), webhook_url=None, webhook_secret=None)
    )
    stale(bench)

    look(bench)

    kept = bench.rows.execute(
        "SELECT channel, state, outcome FROM alert_deliveries"
    ).fetchall()
    outcome = ("sent", "accepted") if status == 200 else ("queued", "refused_or_away")
    assert kept == [("1: JSON", *outcome)]
    assert "Corp stale" in listener.bodies[0]
    assert "企业" in json.loads(listener.bodies[0])["title"]
    assert KEY_IN_URL not in caplog.text


def test_a_test_goes_to_every_channel_and_its_outcome_is_shown(
    database: str, redis_url: str, bench: Watch, listener: Listener
) -> None:
    urls = listener.url.replace("http://", "json://")
    given = {
        "ALERT_URLS": urls,
        "ALERT_WEBHOOK_URL": listener.url,
        "ALERT_WEBHOOK_SECRET": SECRET,
    }
    settings = web_settings(database=database, redis_url=redis_url, **given)
    with open_desk(database=database, redis_url=redis_url, **given) as desk:
        desk.post("/console/alerts/test")
        look(with_channels(bench, settings.alerts))
        page = desk.page("/console/alerts")

    assert [each for each in marks_in(page, "state") if each == "sent"] == ["sent"] * 2
    assert "webhook" in words_in(page)
    assert KEY_IN_URL not in page
    assert SECRET not in page
    assert len(listener.bodies) == 2


def test_the_api_lists_alerts_as_the_webhook_tells_them(
    database: str, redis_url: str, bench: Watch, listener: Listener
) -> None:
    stale(bench)
    look(bench)

    with open_desk(database=database, redis_url=redis_url) as desk:
        rows = desk.web.get("/alerts")
        page = desk.page("/console/alerts")

    data = json.loads(listener.bodies[0])["data"]
    assert rows["next"] is None
    assert rows["items"] == [data]
    assert marks_in(page, "kind") == ["corp_stale"]


def test_the_console_and_alerts_say_the_same(
    database: str, redis_url: str, bench: Watch
) -> None:
    corp_pk = stale(bench)
    insert(
        bench.rows,
        "gaps",
        reason="spill",
        opened_at=LONG_AGO,
    )
    bench.rows.execute("UPDATE corps SET name = 'C' WHERE corp_pk = %s", [corp_pk])
    look(bench)

    with open_desk(database=database, redis_url=redis_url) as desk:
        overview = marks_in(desk.page("/console/"), "problem")

    assert sorted(overview) == sorted(kind for kind, _, _ in kinds(bench))


@pytest.mark.parametrize(
    "given",
    [
        {"ALERT_WEBHOOK_URL": "https://hook.example/x"},
        {"ALERT_WEBHOOK_SECRET": SECRET},
        {"ALERT_WEBHOOK_URL": "https://h.example", "ALERT_WEBHOOK_SECRET": "short"},
        {"ALERT_URLS": "not-an-address"},
        {"ALERT_URLS": "wecombot://a,also not"},
    ],
    ids=str,
)
def test_channels_that_cannot_be_used_stop_the_start(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as refusal:
        web_settings(database="postgresql://a@b/c", redis_url="redis://c", **given)

    assert "ALERT_" in str(refusal.value)
    assert not any(value in str(refusal.value) for value in given.values())


def test_an_address_may_have_commas_of_its_own() -> None:
    settings = web_settings(
        database="postgresql://a@b/c",
        redis_url="redis://c",
        ALERT_URLS="mailto://u:p@h.example?to=a@h.example,b@h.example, wecombot://key",
    )

    assert len(settings.alerts.urls) == 2
    assert "wecombot" not in repr(settings)


def test_nobody_is_set_up_and_the_page_says_what_to_set(
    database: str, redis_url: str
) -> None:
    with open_desk(database=database, redis_url=redis_url) as desk:
        page = desk.page("/console/alerts")
        sent = desk.post("/console/alerts/test")

    assert "ALERT_URLS" in words_in(page)
    assert "test" not in marks_in(page, "action")
    assert sent.status_code == 409


def test_what_is_told_is_chosen_with_a_reason(database: str, redis_url: str) -> None:
    with open_desk(database=database, redis_url=redis_url) as desk:
        assert choose(desk, reason="").status_code == 400
        assert choose(desk, reason="too loud").status_code == 303
        [kept] = desk.rows.execute("SELECT act, reason, after FROM audit").fetchall()

    assert kept == ("choose_alerts", "too loud", {"told": ["gap"]})


def choose(desk: Desk, *, reason: str) -> Any:
    return desk.post("/console/alerts/kinds", kind="gap", reason=reason)
