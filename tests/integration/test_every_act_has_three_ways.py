"""Whatever the console does, the API and the shell do, and the audit says it alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from redis import Redis

from manage import cli
from store.events import previews
from store.events.previews import Preview, PreviewKey, PreviewState
from store.sealing import DataKey
from tests.support.alarms import tell_worker
from tests.support.desk import Desk, open_desk
from tests.support.webclient import (
    BEARER,
    add_corp,
    add_event,
    add_member,
    give_key,
    web_environment,
)

HOOK = {
    "ALERT_WEBHOOK_URL": "https://hook.example.com/x",
    "ALERT_WEBHOOK_SECRET": "whsec_" + "c2VjcmV0LW9mLTI0LWJ5dGVzLWF0LWxlYXN0LTAx",
}
# Each act of the console: how the API calls it, and how the shell does.
WAYS = {
    "approve_plan": ("POST /plans/<plan_id>/approve", "approve"),
    "reject_plan": ("POST /plans/<plan_id>/reject", "reject"),
    "pause_corp": ("POST /corps/<corp_id>/pause", "pause"),
    "resume_corp": ("POST /corps/<corp_id>/resume", "resume"),
    "resync_corp": ("POST /corps/<corp_id>/resync", "resync"),
    "plan_corp": ("POST /corps/<corp_id>/plan", "plan"),
    "resync_person": (
        "POST /corps/<corp_id>/members/<userid>/resync",
        "resync-member",
    ),
    "preview_person": (
        "POST /corps/<corp_id>/members/<userid>/preview",
        "preview-member",
    ),
    "reveal_contact": ("POST /corps/<corp_id>/members/<userid>/reveal", "reveal"),
    "retry_event": ("POST /events/<event_id>/retry", "retry"),
    "retry_matching": ("POST /retry-batches", "retry-matching"),
    "start_batch": ("POST /retry-batches/<batch_id>/start", "start-retries"),
    "stop_batch": ("POST /retry-batches/<batch_id>/stop", "stop-retries"),
    "rebuild_bell": ("POST /queues/rebuild", "rebuild-bell"),
    "drain_worker": ("POST /workers/<worker_id>/drain", "drain-worker"),
    "resume_worker": ("POST /workers/<worker_id>/resume", "resume-worker"),
    "set_role": ("PUT /operators/<name>/role", "set-role"),
    "end_sessions": ("POST /operators/<name>/end-sessions", "end-sessions"),
    "end_guest_sessions": ("POST /operators/guests/end-sessions", "end-sessions"),
    "choose_kinds": ("PUT /alert-settings", "alert-kinds"),
    "test_channels": ("POST /alerts/test", "test-alerts"),
}
# What is no act upon the product: one's own way in and out.
OWN = {"open_session", "close_session"}
# What the console only shows, and verifies again by being looked at.
SHOWN = {
    "console.list_refused": ("GET /refused", "refused"),
    "console.list_operators": ("GET /operators", "list-operators"),
    "console.list_alerts": ("GET /alert-settings", "alert-kinds"),
    "console.list_audit": ("GET /audit", "verify-audit"),
    "console.show_queues": ("GET /workers", "list-workers"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A console, an API and a shell over the same stores."""

    desk: Desk
    environment: dict[str, str]

    def click(self, path: str, **fields: str) -> None:
        answer = self.desk.post(f"/console{path}", **fields)
        assert answer.status_code == 303, answer.text

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        answer = self.desk.web.client.open(
            f"/api/v1{path}", method=method, json=body, headers=BEARER
        )
        assert 200 <= answer.status_code < 300, answer.text

    def run(self, *arguments: str) -> None:
        result = CliRunner().invoke(cli, arguments, env=self.environment)
        assert result.exit_code == 0, result.output

    def audit(self) -> list[dict[str, Any]]:
        answer = self.desk.web.get("/audit")
        return list(reversed(answer["items"]))


@pytest.fixture
def house(database: str, redis_url: str) -> Iterator[House]:
    with open_desk(database=database, redis_url=redis_url, **HOOK) as desk:
        environment = web_environment(database=database, redis_url=redis_url, **HOOK)
        tell_worker(desk.web.app.extensions["sync-services"].redis)
        corp_pk = add_corp(desk.rows, "wwcorp")
        give_key(desk.rows, corp_pk)
        add_member(desk.rows, corp_pk, "zhang", details='{"mobile": "13800000000"}')
        desk.rows.execute(
            "INSERT INTO operators (name, token_hash, role)"
            " VALUES ('li', '\\x00', 'operator')"
        )
        yield House(desk=desk, environment=environment)


