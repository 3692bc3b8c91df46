"""The way through the provider: request, consent, code, tokens, userinfo."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.org.in_step import Contents
from tests.support.people.relying import (
    CALLBACK,
    EVERYTHING,
    ISSUER,
    Party,
    add_party,
    add_subject,
    confirm,
    read_token,
    sign_in,
    tokens_of,
    userinfo,
)
from tests.support.people.visiting import WECOM, Visit, data_actions, query_of


@pytest.fixture
def party(visit: Visit) -> Party:
    """A confidential client, and a linked member who is signed in here."""
    add_subject(visit)
    visit.sign_in("wwcorp", "zhang")
    return add_party(visit)


def test_a_member_who_agrees_is_told_of_by_account_corp_company_and_name(
    visit: Visit, party: Party
) -> None:
    tokens = tokens_of(visit, party)

    claims = read_token(tokens["id_token"])
    assert tokens["token_type"] == "Bearer"
    assert set(tokens["scope"].split()) == set(EVERYTHING.split())
    assert claims["iss"] == ISSUER
    assert claims["aud"] == party.client_id
    assert claims["nonce"] == "the-nonce"
    assert (claims["sub"], claims["corp"]) == ("1001", "wwcorp")
    assert (claims["company"], claims["userid"]) == ("20001", "zhang")
    assert claims["name"] == "Zhang Wei"
    assert 0 < claims["exp"] - claims["iat"] <= 3600
    told = userinfo(visit, tokens["access_token"]).get_json()
    assert told == {
        "sub": "1001",
        "corp": "wwcorp",
        "company": "20001",
        "userid": "zhang",
        "name": "Zhang Wei",
        "preferred_username": "zhang.tapd",
        "email": "zhang@example.com",
        "email_verified": False,
    }


def test_what_is_not_asked_for_or_not_visible_is_not_told(
    visit: Visit, party: Party
) -> None:
    visit.web.rows.execute("UPDATE members SET name = NULL")

    little = tokens_of(visit, party, scope="openid")
    more = tokens_of(visit, party, scope="openid profile")

    claims = read_token(little["id_token"])
    assert not {"name", "email", "preferred_username", "auth_time"} & claims.keys()
    assert "refresh_token" not in little
    assert "name" not in userinfo(visit, more["access_token"]).get_json()


def test_somebody_who_is_not_signed_in_goes_by_wecom_and_comes_back(
    visit: Visit, party: Party
) -> None:
    visit.client.delete_cookie("sync-member")
    away = visit.client.get(party.asks(), headers=WECOM)
    answer = visit.come_back(
        query_of(away)["state"], {"errcode": 0, "corpid": "wwcorp", "userid": "zhang"}
    )

    page = visit.client.get(answer.headers["Location"])

    assert set(data_actions(page.text)) == {"confirm", "deny"}
    assert query_of(confirm(visit, page))["state"] == "the-state"


def test_a_client_is_agreed_to_once_until_it_wants_more(
    visit: Visit, party: Party
) -> None:
    first = visit.client.get(party.asks(scope="openid profile"))
    confirm(visit, first)

    again = visit.client.get(party.asks(scope="openid profile"))
    less = visit.client.get(party.asks(scope="openid"))
    more = visit.client.get(party.asks(scope="openid profile email"))
    asked = visit.client.get(party.asks(scope="openid", prompt="consent"))
    other = visit.client.get(add_party(visit).asks(scope="openid"))

    assert first.status_code == 200
    assert again.headers["Location"].startswith(CALLBACK)
    assert less.headers["Location"].startswith(CALLBACK)
    assert [more.status_code, asked.status_code, other.status_code] == [200, 200, 200]


def test_whoever_says_no_goes_back_without_a_code(visit: Visit, party: Party) -> None:
    page = visit.client.get(party.asks())

    answer = query_of(confirm(visit, page, "deny"))

    assert answer["error"] == "access_denied"
    assert (answer["state"], answer["iss"]) == ("the-state", ISSUER)
    assert visit.client.get(party.asks()).status_code == 200


def test_the_consent_page_may_lead_to_the_client_and_nowhere_else(
    visit: Visit, party: Party
) -> None:
    policy = visit.client.get(party.asks()).headers["Content-Security-Policy"]

    assert "form-action 'self' https://rp.example;" in policy


def test_a_forged_answer_to_the_consent_page_is_refused(
    visit: Visit, party: Party
) -> None:
    path = party.asks().replace("/oidc/authorize", "/oidc/consent")

    answer = visit.client.post(path, data={"answer": "confirm"})

    assert answer.status_code == 400
    assert visit.web.rows.execute("SELECT 1 FROM oidc_grants").fetchall() == []


def test_every_answer_of_the_authorisation_names_the_issuer(
    visit: Visit, party: Party
) -> None:
    good = sign_in(visit, party)
    bad = query_of(visit.client.get(party.asks(response_type="token")))

    assert (good["iss"], bad["iss"]) == (ISSUER, ISSUER)
    assert bad["error"] == "unsupported_response_type"


def test_a_request_that_is_sent_as_a_form_goes_on_by_its_query(
    visit: Visit, party: Party
) -> None:
    query = parse_qs(urlsplit(party.asks()).query)

    answer = visit.client.post("/oidc/authorize", data=query)

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/oidc/authorize?")
    assert query_of(answer) == {name: values[0] for name, values in query.items()}


def test_strangers_write_no_rows(visit: Visit, party: Party) -> None:
    rows, stranger = visit.web.rows, visit.web.app.test_client()
    before = Contents.of(rows).rows

    for path in ("/.well-known/openid-configuration", "/oidc/jwks", party.asks()):
        stranger.get(path, headers=WECOM)
    party.redeems(stranger, "guessed")
    party.refreshes(stranger, "guessed.too")
    stranger.get("/oidc/logout?id_token_hint=x")

    assert Contents.of(rows).rows == before
