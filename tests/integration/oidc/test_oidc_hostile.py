"""Each rule of the provider against somebody who breaks it."""

import threading
from urllib.parse import urlencode

import pytest

from store.oidc.grants import MOST_OF_ONE
from tests.support.people.relying import (
    CALLBACK,
    ISSUER,
    Party,
    add_party,
    add_subject,
    read_token,
    sign_in,
    tokens_of,
    userinfo,
)
from tests.support.people.visiting import DESKTOP, Visit, query_of


@pytest.fixture
def party(visit: Visit) -> Party:
    """A confidential client, and a linked member who is signed in here."""
    add_subject(visit)
    visit.sign_in("wwcorp", "zhang")
    return add_party(visit)


@pytest.fixture
def public(visit: Visit, party: Party) -> Party:
    """A client that can keep no secret."""
    return add_party(visit, public=True)


def count(visit: Visit, table: str) -> int:
    [[number]] = visit.web.rows.execute(f"SELECT count(*) FROM {table}".encode())  # noqa: S608 - names in this module
    return int(number)


@pytest.mark.parametrize(
    "others",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://rp.example/cb/"},
        {"redirect_uri": "https://rp.example/cb?x=1"},
        {"redirect_uri": "https://rp.example/CB"},
        {"redirect_uri": "https://rp.example:443/cb"},
        {"redirect_uri": "https://rp.example/cb#x"},
        {"redirect_uri": "https://rp.example.evil.example/cb"},
        {"redirect_uri": "http://rp.example/cb"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "https://evil.example", "response_type": "token"},
        {"redirect_uri": "https://evil.example", "request": "x"},
        {"redirect_uri": "https://evil.example", "prompt": "none"},
    ],
)
def test_a_wrong_client_or_address_is_a_page_and_never_a_redirect(
    visit: Visit, party: Party, others: dict[str, str | None]
) -> None:
    for client in (visit.client, visit.web.app.test_client()):
        answer = client.get(party.asks(**others), headers=DESKTOP)

        assert answer.status_code == 400
        assert "Location" not in answer.headers
        assert "<h1>登录链接不正确</h1>" in answer.text


def test_a_redirect_uri_that_is_said_twice_is_a_page(
    visit: Visit, party: Party
) -> None:
    twice = f"{party.asks()}&{urlencode({'redirect_uri': 'https://evil.example'})}"

    answer = visit.client.get(twice)

    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    ("others", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "https://rp.example/r"}, "request_uri_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
    ],
)
@pytest.mark.parametrize("kind", ["confidential", "public"])
def test_another_fault_goes_back_to_the_client_with_its_state_and_the_issuer(
    visit: Visit,
    party: Party,
    public: Party,
    others: dict[str, str | None],
    error: str,
    kind: str,
) -> None:
    asked = (public if kind == "public" else party).asks(**others)

    answer = visit.client.get(asked)

    assert answer.headers["Location"].startswith(f"{CALLBACK}?"), answer.text
    said = query_of(answer)
    assert (said["error"], said["state"], said["iss"]) == (error, "the-state", ISSUER)


def test_a_parameter_that_is_said_twice_is_refused(visit: Visit, party: Party) -> None:
    answer = visit.client.get(f"{party.asks()}&nonce=another")

    assert query_of(answer)["error"] == "invalid_request"


def test_pkce_is_a_must_for_public_clients_and_not_for_others(
    visit: Visit, party: Party, public: Party
) -> None:
    without: dict[str, str | None] = {
        "code_challenge": None,
        "code_challenge_method": None,
    }

    refused = query_of(visit.client.get(public.asks(**without)))
    code = sign_in(visit, party, **without)["code"]
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK}
    answer = party.posts(visit.client, "/oidc/token", code=code, **form)

    assert refused["error"] == "invalid_request"
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": "x" * 50},
        {"code_verifier": ""},
        {"redirect_uri": "https://rp.example/other"},
        {"redirect_uri": ""},
        {"code": "guessed"},
    ],
)
def test_a_code_is_worth_nothing_without_all_that_belongs_to_it(
    visit: Visit, public: Party, wrong: dict[str, str]
) -> None:
    code = sign_in(visit, public)["code"]

    answer = public.redeems(visit.client, **{"code": code, **wrong})

    assert answer.status_code == 400
    assert "access_token" not in answer.text
    assert count(visit, "oidc_access_tokens") == 0


