"""One house with a console, an API and a shell, in which everything is done thrice."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from redis import Redis
from werkzeug.test import TestResponse

from manage import cli
from store.events import previews
from store.events.previews import Preview, PreviewKey, PreviewState
from store.sealing import DataKey
from tests.support.alarms import tell_worker
from tests.support.console.desk import Desk, open_desk
from tests.support.webclient import (
    BEARER,
    add_corp,
    add_event,
    add_member,
    give_key,
    insert,
    web_environment,
)

HOOK = {
    "ALERT_WEBHOOK_URL": "https://hook.example.com/x",
    "ALERT_WEBHOOK_SECRET": "whsec_" + "c2VjcmV0LW9mLTI0LWJ5dGVzLWF0LWxlYXN0LTAx",
}
# What workers do with what was ordered, so that nobody waits for them in vain.
_OBEY = (
    "UPDATE runs SET state = 'cancelled' WHERE state = 'queued' AND cause = 'plan'",
    "UPDATE runs SET state = 'done' WHERE state = 'queued'",
    "UPDATE corps SET state = 'paused' WHERE state = 'linked' AND EXISTS (SELECT FROM"
    " inbox WHERE mailbox = 'corp:' || corp_id AND kind = 'paused')",
    "UPDATE corps SET state = 'linked' WHERE state = 'paused' AND EXISTS (SELECT FROM"
    " inbox WHERE mailbox = 'corp:' || corp_id AND kind = 'resumed')",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A console, an API and a shell over the same stores."""

    desk: Desk
    environment: dict[str, str]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def send(self, path: str, **fields: str) -> TestResponse:
        """A form of the console."""
        return self.desk.post(f"/console{path}", **fields)

    def click(self, path: str, **fields: str) -> None:
        answer = self.send(path, **fields)
        assert answer.status_code == 303, answer.text

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> TestResponse:
        return self.desk.web.client.open(
            f"/api/v1{path}", method=method, json=body, headers=BEARER
        )

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        answer = self.call(method, path, body)
        assert 200 <= answer.status_code < 300, answer.text

    def type(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments, env=self.environment)

    def run(self, *arguments: str) -> None:
        result = self.type(*arguments)
        assert result.exit_code == 0, result.output

    def audit(self) -> list[dict[str, Any]]:
        """What was done, the oldest first."""
        answer = self.desk.web.get("/audit")
        return list(reversed(answer["items"]))

    def corp(self, state: str = "linked") -> str:
        """A corp of its own."""
        corp_id = f"ww{next(self.numbers)}"
        corp_pk = add_corp(self.desk.rows, corp_id, state=state)
        add_member(self.desk.rows, corp_pk, "zhang", details={"mobile": "13800000000"})
        return corp_id

    def plan(self) -> str:
        """A plan that waits, of a corp of its own."""
        corp_id, plan_id = self.corp(), f"plan-{next(self.numbers)}"
        row = self.desk.rows.execute(
            "SELECT corp_pk FROM corps WHERE corp_id = %s", [corp_id]
        ).fetchone()
        insert(
            self.desk.rows,
            "plans",
            corp_pk=row[0],
            plan_id=plan_id,
            kind="members",
            hash="h",
        )
        return plan_id

    def failed(self) -> int:
        return add_event(self.desk.rows, "corp:wwcorp", "failed", error="TypeError")

    def batch(self) -> str:
        """A dry run that counted one event."""
        self.failed()
        answer = self.call("POST", "/retry-batches", {"query": "error:TypeError"})
        return str(answer.get_json()["batch_id"])


@contextmanager
def open_house(*, database: str, redis_url: str) -> Iterator[House]:
    """That house; its workers obey."""
    with (
        open_desk(database=database, redis_url=redis_url, **HOOK) as desk,
        _obedient(database),
    ):
        environment = web_environment(database=database, redis_url=redis_url, **HOOK)
        tell_worker(desk.web.app.extensions["sync-services"].redis)
        corp_pk = add_corp(desk.rows, "wwcorp")
        give_key(desk.rows, corp_pk)
        add_member(desk.rows, corp_pk, "zhang", details={"mobile": "13800000000"})
        desk.rows.execute(
            "INSERT INTO operators (name, token_hash, role)"
            " VALUES ('li', '\\x00', 'operator')"
        )
        yield House(desk=desk, environment=environment)


