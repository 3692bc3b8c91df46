"""Whatever the console does, the API and the shell do, and the audit says it alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from domain.roles import Role
from manage import cli
from tests.support.console import three_ways as ways
from tests.support.console.desk import as_role, csrf_in
from tests.support.console.three_ways import House, open_house
from tests.support.driving import address_of

OPERATOR, ADMIN = Role.OPERATOR, Role.ADMIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """How the API and the shell do what a form of the console does.

    Shape: `kept` is its name in the audit, empty for what changes nothing; `do` does it
        by each way once, in the order console, API, shell; `least` may do it.
    """

    api: str
    command: str
    kept: str = ""
    do: Callable[[House], None] | None = None
    least: Role = OPERATOR


# Each form of the console, by the name of its route.
ACTS = {
    "approve_plan": Act(
        api="POST /plans/<plan_id>/approve",
        command="approve",
        kept="approve",
        do=ways.plan_way("approve"),
    ),
    "reject_plan": Act(
        api="POST /plans/<plan_id>/reject",
        command="reject",
        kept="reject",
        do=ways.plan_way("reject"),
    ),
    "pause_corp": Act(
        api="POST /corps/<corp_id>/pause",
        command="pause",
        kept="pause",
        do=ways.corp_way("pause"),
    ),
    "resume_corp": Act(
        api="POST /corps/<corp_id>/resume",
        command="resume",
        kept="resume",
        do=ways.corp_way("resume"),
    ),
    "resync_corp": Act(
        api="POST /corps/<corp_id>/resync",
        command="resync",
        kept="resync",
        do=ways.run_way("resync"),
    ),
    "plan_corp": Act(
        api="POST /corps/<corp_id>/plan",
        command="plan",
        kept="plan",
        do=ways.run_way("plan"),
    ),
    "resync_person": Act(
        api="POST /corps/<corp_id>/members/<userid>/resync",
        command="resync-member",
        kept="resync",
        do=ways.member_asked_about,
    ),
    "preview_person": Act(
        api="POST /corps/<corp_id>/members/<userid>/preview",
        command="preview-member",
        kept="preview",
        do=ways.foreseen,
    ),
    "reveal_contact": Act(
        api="POST /corps/<corp_id>/members/<userid>/reveal",
        command="reveal",
        kept="reveal",
        do=ways.revealed,
    ),
    "retry_event": Act(
        api="POST /events/<event_id>/retry",
        command="retry",
        kept="retry",
        do=ways.retried,
    ),
    "discard_event": Act(
        api="POST /events/<event_id>/discard",
        command="discard",
        kept="discard",
        do=ways.given_up,
    ),
    "retry_matching": Act(api="POST /retry-batches", command="retry-matching"),
    "start_batch": Act(
        api="POST /retry-batches/<batch_id>/start",
        command="start-retries",
        kept="retry_matching",
        do=ways.started,
    ),
    "stop_batch": Act(
        api="POST /retry-batches/<batch_id>/stop",
        command="stop-retries",
        kept="stop_retries",
        do=ways.stopped,
    ),
    "rebuild_bell": Act(
        api="POST /queues/rebuild",
        command="rebuild-bell",
        kept="rebuild",
        do=ways.rebuilt,
    ),
    "drain_worker": Act(
        api="POST /workers/<worker_id>/drain",
        command="drain-worker",
        kept="drain",
        do=ways.drained,
    ),
    "resume_worker": Act(
        api="POST /workers/<worker_id>/resume",
        command="resume-worker",
        kept="resume",
        do=ways.let_go_on,
    ),
    "export_list": Act(
        api="POST /exports",
        command="export",
        kept="export",
        do=ways.taken_along,
    ),
    "set_role": Act(
        api="PUT /operators/<name>/role",
        command="set-role",
        kept="set_role",
        do=ways.given_a_role,
        least=ADMIN,
    ),
    "end_sessions": Act(
        api="POST /operators/<name>/end-sessions",
        command="end-sessions",
        kept="end_sessions",
        do=ways.signed_out,
        least=ADMIN,
    ),
    "end_guest_sessions": Act(
        api="POST /operators/guests/end-sessions",
        command="end-sessions",
        kept="end_sessions",
        do=ways.guest_signed_out,
        least=ADMIN,
    ),
    "choose_kinds": Act(
        api="PUT /alert-settings",
        command="alert-kinds",
        kept="choose_alerts",
        do=ways.chosen,
    ),
    "test_channels": Act(
        api="POST /alerts/test",
        command="test-alerts",
        kept="test_alerts",
        do=ways.tested,
    ),
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
# Of each way its own: which run or piece of mail it became, how long it is shown.
OWN_OF_EACH = {"run_id", "event_id", "seconds"}
NAMES = {
    "corp_id": "wwcorp",
    "userid": "zhang",
    "plan_id": "plan-a",
    "event_id": "1",
    "batch_id": "batch-1",
    "worker_id": "alive-1",
    "kind": "events",
    "name": "li",
}


@pytest.fixture
def house(database: str, redis_url: str) -> Iterator[House]:
    with open_house(database=database, redis_url=redis_url) as house:
        yield house


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

    assert posts - OWN == ACTS.keys()
    wanted = [*((act.api, act.command) for act in ACTS.values()), *SHOWN.values()]
    assert {api for api, _ in wanted} - calls == set()
    assert {shell for _, shell in wanted} - cli.commands.keys() == set()
    assert SHOWN.keys() <= {rule.endpoint for rule in rules}
    # Whatever changes something is compared below.
    assert [name for name, act in ACTS.items() if not act.do] == ["retry_matching"]


@pytest.mark.parametrize("name", [name for name, act in ACTS.items() if act.do])
def test_an_act_is_in_the_audit_alike_by_whatever_way(house: House, name: str) -> None:
    act = ACTS[name]
    assert act.do is not None

    act.do(house)

    kept = [each for each in house.audit() if each["act"] == act.kept]
    assert [each["actor"] for each in kept] == ["operator", "api", "cli"]
    assert {each["role"] for each in kept} == {"admin"}
    assert {each["reason"] for each in kept} == {"why"}
    assert len({each["target"].partition(":")[0] for each in kept}) == 1
    # Whose corp it was decides by which key it is sealed.
    assert len({each["corp_id"] is None for each in kept}) == 1
    for side in ("before", "after"):
        assert len({frozenset(each[side]) for each in kept}) == 1, kept
        told = [
            {key: value for key, value in each[side].items() if key not in OWN_OF_EACH}
            for each in kept
        ]
        assert told[0] == told[1] == told[2]
    # What only looks ahead leaves nothing behind it.
    assert all(each["after"] for each in kept) or name == "preview_person"


def test_a_count_of_what_would_be_retried_is_no_act_by_whatever_way(
    house: House,
) -> None:
    house.failed()

    house.click("/events/retry-matching", q="state:failed")
    house.ask("POST", "/retry-batches", {"query": "state:failed"})
    house.run("retry-matching", "state:failed")

    assert house.audit() == []
    counted = house.desk.rows.execute("SELECT matching, state FROM retry_batches")
    assert counted.fetchall() == [(1, "ready")] * 3


def test_no_form_is_heeded_from_a_role_that_is_too_small(house: House) -> None:
    roles = list(Role)
    visitors = {
        role: as_role(house.desk.web, role, name=f"{role}-1") for role in roles[:-1]
    }
    tokens = {
        role: csrf_in(visitor.page("/console/")) for role, visitor in visitors.items()
    }
    rules = {rule.endpoint: rule for rule in house.desk.web.app.url_map.iter_rules()}

    heeded = [
        (name, role)
        for name, act in ACTS.items()
        for role in roles[: roles.index(act.least)]
        if visitors[role]
        .web.client.post(
            address_of(rules[f"console.{name}"], NAMES),
            data={"csrf_token": tokens[role], "reason": "why"},
        )
        .status_code
        != 403
    ]

    assert heeded == []
    assert house.audit() == []


@pytest.mark.parametrize("bearer", [{}, {"Authorization": "Bearer of-somebody-else"}])
def test_no_call_is_heeded_without_the_bearer(
    house: House, bearer: dict[str, str]
) -> None:
    stranger = house.desk.web.app.test_client()

    heeded = []
    for act in ACTS.values():
        method, _, path = act.api.partition(" ")
        for word, value in NAMES.items():
            path = path.replace(f"<{word}>", value)
        answer = stranger.open(
            f"/api/v1{path}", method=method, json={"reason": "why"}, headers=bearer
        )
        # Ten wrong tokens a minute are all that is looked at.
        if answer.status_code not in {401, 429}:
            heeded.append(act.api)

    assert heeded == []
    assert house.audit() == []


def test_no_command_is_heeded_without_the_keys(house: House) -> None:
    without_keys = {**house.environment, "SECRET_KEYS": ""}

    for command in {act.command for act in ACTS.values()}:
        refused = CliRunner().invoke(
            cli, [command, *_arguments(command)], env=without_keys
        )
        assert refused.exit_code != 0, command
        assert "SECRET_KEYS" in refused.output, command

    assert house.audit() == []


def _arguments(command: str) -> list[str]:
    """What the command needs to be whole."""
    reason = ["--reason", "why"]
    return {
        "approve": ["plan-a", *reason],
        "reject": ["plan-a", *reason],
        "pause": ["wwcorp", *reason],
        "resume": ["wwcorp", *reason],
        "resync": ["wwcorp", *reason],
        "plan": ["wwcorp", *reason],
        "resync-member": ["wwcorp", "zhang", *reason],
        "preview-member": ["wwcorp", "zhang", *reason],
        "reveal": ["wwcorp", "zhang", *reason],
        "retry": ["1", *reason],
        "discard": ["1", *reason],
        "retry-matching": ["state:failed", "--start", *reason],
        "start-retries": ["batch-1", *reason],
        "stop-retries": ["batch-1", *reason],
        "rebuild-bell": reason,
        "drain-worker": ["alive-1", *reason],
        "resume-worker": ["alive-1", *reason],
        "export": ["events", *reason],
        "set-role": ["li", "viewer", *reason],
        "end-sessions": ["li", *reason],
        "alert-kinds": ["--tell", "gap", *reason],
        "test-alerts": reason,
    }[command]


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
    answer = house.send(path, **fields)

    assert answer.status_code == 400
    assert house.audit() == []


def test_what_is_revealed_by_the_api_is_kept_by_nobody(house: House) -> None:
    answer = house.call("POST", "/corps/wwcorp/members/zhang/reveal", {"reason": "why"})

    assert answer.get_json()["items"] == [
        {"name": "mobile", "value": "13800000000", "source": "wecom"}
    ]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "13800000000" not in str(house.audit())


def test_a_person_of_a_paused_corp_is_asked_about_by_no_way(house: House) -> None:
    corp_id = house.corp("paused")

    by_desk = house.send(f"/corps/{corp_id}/resync-person", userid="zhang", reason="x")
    by_api = house.call("POST", f"/corps/{corp_id}/members/zhang/resync?reason=x")
    by_shell = house.type("resync-member", corp_id, "zhang", "--reason", "x")

    assert (by_desk.status_code, by_api.status_code) == (409, 409)
    assert by_shell.exit_code == 1
    assert house.audit() == []