def test_every_post_of_the_console_has_a_way_by_api_and_shell(house: House) -> None:
    rules = list(house.desk.web.app.url_map.iter_rules())
    posts = {
        rule.endpoint.removeprefix("console.")
        for rule in rules
        if rule.rule.startswith("/console") and "POST" in (rule.methods or set())
    }
    calls = {
        f"{method} {rule.rule.removeprefix('/api/v1')}"
        for rule in rules
        if rule.rule.startswith("/api/v1")
        for method in rule.methods or set()
    }

    assert posts - OWN == WAYS.keys()
    ways = [*WAYS.values(), *SHOWN.values()]
    assert {api for api, _ in ways} - calls == set()
    assert {shell for _, shell in ways} - cli.commands.keys() == set()
    assert SHOWN.keys() <= {rule.endpoint for rule in rules}


Act = Callable[[House], None]


def failed(house: House) -> int:
    return add_event(house.desk.rows, "corp:wwcorp", "failed", error="TypeError")


def batch(house: House) -> str:
    answer = house.desk.web.client.post(
        "/api/v1/retry-batches", json={"query": "error:TypeError"}, headers=BEARER
    )
    return str(answer.get_json()["batch_id"])


def retried(house: House) -> None:
    house.click(f"/events/{failed(house)}/retry", reason="why")
    house.ask("POST", f"/events/{failed(house)}/retry?reason=why")
    house.run("retry", str(failed(house)), "--reason", "why")


def started(house: House) -> None:
    failed(house)
    house.click(f"/events/batches/{batch(house)}/start", reason="why")
    house.ask("POST", f"/retry-batches/{batch(house)}/start", {"reason": "why"})
    house.run("start-retries", batch(house), "--reason", "why")


def stopped(house: House) -> None:
    failed(house)
    ready = [batch(house) for _ in range(3)]
    house.click(f"/events/batches/{ready[0]}/stop", reason="why")
    house.ask("POST", f"/retry-batches/{ready[1]}/stop?reason=why")
    house.run("stop-retries", ready[2], "--reason", "why")


def rebuilt(house: House) -> None:
    house.click("/queues/rebuild", reason="why")
    house.ask("POST", "/queues/rebuild?reason=why")
    house.run("rebuild-bell", "--reason", "why")


def drained(house: House) -> None:
    house.click("/queues/workers/alive-1/drain", reason="why")
    house.ask("POST", "/workers/alive-1/drain", {"reason": "why"})
    house.run("drain-worker", "alive-1", "--reason", "why")


def given_a_role(house: House) -> None:
    house.click("/operators/li/role", role="viewer", reason="why")
    house.ask("PUT", "/operators/li/role", {"role": "operator", "reason": "why"})
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
    house.click("/alerts/kinds", kind="gap", reason="why")
    house.ask("PUT", "/alert-settings", {"told": ["gap"], "reason": "why"})
    house.run("alert-kinds", "--tell", "gap", "--reason", "why")


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


@pytest.mark.parametrize(
    ("act", "do"),
    [
        ("retry", retried),
        ("retry_matching", started),
        ("stop_retries", stopped),
        ("rebuild", rebuilt),
        ("drain", drained),
        ("set_role", given_a_role),
        ("end_sessions", signed_out),
        ("end_sessions", guest_signed_out),
        ("choose_alerts", chosen),
        ("test_alerts", tested),
        ("reveal", revealed),
        ("resync", member_asked_about),
        ("preview", foreseen),
    ],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_an_act_is_in_the_audit_alike_by_whatever_way(
    house: House, act: str, do: Act
) -> None:
    do(house)

    by_desk, by_api, by_shell = [each for each in house.audit() if each["act"] == act]
    assert [each["actor"] for each in (by_desk, by_api, by_shell)] == [
        "operator",
        "api",
        "cli",
    ]
    assert {each["role"] for each in (by_desk, by_api, by_shell)} == {"admin"}
    assert {each["reason"] for each in (by_desk, by_api, by_shell)} == {"why"}
    kinds = {each["target"].partition(":")[0] for each in (by_desk, by_api, by_shell)}
    assert len(kinds) == 1


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/queues/rebuild", {}),
        ("/queues/workers/alive-1/drain", {}),
        ("/operators/li/role", {"role": "viewer"}),
        ("/operators/li/stop", {}),
        ("/alerts/kinds", {"kind": "gap"}),
        ("/corps/wwcorp/reveal", {"userid": "zhang"}),
        ("/corps/wwcorp/pause", {}),
    ],
)
def test_what_is_dangerous_is_not_done_without_a_reason(
    house: House, path: str, fields: dict[str, str]
) -> None:
    answer = house.desk.post(f"/console{path}", **fields)

    assert answer.status_code == 400
    assert house.audit() == []


def test_what_is_revealed_by_the_api_is_kept_by_nobody(house: House) -> None:
    answer = house.desk.web.client.post(
        "/api/v1/corps/wwcorp/members/zhang/reveal",
        json={"reason": "why"},
        headers=BEARER,
    )

    assert answer.get_json()["items"] == [
        {"name": "mobile", "value": "13800000000", "source": "wecom"}
    ]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "13800000000" not in str(house.audit())
