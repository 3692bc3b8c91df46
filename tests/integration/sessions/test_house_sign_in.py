"""Operators sign in by the house's own OpenID provider, with the role it says."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from settings import SettingsError
from tests.support.console.desk import Desk, marks_in, open_desk, words_in
from tests.support.processes.house_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    House,
    open_house,
)
from tests.support.webclient import open_web, web_settings

PAGE = "/console/sign-in/house"


@pytest.fixture
def house() -> Iterator[House]:
    with open_house() as house:
        house.claims = {"preferred_username": "li.wei", "roles": ["staff", "operator"]}
        yield house


def settings_of(house: House, **others: str) -> dict[str, str]:
    return {
        "OPERATOR_OIDC_ISSUER": house.issuer,
        "OPERATOR_OIDC_CLIENT_ID": CLIENT_ID,
        "OPERATOR_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        **others,
    }


@pytest.fixture
def desk(database: str, redis_url: str, house: House) -> Iterator[Desk]:
    """Nobody is signed in yet."""
    with open_web(database=database, redis_url=redis_url, **settings_of(house)) as web:
        yield Desk(web=web)


def sign_in(desk: Desk, house: House, *, wanted: str = "") -> TestResponse:
    """The whole way: to the provider, and back with its code."""
    there = desk.get(f"{PAGE}?next={wanted}" if wanted else PAGE)
    assert there.status_code == 302, there.text
    sent = {k: v[0] for k, v in parse_qs(urlsplit(there.location).query).items()}
    assert sent["redirect_uri"] == f"http://sync.example{PAGE}/done"
    assert (sent["code_challenge_method"], sent["client_id"]) == ("S256", CLIENT_ID)
    house.nonce = sent["nonce"]
    return desk.get(f"{PAGE}/done?code=c&state={sent['state']}")


def test_whom_the_provider_names_is_in_with_the_role_it_says(
    desk: Desk, house: House
) -> None:
    assert PAGE in desk.page("/console/sign-in")

    back = sign_in(desk, house, wanted="/console/queues")

    assert (back.status_code, back.location) == (303, "/console/queues")
    assert "rebuild" in marks_in(desk.page("/console/queues"), "action")
    assert desk.get("/console/operators").status_code == 403
    assert house.forms[0]["code_verifier"]


def test_what_they_do_is_kept_under_the_name_the_provider_said(
    desk: Desk, house: House
) -> None:
    sign_in(desk, house)

    desk.post("/console/queues/rebuild", reason="redis was lost")

    [kept] = desk.rows.execute("SELECT actor, role FROM audit").fetchall()
    assert kept == ("oidc:li.wei", "operator")


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"roles": "viewer"}, "viewer"),
        ({"roles": ["viewer", "admin", "operator"]}, "admin"),
        ({"roles": ["staff"]}, None),
        ({"roles": []}, None),
        ({"roles": {"admin": True}}, None),
        ({"roles": ["administrator"]}, None),
        ({}, None),
    ],
    ids=str,
)
def test_the_most_that_the_claim_says_counts_and_nothing_else_lets_in(
    desk: Desk, house: House, claims: dict[str, Any], role: str | None
) -> None:
    house.claims = claims

    back = sign_in(desk, house)

    kept = desk.rows.execute("SELECT provider_role FROM operator_sessions").fetchall()
    assert kept == ([(role,)] if role else [])
    assert back.status_code == (303 if role else 403)
    if not role:
        assert "without a role here" in words_in(back.text)


def test_a_role_that_only_userinfo_tells_counts_too(desk: Desk, house: House) -> None:
    house.claims, house.about = {}, {"roles": ["viewer"]}

    assert sign_in(desk, house).status_code == 303


def test_userinfo_of_somebody_else_says_nothing(desk: Desk, house: House) -> None:
    house.claims, house.about = {}, {"roles": ["admin"], "sub": "person-2"}

    assert sign_in(desk, house).status_code == 403


LIES: dict[str, dict[str, Any]] = {
    "another's token": {"aud": "another-client"},
    "another issuer": {"iss": "http://elsewhere.example"},
    "an old token": {"exp": 1_000_000_000},
    "another nonce": {"nonce": "x"},
}


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_token_that_is_not_for_this_sign_in_lets_nobody_in(
    desk: Desk, house: House, lie: str
) -> None:
    house.claims = {**house.claims, **LIES[lie]}

    back = sign_in(desk, house)

    assert back.status_code == 403
    assert desk.get("/console/").status_code == 303


def test_a_token_that_another_key_signed_lets_nobody_in(
    desk: Desk, house: House
) -> None:
    house.signs_with = RSAKey.generate_key(2048)

    assert sign_in(desk, house).status_code == 403


def test_a_provider_that_calls_itself_otherwise_lets_nobody_in(
    desk: Desk, house: House
) -> None:
    house.calls_itself = "http://other.example"

    assert sign_in(desk, house).status_code == 403


def test_an_answer_that_this_browser_did_not_ask_for_lets_nobody_in(
    desk: Desk, house: House
) -> None:
    other = Desk(web=desk.web)
    there = other.get(PAGE)
    sent = parse_qs(urlsplit(there.location).query)
    house.nonce = sent["nonce"][0]
    stranger = desk.web.app.test_client()

    back = stranger.get(f"{PAGE}/done?code=c&state={sent['state'][0]}")
    made_up = stranger.get(f"{PAGE}/done?code=c&state=made-up")
    denied = stranger.get(f"{PAGE}/done?error=access_denied")

    assert [each.status_code for each in (back, made_up, denied)] == [403, 403, 403]


def test_nothing_of_it_leads_anywhere_else(desk: Desk, house: House) -> None:
    back = sign_in(desk, house, wanted="//evil.example/console/")

    assert back.location == "/console/"


def test_a_new_sign_in_takes_away_what_the_provider_no_longer_says(
    desk: Desk, house: House
) -> None:
    house.claims["roles"] = ["admin"]
    sign_in(desk, house)
    elsewhere = Desk(
        web=type(desk.web)(
            app=desk.web.app, client=desk.web.app.test_client(), rows=desk.web.rows
        )
    )
    house.claims["roles"] = ["viewer"]

    sign_in(elsewhere, house)

    assert desk.get("/console/operators").status_code == 403


def test_an_admin_signs_somebody_of_the_house_out(
    database: str, redis_url: str, house: House
) -> None:
    with open_desk(
        database=database, redis_url=redis_url, **settings_of(house)
    ) as admin:
        guest = Desk(
            web=type(admin.web)(
                app=admin.web.app,
                client=admin.web.app.test_client(),
                rows=admin.web.rows,
            )
        )
        sign_in(guest, house)
        page = admin.page("/console/operators")
        subject = page.partition('name="subject" value="')[2][:64]

        admin.post("/console/operators/guests/stop", subject=subject, reason="left")

        assert "oidc:li.wei" in marks_in(page, "operator")
        assert guest.get("/console/").status_code == 303


def test_a_provider_that_is_away_is_said_so(
    database: str, redis_url: str, house: House
) -> None:
    gone = {**settings_of(house), "OPERATOR_OIDC_ISSUER": "http://127.0.0.1:9"}
    with open_web(database=database, redis_url=redis_url, **gone) as web:
        there = Desk(web=web).get(PAGE)

    assert there.status_code == 502
    assert "did not answer" in words_in(there.text)
    assert CLIENT_SECRET not in there.text


def test_without_a_provider_there_is_no_such_way(database: str, redis_url: str) -> None:
    with open_web(database=database, redis_url=redis_url) as web:
        desk = Desk(web=web)

        assert PAGE not in desk.page("/console/sign-in")
        assert desk.get(PAGE).status_code == 404
        assert desk.get(f"{PAGE}/done?code=c&state=s").status_code == 404


def test_half_a_provider_stops_the_start_and_shows_no_value() -> None:
    with pytest.raises(SettingsError) as refusal:
        web_settings(
            database="postgresql://a@b/c",
            redis_url="redis://c",
            OPERATOR_OIDC_ISSUER="https://id.example",
            OPERATOR_OIDC_CLIENT_SECRET="very-secret",
        )

    assert "OPERATOR_OIDC_CLIENT_ID is missing" in str(refusal.value)
    assert "very-secret" not in str(refusal.value)
