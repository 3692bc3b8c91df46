"""TAPD in the browser: signing in, consenting, refusing, and the admin's page."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, request
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from simulator.config import Sync
from simulator.server import create_app
from simulator.tapd.people import Company
from simulator.tapd.seed_accounts import KINDS, resemble
from simulator.world import World
from tests.unit.simulator.staging import ANN, BOB, CAT, CONFIG, Stage, member

BACK = "http://app.invalid/tapd/done?x=1"
ASKED = {
    "response_type": "code",
    "client_id": CONFIG.tapd_app.client_id,
    "redirect_uri": BACK,
    "scope": "user story#read",
    "state": "abc",
    "auth_by": "user",
}


@pytest.fixture
def company(stage: Stage) -> Company:
    """Ann is in TAPD by her mobile, Bob twice, Cat by her e-mail."""
    company = stage.world.tapd.found(name="星河", company_id="20001")
    counts = {"same_mobile": 1, "twice": 1, "same_email": 1}
    resemble(stage.world.tapd, company, stage.corp, counts=counts, at=0)
    return company


def ask(stage: Stage, **query: str) -> TestResponse:
    return stage.client.get("/tapd/oauth/", query_string={**ASKED, **query})


def sign_in(stage: Stage, account_id: str, to: str = "") -> TestResponse:
    form = {"account_id": account_id, "to": to}
    return stage.client.post("/tapd/login", data=form)


def returned(answer: TestResponse) -> dict[str, str]:
    assert answer.status_code == 302, answer.text
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def test_a_stranger_signs_in_first_and_then_consents(
    stage: Stage, company: Company
) -> None:
    [account_id, *_] = company.people
    stranger = ask(stage)
    to = returned(stranger)["to"]

    entered = sign_in(stage, account_id, to=to)
    page = stage.client.get(entered.headers["Location"])
    back = stage.client.post(
        "/tapd/oauth/", query_string=ASKED, data={"company_id": "20001"}
    )

    assert "/tapd/login" in stranger.headers["Location"]
    assert "星河" in page.text
    assert returned(back)["state"] == "abc"
    assert returned(back)["x"] == "1"
    assert json.loads(returned(back)["resource"]) == {
        "type": "user",
        "user_id": account_id,
        "company_id": "20001",
    }
    assert returned(back)["code"]


def test_refusing_comes_back_without_a_code(stage: Stage, company: Company) -> None:
    sign_in(stage, next(iter(company.people)))

    back = stage.client.post("/tapd/oauth/", query_string=ASKED, data={"refuse": "1"})

    assert returned(back) == {"x": "1", "error": "access_denied", "state": "abc"}


def test_the_resource_comes_in_the_other_form_too(
    stage: Stage, company: Company
) -> None:
    stage.world.knobs.tapd_resource = "workspace"

    back = ask(stage, **{"as": next(iter(company.people)), "company_id": "20001"})

    told = json.loads(returned(back)["resource"])
    assert told == {"type": "workspace", "workspace_id": 20001}


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "other"},
        {"response_type": "token"},
        {"redirect_uri": "javascript:alert(1)"},
    ],
)
def test_a_bad_request_ends_on_a_page(
    stage: Stage, company: Company, wrong: Any
) -> None:
    answer = ask(stage, **wrong)

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_sign_in_leads_only_to_pages_of_tapd(stage: Stage, company: Company) -> None:
    answer = sign_in(stage, next(iter(company.people)), to="http://evil.invalid/")

    assert answer.headers["Location"] == "/tapd/"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize(
    "path", ["login", "", "oauth/", "companies/20001", "20001/prong/stories/view/1"]
)
def test_every_page_opens_in_both_languages(
    stage: Stage, company: Company, language: str, path: str
) -> None:
    stage.client.set_cookie("language", language)
    sign_in(stage, next(iter(company.people)))

    answer = stage.client.get(f"/tapd/{path}", query_string=ASKED)

    assert answer.status_code == 200


def test_a_person_who_registers_is_signed_in(stage: Stage) -> None:
    form = {"nick": "新人", "mobile": "13911112222"}
    stage.client.post("/tapd/register", data=form)

    page = stage.client.get("/tapd/")

    assert "新人" in page.text


def test_only_the_companys_admin_can_begin_to_link_it(
    stage: Stage, company: Company
) -> None:
    sign_in(stage, [*company.people][1])

    answer = stage.client.post("/tapd/companies/20001/link")

    assert answer.status_code == 403


@pytest.mark.parametrize(("status", "shown"), [(201, 302), (409, 502), (0, 502)])
def test_the_button_that_links_asks_the_product_for_an_intent(
    stage: Stage, company: Company, status: int, shown: int
) -> None:
    asked: list[tuple[Any, Any]] = []
    with _product(status, asked) as url:
        config = replace(CONFIG, sync=Sync(url=url, token="bearer"))
        world = World(config)
        world.tapd = stage.world.tapd
        client = create_app(world).test_client()
        client.post("/tapd/login", data={"account_id": company.admins[0]})

        answer = client.post("/tapd/companies/20001/link")

    assert answer.status_code == shown
    if status:
        given = {"company_id": "20001", "admin_account_id": company.admins[0]}
        assert asked == [("Bearer bearer", given)]
    if status == 201:
        assert answer.headers["Location"] == "http://product.invalid/install"


@contextmanager
def _product(status: int, asked: list[tuple[Any, Any]]) -> Iterator[str]:
    """The product's route for intents; with status 0 nobody listens there."""
    app = Flask("product")

    @app.post("/api/v1/install-intents")
    def intend() -> Any:
        asked.append((request.headers["Authorization"], request.get_json()))
        return {"url": "http://product.invalid/install"}, status

    server = make_server("127.0.0.1", 0, app)
    address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    if not status:
        server.shutdown()
        server.server_close()
    try:
        yield address
    finally:
        if status:
            server.shutdown()
            server.server_close()
        thread.join()


def test_people_are_dealt_out_by_kind(stage: Stage, company: Company) -> None:
    accounts = stage.world.tapd.accounts
    mobiles = [accounts[each].mobile for each in company.people]
    emails = [accounts[each].email for each in company.people]

    assert company.admins == [next(iter(company.people))]
    assert mobiles[0] == member(ANN, 1).mobile
    assert mobiles[1:3] == [member(BOB, 1).mobile] * 2
    assert mobiles[3] != member(CAT, 1).mobile
    assert emails[3] == member(CAT, 1).email


def test_the_switchboard_deals_them_out_too(stage: Stage) -> None:
    given = {"corp_id": stage.corp.corp_id, "same_mobile": 2, "namesake": 1}

    made = stage.client.post("/control/tapd/companies", json=given).get_json()
    path = f"/control/tapd/companies/{made['company_id']}/accounts"
    rows = stage.client.get(path).get_json()["items"]

    assert [one["kind"] for one in made["people"]] == [
        "same_mobile",
        "same_mobile",
        "namesake",
    ]
    assert set(KINDS) >= {one["kind"] for one in made["people"]}
    assert set(rows[0]) == {"account_id", "nick", "name", "mobile", "email"}
    assert rows[0]["account_id"] == made["people"][0]["account_ids"][0]


def test_a_reset_forgets_tapd_as_well(stage: Stage, company: Company) -> None:
    stage.client.post("/control/reset")

    assert stage.world.tapd.companies == {}
