"""The console: who is let in, what is protected, what a page says."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.webclient import (
    API_TOKEN,
    Web,
    add_corp,
    open_web,
)


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        yield web


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def sign_in(client: FlaskClient, token: str = API_TOKEN, **query: str) -> TestResponse:
    form = client.get("/console/sign-in")
    return client.post(
        "/console/sign-in",
        query_string=query,
        data={"token": token, "csrf_token": token_in(form.text)},
    )


@pytest.mark.parametrize(
    "path",
    ["/console/", "/console/corps", "/console/corps/wwcorp", "/console/events"],
)
def test_a_stranger_is_asked_to_sign_in(web: Web, path: str) -> None:
    add_corp(web.rows, "wwcorp", name="Example")

    answer = web.client.get(path)

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/console/sign-in?next={path}"
    assert "Example" not in answer.text


def test_the_token_opens_a_session_and_leads_back(web: Web) -> None:
    answer = sign_in(web.client, next="/console/corps/wwcorp")

    assert answer.headers["Location"] == "/console/corps/wwcorp"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert API_TOKEN not in cookie
    assert web.client.get("/console/").status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example/", "https://evil.example/", "/console/\\evil", "/x"]
)
def test_a_sign_in_leads_nowhere_else(web: Web, elsewhere: str) -> None:
    answer = sign_in(web.client, next=elsewhere)

    assert answer.headers["Location"] == "/console/"


def test_a_wrong_token_opens_nothing(web: Web) -> None:
    answer = sign_in(web.client, token="wrong")

    assert answer.status_code == 403
    assert 'role="alert"' in answer.text
    assert web.client.get("/console/").status_code == 303


def test_guessing_is_slowed_down(web: Web) -> None:
    statuses = [sign_in(web.client, token=f"guess{n}").status_code for n in range(11)]

    assert statuses == [403] * 10 + [429]
    assert sign_in(web.client).status_code == 303


def test_forms_without_their_token_are_refused(web: Web) -> None:
    sign_in(web.client)

    refused = web.client.post("/console/sign-out")

    assert refused.status_code == 400
    assert web.client.get("/console/").status_code == 200


def test_signing_out_ends_the_session(web: Web) -> None:
    sign_in(web.client)
    page = web.client.get("/console/").text

    web.client.post("/console/sign-out", data={"csrf_token": token_in(page)})

    assert web.client.get("/console/").status_code == 303


def test_pages_allow_no_foreign_script_and_are_kept_by_no_cache(web: Web) -> None:
    answer = web.client.get("/console/sign-in")

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    inline = re.findall(r"<script(?![^>]*src)|<style| style=| on[a-z]+=", answer.text)
    assert inline == []


def test_the_language_is_the_browsers_until_another_is_chosen(web: Web) -> None:
    def heading(**headers: str) -> str:
        page = web.client.get("/console/sign-in", headers=headers).text
        found = re.search(r"<h1>(.*?)</h1>", page)
        assert found is not None
        return found[1]

    assert heading(**{"Accept-Language": "en-GB,en;q=0.9"}) == "Operator sign-in"
    assert heading(**{"Accept-Language": "zh-TW,en;q=0.5"}) == "运维登录"
    assert heading(**{"Accept-Language": "fr"}) == "运维登录"
    web.client.get("/language/en")
    assert heading(**{"Accept-Language": "zh-CN"}) == "Operator sign-in"
    assert web.client.get("/language/fr").status_code == 404


@pytest.mark.parametrize("asked", ["x", "-1", "1;2", ",".join(["1"] * 300)])
def test_a_malformed_list_of_departments_is_refused(web: Web, asked: str) -> None:
    add_corp(web.rows, "wwcorp")
    sign_in(web.client)

    assert web.client.get(f"/console/corps/wwcorp?open={asked}").status_code == 400


@pytest.mark.parametrize("state", ["authorised", "linked", "paused", "revoked"])
def test_an_empty_corp_explains_itself(web: Web, state: str) -> None:
    add_corp(web.rows, "wwcorp", state=state)
    sign_in(web.client)

    page = web.client.get("/console/corps/wwcorp").text

    assert "这里还没有人" in page
    assert "还没有变更" in page


def test_a_console_without_corps_says_what_to_do(web: Web) -> None:
    sign_in(web.client)

    page = web.client.get("/console/corps").text

    assert "还没有企业安装应用" in page
    assert "doctor" in page


def test_an_unknown_corp_has_a_page_of_its_own(web: Web) -> None:
    sign_in(web.client)

    answer = web.client.get("/console/corps/unknown")

    assert answer.status_code == 404
    assert "这里什么也没有" in answer.text