def test_the_challenge_itself_is_no_verifier(visit: Visit, public: Party) -> None:
    code = sign_in(visit, public)["code"]
    challenge = query_of(public.asks())["code_challenge"]

    answer = public.redeems(visit.client, code, code_verifier=challenge)

    assert answer.get_json()["error"] == "invalid_grant"


def test_a_verifier_for_a_code_without_challenge_is_refused(
    visit: Visit, party: Party
) -> None:
    code = sign_in(visit, party, code_challenge=None, code_challenge_method=None)[
        "code"
    ]

    assert party.redeems(visit.client, code).status_code == 400


@pytest.mark.parametrize("secret", ["wrong", "", None])
def test_a_client_that_has_a_secret_must_show_it(
    visit: Visit, party: Party, secret: str | None
) -> None:
    code = sign_in(visit, party)["code"]
    thief = Party(client_id=party.client_id, secret=secret, verifier=party.verifier)

    answer = thief.redeems(visit.client, code)

    assert answer.status_code == 401
    assert answer.get_json()["error"] == "invalid_client"
    assert "Basic" in answer.headers["WWW-Authenticate"]
    assert party.redeems(visit.client, code).status_code == 200


def test_a_secret_may_come_in_the_form(visit: Visit, party: Party) -> None:
    code = sign_in(visit, party)["code"]
    by_form = Party(client_id=party.client_id, secret=None, verifier=party.verifier)

    answer = by_form.redeems(visit.client, code, client_secret=party.secret or "")

    assert answer.status_code == 200


def test_another_clients_code_and_tokens_are_worth_nothing(
    visit: Visit, party: Party, public: Party
) -> None:
    code = sign_in(visit, party)["code"]
    tokens = tokens_of(visit, party)
    thief = Party(client_id=public.client_id, secret=None, verifier=party.verifier)

    assert thief.redeems(visit.client, code).get_json()["error"] == "invalid_grant"
    refreshed = thief.refreshes(visit.client, tokens["refresh_token"])
    assert refreshed.get_json()["error"] == "invalid_grant"
    for kind in ("access_token", "refresh_token"):
        thief.posts(visit.client, "/oidc/revoke", token=tokens[kind])
    assert userinfo(visit, tokens["access_token"]).status_code == 200
    assert party.refreshes(visit.client, tokens["refresh_token"]).status_code == 200


def test_a_code_that_is_used_twice_ends_all_that_came_of_it(
    visit: Visit, party: Party
) -> None:
    code = sign_in(visit, party)["code"]
    tokens = party.redeems(visit.client, code).get_json()
    refreshed = party.refreshes(visit.client, tokens["refresh_token"]).get_json()

    again = party.redeems(visit.client, code)

    assert again.get_json()["error"] == "invalid_grant"
    for each in (tokens, refreshed):
        assert userinfo(visit, each["access_token"]).status_code == 401
        answer = party.refreshes(visit.client, each["refresh_token"])
        assert answer.get_json()["error"] == "invalid_grant"


@pytest.mark.parametrize("uses_between", [0, 1, 3])
def test_a_refresh_token_that_is_used_twice_ends_all_of_its_grant_and_no_other(
    visit: Visit, party: Party, uses_between: int
) -> None:
    other = tokens_of(visit, party)
    first = newest = tokens_of(visit, party)
    for _ in range(uses_between + 1):
        answer = party.refreshes(visit.client, newest["refresh_token"])
        newest = answer.get_json()

    again = party.refreshes(visit.client, first["refresh_token"])

    assert again.get_json()["error"] == "invalid_grant"
    for each in (first, newest):
        assert userinfo(visit, each["access_token"]).status_code == 401
    answer = party.refreshes(visit.client, newest["refresh_token"])
    assert answer.get_json()["error"] == "invalid_grant"
    assert userinfo(visit, other["access_token"]).status_code == 200


@pytest.mark.parametrize("kind", ["code", "refresh"])
def test_of_two_uses_at_the_same_moment_at_most_one_succeeds(
    visit: Visit, party: Party, kind: str
) -> None:
    tokens, code = tokens_of(visit, party), sign_in(visit, party)["code"]
    answers: list[int] = []
    start = threading.Barrier(4)

    def use() -> None:
        client = visit.web.app.test_client()
        start.wait()
        if kind == "code":
            answers.append(party.redeems(client, code).status_code)
        else:
            token = tokens["refresh_token"]
            answers.append(party.refreshes(client, token).status_code)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(answers) == [200, 400, 400, 400]