@contextmanager
def _obedient(database: str) -> Iterator[None]:
    ended = threading.Event()

    def obey() -> None:
        with psycopg.connect(database, autocommit=True) as rows:
            while not ended.wait(0.02):
                for statement in _OBEY:
                    rows.execute(statement)

    worker = threading.Thread(target=obey)
    worker.start()
    try:
        yield
    finally:
        ended.set()
        worker.join()


def corp_way(act: str) -> Callable[[House], None]:
    """A corp is paused or resumed, one for each way."""

    def do(house: House) -> None:
        corps = [house.corp("linked" if act == "pause" else "paused") for _ in range(3)]
        house.click(f"/corps/{corps[0]}/{act}", reason="why")
        house.ask("POST", f"/corps/{corps[1]}/{act}?reason=why")
        house.run(act, corps[2], "--reason", "why")

    return do


def run_way(act: str) -> Callable[[House], None]:
    """A full read is asked for, or what it would do."""

    def do(house: House) -> None:
        house.click(f"/corps/wwcorp/{act}", reason="why")
        # A plan that nobody makes is told as that; that it was asked for stays.
        house.call("POST", f"/corps/wwcorp/{act}?reason=why")
        house.type(act, "wwcorp", "--reason", "why")

    return do


def plan_way(act: str) -> Callable[[House], None]:
    """A plan is decided, one for each way."""

    def do(house: House) -> None:
        plans = [house.plan() for _ in range(3)]
        house.click(f"/plans/{plans[0]}/{act}", reason="why", hash="h")
        if act == "approve":
            body = {"hash": "h", "reason": "why"}
            house.ask("POST", f"/plans/{plans[1]}/approve", body)
        else:
            house.ask("POST", f"/plans/{plans[1]}/reject?reason=why")
        house.run(act, plans[2], "--reason", "why")

    return do


def retried(house: House) -> None:
    house.click(f"/events/{house.failed()}/retry", reason="why")
    house.ask("POST", f"/events/{house.failed()}/retry?reason=why")
    house.run("retry", str(house.failed()), "--reason", "why")


def started(house: House) -> None:
    ready = [house.batch() for _ in range(3)]
    # Each counts the same.
    house.desk.rows.execute("UPDATE retry_batches SET matching = 3")
    house.click(f"/events/batches/{ready[0]}/start", reason="why")
    house.ask("POST", f"/retry-batches/{ready[1]}/start", {"reason": "why"})
    house.run("start-retries", ready[2], "--reason", "why")


def stopped(house: House) -> None:
    ready = [house.batch() for _ in range(3)]
    house.click(f"/events/batches/{ready[0]}/stop", reason="why")
    house.ask("POST", f"/retry-batches/{ready[1]}/stop?reason=why")
    house.run("stop-retries", ready[2], "--reason", "why")


def rebuilt(house: House) -> None:
    house.click("/queues/rebuild", reason="why")
    house.ask("POST", "/queues/rebuild?reason=why")
    house.run("rebuild-bell", "--reason", "why")


def drained(house: House) -> None:
    _tell_worker(house, "drain")


def let_go_on(house: House) -> None:
    redis = house.desk.web.app.extensions["sync-services"].redis
    redis.hset("workers:drained", "alive-1", "1")
    _tell_worker(house, "resume")


def _tell_worker(house: House, act: str) -> None:
    redis = house.desk.web.app.extensions["sync-services"].redis
    stood = redis.hgetall("workers:drained")

    def as_before() -> None:
        redis.delete("workers:drained")
        if stood:
            redis.hset("workers:drained", mapping=stood)

    house.click(f"/queues/workers/alive-1/{act}", reason="why")
    as_before()
    if act == "drain":
        house.ask("POST", "/workers/alive-1/drain", {"reason": "why"})
    else:
        house.ask("POST", "/workers/alive-1/resume?reason=why")
    as_before()
    house.run(f"{act}-worker", "alive-1", "--reason", "why")


