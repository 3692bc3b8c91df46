"""TAPD's API as documented, quirks included."""

import base64
from http import HTTPStatus
from typing import Any

import pytest
from werkzeug.test import TestResponse

from simulator.faults import Kind
from simulator.tapd.people import Account, Company
from simulator.tokens import Paper
from tests.unit.simulator.staging import CONFIG, Stage

APP = CONFIG.tapd_app
BACK = "http://app.invalid/tapd/done"


@pytest.fixture
def company(stage: Stage) -> Company:
    """A company with its admin and one more."""
    tapd = stage.world.tapd
    company = tapd.found(name="星河", company_id="20001")
    lei = tapd.register(account_id="7", nick="lei", name="雷", mobile="13900000007")
    tapd.join(company, lei, at=0, admin=True)
    han = tapd.register(nick="han", name="韩", email="han@example.com")
    tapd.join(company, han, at=0)
    return company


def basic(secret: str = APP.secret) -> dict[str, str]:
    pair = base64.b64encode(f"{APP.client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def get(stage: Stage, path: str, headers: Any = None, **query: str) -> TestResponse:
    return stage.client.get(f"/tapd-api/{path}", query_string=query, headers=headers)


def exchange(stage: Stage, secret: str = APP.secret, **form: str) -> TestResponse:
    return stage.client.post(
        "/tapd-api/tokens/request_token", data=form, headers=basic(secret)
    )


def code_for(stage: Stage, account: Account) -> str:
    return stage.world.papers.issue(
        Paper.TAPD_CODE,
        owner=account.account_id,
        redirect_uri=BACK,
        scope="user",
        resource={"type": "user"},
    ).value


def user_token(stage: Stage) -> str:
    form = {"code": code_for(stage, stage.world.tapd.accounts["7"])}
    answer = exchange(stage, grant_type="authorization_code", redirect_uri=BACK, **form)
    token: str = answer.get_json()["data"]["access_token"]
    return token


def test_a_code_is_a_token_once(stage: Stage, company: Company) -> None:
    code = code_for(stage, stage.world.tapd.accounts["7"])
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code": code}

    first, second = exchange(stage, **form), exchange(stage, **form)

    told = first.get_json()
    assert (told["status"], told["info"]) == (1, "success")
    assert told["data"]["token_type"] == "Bearer"
    assert told["data"]["expires_in"] == 7200
    assert second.status_code == second.get_json()["status"] == 422
    assert second.get_json()["meta"]["request_id"]


def test_a_code_is_bound_to_its_address_and_five_minutes(
    stage: Stage, company: Company
) -> None:
    form = {"grant_type": "authorization_code", "redirect_uri": BACK}
    lei = stage.world.tapd.accounts["7"]
    elsewhere = {**form, "redirect_uri": f"{BACK}/"}

    wrong = exchange(stage, **elsewhere, code=code_for(stage, lei))
    late = code_for(stage, lei)
    stage.world.clock_offset += 301
    expired = exchange(stage, **form, code=late)

    assert [wrong.status_code, expired.status_code] == [422, 422]


def test_a_user_token_tells_who_it_is_without_a_mobile(
    stage: Stage, company: Company
) -> None:
    bearer = {"Authorization": f"Bearer {user_token(stage)}"}

    told = get(stage, "users/info", bearer).get_json()["data"]

    assert (told["id"], told["nick"]) == ("7", "lei")
    assert "mobile" not in told


def test_a_bad_token_is_422_and_a_bad_secret_401(
    stage: Stage, company: Company
) -> None:
    bad = get(stage, "users/info", {"Authorization": "Bearer made-up"})
    nobody = get(stage, "workspaces/users", workspace_id="20001")

    assert (bad.status_code, bad.get_json()["info"]) == (
        422,
        "The access token provided is invalid",
    )
    assert nobody.status_code == HTTPStatus.UNAUTHORIZED
    assert nobody.headers["WWW-Authenticate"] == "Basic realm='TAPD API'"
    assert exchange(stage, secret="no", grant_type="x").status_code == 401


def test_an_app_token_lists_a_company_in_wrapped_rows(
    stage: Stage, company: Company
) -> None:
    told = exchange(stage, grant_type="client_credentials").get_json()["data"]
    bearer = {"Authorization": f"Bearer {told['access_token']}"}
    fields = {"fields": "user,user_id,email,no_such"}

    rows = get(stage, "workspaces/users", bearer, workspace_id="20001", **fields)
    plain = get(stage, "workspaces/users", bearer, workspace_id="20001", user="han")

    assert told["resource"] == {"type": "open_app_auth", "app_id": APP.client_id}
    assert rows.get_json()["data"][0] == {
        "UserWorkspace": {"user": "lei", "user_id": "7", "email": ""}
    }
    [row] = plain.get_json()["data"]
    assert row["UserWorkspace"]["status"] == "1"
    assert "mobile" not in row["UserWorkspace"]
    assert get(stage, "users/info", bearer).status_code == 422


def test_only_companies_that_are_there_and_have_the_app_are_told(
    stage: Stage, company: Company
) -> None:
    missing = get(stage, "workspaces/users", basic(), workspace_id="9")
    unnamed = get(stage, "workspaces/users", basic())
    company.installed = False
    elsewhere = get(stage, "workspaces/users", basic(), workspace_id="20001")

    statuses = [one.status_code for one in (missing, unnamed, elsewhere)]
    assert statuses == [404, 422, 403]
    assert missing.get_json()["info"] == "workspace 9 not existed"


def test_third_party_ids_are_told_per_person(stage: Stage, company: Company) -> None:
    stage.world.tapd.accounts["7"].third_parties = [("qywx", "woAnn")]

    told = get(
        stage,
        "users/get_third_user_mapping",
        basic(),
        workspace_id="20001",
        user_id="7",
    ).get_json()

    assert told["data"]["third_partys"] == [
        {"third_party_id": "woAnn", "third_party_type": "qywx"}
    ]


def test_unknown_paths_are_greeted_even_without_credentials(stage: Stage) -> None:
    greeted, missing = get(stage, "webhooks"), get(stage, "users/nobody")

    assert greeted.status_code == 200
    assert greeted.get_json()["status"] == 1
    assert greeted.get_json()["data"].startswith("Hello world from TAPD API")
    assert missing.status_code == 404


def test_the_limit_is_told_and_kept(stage: Stage, company: Company) -> None:
    stage.world.knobs.tapd_per_minute = 1

    first, second = (get(stage, "webhooks") for _ in range(2))

    assert first.headers["X-RateLimit-Limit"] == "10000"
    assert second.status_code == 429
    assert second.get_json()["info"].startswith("To many requests")


@pytest.mark.parametrize(
    ("kind", "values", "status"),
    [
        (Kind.THROTTLE, {}, 429),
        (Kind.BUSY, {}, 502),
        (Kind.HTTP_500, {}, 500),
        (Kind.ERRCODE, {"errcode": 422}, 422),
        (Kind.TIMEOUT, {"seconds": 0.0}, 504),
        (Kind.EMPTY, {}, 200),
    ],
)
def test_it_misbehaves_on_request(
    stage: Stage, company: Company, kind: Kind, values: Any, status: int
) -> None:
    stage.fault(kind, match="tapd/workspaces/*", count=1, **values)

    spoilt = get(stage, "workspaces/users", basic(), workspace_id="20001")
    sound = get(stage, "workspaces/users", basic(), workspace_id="20001")

    assert spoilt.status_code == status
    assert len(sound.get_json()["data"]) == 2
    if kind is Kind.EMPTY:
        assert spoilt.get_json()["data"] == []


def test_calls_are_in_the_log_of_all_calls(stage: Stage, company: Company) -> None:
    get(stage, "workspaces/users", basic(), workspace_id="20001")

    [call] = stage.world.logs.list_calls(
        corp_id=None, endpoint="tapd/workspaces/users", since=0
    )
    assert (call.status, call.errcode) == (200, 0)
