"""What certified clients of others rely on beside the flow itself."""

import base64

import pytest

from tests.support.people.relying import (
    CALLBACK,
    Party,
    add_party,
    add_subject,
    read_token,
    sign_in,
    tokens_of,
    userinfo,
)
from tests.support.people.visiting import DESKTOP, Visit


@pytest.fixture
def party(visit: Visit) -> Party:
    """A confidential client, and a linked member who is signed in here."""
    add_subject(visit)
    visit.sign_in("wwcorp", "zhang")
    return add_party(visit)


@pytest.mark.parametrize(
    "address",
    [
        "https://rp.example:444/cb",
        "https://user@rp.example/cb",
        "https://user:secret@rp.example/cb",
        "https://RP.example/cb",
        "HTTPS://rp.example/cb",
        "https://rp.example/c%62",
        "https://rp.example/x/../cb",
        "https://rp.example//cb",
        "https://rp.example/cb ",
        "https://rp.example/cb#",
        "https://rp.example/cb?",
        "https://rp.example/cb%00",
        "//rp.example/cb",
        "",
    ],
)
def test_an_address_that_is_nearly_the_clients_is_not_the_clients(
    visit: Visit, party: Party, address: str
) -> None:
    answer = visit.client.get(party.asks(redirect_uri=address), headers=DESKTOP)

    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize("path", ["/oidc/token", "/oidc/userinfo", "/oidc/jwks"])
def test_a_client_in_a_browser_may_ask_first_whether_it_may_ask(
    visit: Visit, path: str
) -> None:
    headers = {
        "Origin": "https://rp.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }

    answer = visit.client.options(path, headers=headers)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()
    # No cookie goes with it: nothing but the bearer's token counts.
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_no_cache_keeps_what_is_told_of_anybody(visit: Visit, party: Party) -> None:
    code = sign_in(visit, party)["code"]

    token = party.redeems(visit.client, code)
    person = userinfo(visit, token.get_json()["access_token"])
    refused = party.redeems(visit.client, code)

    for answer in (token, person, refused):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.mimetype == "application/json"
    assert refused.status_code == 400


@pytest.mark.parametrize("how", ["get", "post"])
def test_userinfo_is_told_by_get_and_by_post(
    visit: Visit, party: Party, how: str
) -> None:
    tokens = tokens_of(visit, party)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    answer = getattr(visit.client, how)("/oidc/userinfo", headers=headers)

    assert answer.get_json()["sub"] == read_token(tokens["id_token"])["sub"]


def test_every_way_to_prove_a_client_that_discovery_names_works_and_no_other(
    visit: Visit, party: Party
) -> None:
    public = add_party(visit, public=True)
    found = visit.client.get("/.well-known/openid-configuration").get_json()

    def by(method: str) -> int:
        owner = public if method == "none" else party
        code = sign_in(visit, owner)["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": owner.verifier,
        }
        headers: dict[str, str] = {}
        if method == "client_secret_basic":
            pair = f"{party.client_id}:{party.secret}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            form["client_id"] = owner.client_id
        if method == "client_secret_post":
            form["client_secret"] = str(party.secret)
        answer = visit.client.post("/oidc/token", data=form, headers=headers)
        return int(answer.status_code)

    named = found["token_endpoint_auth_methods_supported"]
    assert sorted(named) == ["client_secret_basic", "client_secret_post", "none"]
    assert {by(method) for method in named} == {200}
    assert by("client_secret_jwt") == 401


@pytest.mark.parametrize(
    ("locales", "title"),
    [
        ("en", "Sign in to Example RP?"),
        ("en-GB zh-CN", "Sign in to Example RP?"),
        ("fr en", "Sign in to Example RP?"),
        ("zh-Hant-TW en", "登录"),
        ("fr", "登录"),
        ("", "登录"),
    ],
)
def test_the_pages_speak_the_language_that_the_client_asks_for(
    visit: Visit, party: Party, locales: str, title: str
) -> None:
    chinese = {"Accept-Language": "zh-CN"}

    page = visit.client.get(party.asks(ui_locales=locales), headers=chinese)

    assert title in page.text.partition("<h1>")[2].partition("</h1>")[0]
    # Whoever chooses here is believed more.
    visit.client.get("/language/zh-CN")
    again = visit.client.get(party.asks(ui_locales=locales), headers=chinese)
    assert "登录" in again.text.partition("<h1>")[2].partition("</h1>")[0]


def test_a_page_about_a_wrong_request_has_words_in_both_languages(
    visit: Visit, party: Party
) -> None:
    wrong = party.asks(redirect_uri="https://evil.example")

    for tag, words in (("zh-CN", "登录链接不正确"), ("en", "link is not right")):
        visit.client.get(f"/language/{tag}")
        page = visit.client.get(wrong)
        assert f'lang="{tag}"' in page.text
        assert words in page.text


def test_what_is_not_known_here_is_passed_over(visit: Visit, party: Party) -> None:
    said = sign_in(
        visit,
        party,
        scope="openid address phone custom",
        display="popup",
        acr_values="1",
        login_hint="zhang",
        claims="{}",
        resource="https://api.example",
    )

    token = party.redeems(visit.client, said["code"]).get_json()
    assert token["scope"] == "openid"