def given_a_role(house: House) -> None:
    house.click("/operators/li/role", role="viewer", reason="why")
    house.desk.rows.execute("UPDATE operators SET role = 'operator'")
    house.ask("PUT", "/operators/li/role", {"role": "viewer", "reason": "why"})
    house.desk.rows.execute("UPDATE operators SET role = 'operator'")
    house.run("set-role", "li", "viewer", "--reason", "why")


def signed_out(house: House) -> None:
    house.click("/operators/li/stop", reason="why")
    house.ask("POST", "/operators/li/end-sessions", {"reason": "why"})
    house.run("end-sessions", "li", "--reason", "why")


def guest_signed_out(house: House) -> None:
    subject = "0" * 64
    house.click("/operators/guests/stop", subject=subject, reason="why")
    house.ask(
        "POST", "/operators/guests/end-sessions", {"subject": subject, "reason": "why"}
    )
    house.run("end-sessions", "--subject", subject, "--reason", "why")


def chosen(house: House) -> None:
    everything = house.desk.web.get("/alert-settings")["told"]
    for way in range(3):
        if way == 0:
            house.click("/alerts/kinds", kind="gap", reason="why")
        elif way == 1:
            house.ask("PUT", "/alert-settings", {"told": ["gap"], "reason": "why"})
        else:
            house.run("alert-kinds", "--tell", "gap", "--reason", "why")
        house.desk.rows.execute(
            "UPDATE alert_switches SET is_told = kind = ANY(%s)", [everything]
        )


def tested(house: House) -> None:
    house.click("/alerts/test", reason="why")
    house.ask("POST", "/alerts/test", {"reason": "why"})
    house.run("test-alerts", "--reason", "why")


def revealed(house: House) -> None:
    house.click("/corps/wwcorp/reveal", userid="zhang", reason="why")
    house.ask("POST", "/corps/wwcorp/members/zhang/reveal", {"reason": "why"})
    house.run("reveal", "wwcorp", "zhang", "--reason", "why")


def member_asked_about(house: House) -> None:
    house.click("/corps/wwcorp/resync-person", userid="zhang", reason="why")
    house.ask("POST", "/corps/wwcorp/members/zhang/resync?reason=why")
    house.run("resync-member", "wwcorp", "zhang", "--reason", "why")


def taken_along(house: House) -> None:
    house.failed()
    asked = {"q": "state:failed", "format": "json", "reason": "why"}
    assert house.send("/export/events", **asked).status_code == 200
    body = {
        "kind": "events",
        "query": "state:failed",
        "format": "json",
        "reason": "why",
    }
    house.ask("POST", "/exports", body)
    line = ["export", "events", "--query", "state:failed", "--format", "json"]
    house.run(*line, "--reason", "why")


def given_up(house: House) -> None:
    house.click(f"/events/{house.failed()}/discard", reason="why")
    house.ask("POST", f"/events/{house.failed()}/discard", {"reason": "why"})
    house.run("discard", str(house.failed()), "--reason", "why")


def foreseen(house: House) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(previews, "ask", answer_at_once)
        house.click("/corps/wwcorp/preview-person", userid="zhang", reason="why")
        house.ask("POST", "/corps/wwcorp/members/zhang/preview?reason=why")
        house.run("preview-member", "wwcorp", "zhang", "--reason", "why")


def answer_at_once(
    redis: Redis, data_key: DataKey, key: PreviewKey, *, userid: str, by: str
) -> bool:
    """A worker that needs no time."""
    told = Preview(
        userid=userid,
        asked_at=datetime.now(UTC),
        asked_by=by,
        state=PreviewState.ANSWERED,
        outcome="no_difference",
    )
    previews.answer(redis, data_key, key, told)
    return True
