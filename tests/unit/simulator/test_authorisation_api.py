"""Tokens, tickets, codes: what is handed out and when it stops being good."""

from typing import Any

import pytest

from simulator.org.grant import AuthMode
from simulator.tokens import Paper
from tests.unit.simulator.staging import ANN, CONFIG, SALES, Stage

SUITE_ID = CONFIG.suite.suite_id


def suite_token(stage: Stage, **changes: str) -> Any:
    ticket = stage.world.papers.issue(Paper.SUITE_TICKET, owner=SUITE_ID).value
    body = {
        "suite_id": SUITE_ID,
        "suite_secret": "suite-secret",
        "suite_ticket": ticket,
        **changes,
    }
    return stage.client.post("/cgi-bin/service/get_suite_token", json=body).get_json()


def test_token_calls_carry_no_errcode_on_success(stage: Stage) -> None:
    answer = suite_token(stage)

    assert answer.keys() == {"suite_access_token", "expires_in"}
    assert answer["expires_in"] == 7200


def test_a_newer_ticket_gives_the_same_token(stage: Stage) -> None:
    assert suite_token(stage) == suite_token(stage)


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"suite_id": "other"}, 40083),
        ({"suite_secret": "other"}, 40080),
        ({"suite_ticket": "other"}, 40085),
        ({"suite_ticket": ""}, 41023),
    ],
)
def test_a_suite_token_needs_id_secret_and_ticket(
    stage: Stage, changes: dict[str, str], errcode: int
) -> None:
    assert suite_token(stage, **changes)["errcode"] == errcode


def test_a_ticket_ends_after_thirty_minutes(stage: Stage) -> None:
    ticket = stage.world.papers.issue(Paper.SUITE_TICKET, owner=SUITE_ID).value
    stage.world.clock_offset += 1801

    assert suite_token(stage, suite_ticket=ticket)["errcode"] == 40085


def test_a_code_is_exchanged_once(stage: Stage) -> None:
    code = stage.install(state="s1")

    first = stage.post_suite("service/v2/get_permanent_code", auth_code=code)
    second = stage.post_suite("service/v2/get_permanent_code", auth_code=code)
    short = stage.post_suite("service/v2/get_permanent_code", auth_code="short")

    assert first["auth_corp_info"] == {"corpid": "wpCorpA", "corp_name": "星河"}
    assert first["auth_user_info"]["userid"] == ANN
    assert first["state"] == "s1"
    assert "access_token" not in first
    assert "auth_info" not in first
    assert (second["errcode"], short["errcode"]) == (40078, 40058)


def test_the_installer_may_be_missing(stage: Stage) -> None:
    stage.corp.tells_installer = False
    code = stage.install()

    answer = stage.post_suite("service/v2/get_permanent_code", auth_code=code)

    assert "auth_user_info" not in answer


def test_the_older_exchange_brings_token_and_scope(stage: Stage) -> None:
    code = stage.install(allow_party=[SALES])

    answer = stage.post_suite("service/get_permanent_code", auth_code=code)

    [agent] = answer["auth_info"]["agent"]
    assert answer["access_token"] == stage.corp_token()
    assert agent["privilege"]["allow_party"] == [SALES]


def test_auth_info_shows_nodes_and_level_by_mode(stage: Stage) -> None:
    stage.install(allow_party=[SALES], extra_user=[ANN])
    assert stage.corp.agent is not None
    asked = {
        "auth_corpid": stage.corp.corp_id,
        "permanent_code": stage.corp.agent.permanent_code,
    }

    admin = stage.post_suite("service/v2/get_auth_info", **asked)
    stage.act("set-auth-mode", auth_mode=int(AuthMode.MEMBER), self_authorised=[ANN])
    single = stage.post_suite("service/v2/get_auth_info", **asked)

    seen = [one["auth_info"]["agent"][0] for one in (admin, single)]
    assert [one["auth_mode"] for one in seen] == [0, 1]
    assert [one["privilege"]["level"] for one in seen] == [1, 4]
    assert seen[0]["privilege"]["extra_user"] == [ANN]


def test_an_ended_authorisation_is_refused_in_every_way(stage: Stage) -> None:
    stage.install()
    assert stage.corp.agent is not None
    asked = {
        "auth_corpid": stage.corp.corp_id,
        "permanent_code": stage.corp.agent.permanent_code,
    }

    stage.act("uninstall")

    assert stage.post_suite("service/v2/get_auth_info", **asked)["errcode"] == 40084
    assert stage.post_suite("service/get_corp_token", **asked)["errcode"] == 40084
    assert stage.get("department/simplelist")["errcode"] == 48004


@pytest.mark.parametrize(
    ("query", "errcode"), [({}, 41001), ({"access_token": "made-up"}, 40014)]
)
def test_a_call_without_a_good_token_is_refused_with_http_200(
    stage: Stage, query: dict[str, str], errcode: int
) -> None:
    answer = stage.client.get("/cgi-bin/user/get", query_string=query)

    assert answer.status_code == 200
    assert answer.get_json()["errcode"] == errcode


def test_expired_and_forgotten_tokens_differ(stage: Stage) -> None:
    stage.install()
    token, query = stage.corp_token(), {"userid": ANN}
    codes = []

    for forget in (False, True):
        stage.world.papers.end(Paper.CORP_TOKEN, owner=None, forget=forget)
        answer = stage.client.get(
            "/cgi-bin/user/get", query_string={**query, "access_token": token}
        )
        codes.append(answer.get_json()["errcode"])

    assert codes == [42001, 40014]


def test_an_app_closed_for_disuse_may_not_call_until_reopened(stage: Stage) -> None:
    stage.install()

    stage.act("report-activity", event="close_inactive_agent")
    closed = stage.get("user/get", userid=ANN)["errcode"]
    stage.act("report-activity", event="reopen_inactive_agent")

    assert (closed, stage.get("user/get", userid=ANN)["errcode"]) == (48006, 0)


def test_a_get_where_a_post_is_due_is_no_405(stage: Stage) -> None:
    stage.install()

    assert stage.get("agent/get_permissions")["errcode"] == 40058