def test_a_refresh_may_ask_for_less_and_never_for_more(
    visit: Visit, party: Party
) -> None:
    tokens = tokens_of(visit, party, scope="openid email offline_access")
    refresh = tokens["refresh_token"]

    more = party.refreshes(visit.client, refresh, scope="openid profile")
    less = party.refreshes(visit.client, refresh, scope="openid").get_json()
    whole = party.refreshes(visit.client, less["refresh_token"]).get_json()

    assert more.get_json()["error"] == "invalid_scope"
    assert less["scope"] == "openid"
    assert "email" not in userinfo(visit, less["access_token"]).get_json()
    assert "email" in userinfo(visit, whole["access_token"]).get_json()


def test_a_refreshed_id_token_tells_of_the_same_sign_in(
    visit: Visit, party: Party
) -> None:
    tokens = tokens_of(visit, party, max_age="3600")
    visit.web.rows.execute(
        "UPDATE oidc_grants SET auth_time = auth_time - '9s'::interval"
    )

    refreshed = party.refreshes(visit.client, tokens["refresh_token"]).get_json()

    first, second = read_token(tokens["id_token"]), read_token(refreshed["id_token"])
    assert first["auth_time"] - second["auth_time"] == 9
    assert (first["sub"], first["sid"]) == (second["sub"], second["sid"])
    assert "nonce" not in second


def test_codes_tokens_and_secrets_are_kept_as_hashes_alone(
    visit: Visit, party: Party
) -> None:
    code = sign_in(visit, party)["code"]
    tokens = tokens_of(visit, party)
    secrets = [code, tokens["access_token"], tokens["refresh_token"], party.secret]

    kept = "".join(
        str(row)
        for table in ("oidc_clients", "oidc_grants", "oidc_access_tokens", "oidc_keys")
        for row in visit.web.rows.execute(
            f"SELECT row_to_json(t)::text FROM {table} AS t".encode()  # noqa: S608 - names in this list
        )
    )

    assert not [each for each in secrets if str(each) in kept]
    for part in str(tokens["refresh_token"]).split("."):
        assert part not in kept


def test_a_code_is_over_after_a_minute_and_a_token_after_an_hour(
    visit: Visit, party: Party
) -> None:
    late, tokens = sign_in(visit, party)["code"], tokens_of(visit, party)

    visit.web.rows.execute(
        "UPDATE oidc_grants SET expires_at = expires_at - '61s'::interval"
    )
    visit.web.rows.execute(
        "UPDATE oidc_access_tokens SET expires_at = expires_at - '3601s'::interval"
    )

    assert party.redeems(visit.client, late).get_json()["error"] == "invalid_grant"
    assert userinfo(visit, tokens["access_token"]).status_code == 401


def test_nobody_keeps_more_grants_of_one_client_than_browsers(
    visit: Visit, party: Party
) -> None:
    tokens = tokens_of(visit, party)

    for _ in range(MOST_OF_ONE + 2):
        newest = sign_in(visit, party)["code"]

    assert count(visit, "oidc_grants") == MOST_OF_ONE
    assert userinfo(visit, tokens["access_token"]).status_code == 401
    assert party.redeems(visit.client, newest).status_code == 200


def test_access_tokens_of_one_grant_are_few(visit: Visit, party: Party) -> None:
    tokens = tokens_of(visit, party)

    for _ in range(8):
        tokens = party.refreshes(visit.client, tokens["refresh_token"]).get_json()

    assert count(visit, "oidc_access_tokens") == 5
    assert userinfo(visit, tokens["access_token"]).status_code == 200


def test_a_token_that_is_given_back_is_over(visit: Visit, party: Party) -> None:
    first, second = tokens_of(visit, party), tokens_of(visit, party)

    party.posts(visit.client, "/oidc/revoke", token=first["access_token"])
    party.posts(
        visit.client,
        "/oidc/revoke",
        token=second["refresh_token"],
        token_type_hint="access_token",
    )
    unknown = party.posts(visit.client, "/oidc/revoke", token="guessed")

    assert unknown.status_code == 200
    assert userinfo(visit, first["access_token"]).status_code == 401
    assert party.refreshes(visit.client, first["refresh_token"]).status_code == 200
    assert userinfo(visit, second["access_token"]).status_code == 401
    assert party.refreshes(visit.client, second["refresh_token"]).status_code == 400
