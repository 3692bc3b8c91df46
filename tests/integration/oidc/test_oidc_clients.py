"""Clients by the command line, discovery, and the keys that sign."""

import base64
from typing import Any

import pytest
from authlib.oidc.discovery import OpenIDProviderMetadata
from click.testing import CliRunner, Result
from joserfc import jwt
from joserfc.jwk import KeySet

from manage import cli
from store.database import transaction
from store.oidc import keys
from tests.support.people.relying import (
    CALLBACK,
    ISSUER,
    Party,
    add_party,
    add_subject,
    tokens_of,
    userinfo,
    wired_of,
)
from tests.support.people.visiting import Visit, open_visit
from tests.support.webclient import API_TOKEN, SECRET_KEY

APP = "com.example.app:/cb"


class Manage:
    """The command line over the stores of the web."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments, env=self._environment)

    def create(self, *arguments: str) -> dict[str, str]:
        """What a new client is told, by name."""
        result = self("create-client", "TAPD", *arguments)
        assert result.exit_code == 0, result.output
        return dict(line.split("=", 1) for line in result.stdout.splitlines())


@pytest.fixture
def manage(
    module_database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Manage:
    monkeypatch.chdir(tmp_path)
    return Manage(
        {
            "DATABASE_URL": module_database,
            "REDIS_URL": redis_url,
            "PUBLIC_URL": ISSUER,
            "SECRET_KEYS": base64.b64encode(SECRET_KEY).decode(),
            "API_TOKEN": API_TOKEN,
            "WECOM_SUITE_ID": "wwsuite",
            "WECOM_SUITE_SECRET": "synthetic",
            "WECOM_TOKEN": "synthetic",
            "WECOM_ENCODING_AES_KEY": "a" * 43,
            "WECOM_PROVIDER_CORP_ID": "wwprovider",
            "WECOM_PROVIDER_SECRET": "synthetic",
            "TAPD_CLIENT_ID": "",
            "TAPD_CLIENT_SECRET": "",
        }
    )


@pytest.fixture
def member(visit: Visit) -> None:
    """A linked member who is signed in here."""
    add_subject(visit)
    visit.sign_in("wwcorp", "zhang")


def test_a_client_is_made_with_two_lines_and_can_sign_members_in(
    visit: Visit, member: None, manage: Manage
) -> None:
    told = manage.create("--redirect", CALLBACK, "--redirect", "http://127.0.0.1:1/x")

    assert list(told) == ["client_id", "client_secret"]
    party = Party(client_id=told["client_id"], secret=told["client_secret"])
    assert userinfo(visit, tokens_of(visit, party)["access_token"]).status_code == 200


def test_a_public_client_has_no_secret_and_may_be_an_app(
    visit: Visit, member: None, manage: Manage
) -> None:
    told = manage.create("--public", "--redirect", APP)

    assert list(told) == ["client_id"]
    party = Party(client_id=told["client_id"], secret=None)
    page = visit.client.get(party.asks(redirect_uri=APP))
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' com.example.app:;" in policy


def test_clients_are_listed_without_their_secrets(visit: Visit, manage: Manage) -> None:
    nobody = manage("list-clients")
    told = manage.create(
        "--redirect", CALLBACK, "--post-logout", "https://rp.example/bye",
        "--back-channel", "https://rp.example/told",
    )  # fmt: skip

    listed = manage("list-clients")

    assert (nobody.exit_code, nobody.stdout) == (0, "")
    assert listed.stdout.splitlines() == [
        f"{told['client_id']} confidential TAPD",
        f"  redirect {CALLBACK}",
        "  post-logout https://rp.example/bye",
        "  back-channel https://rp.example/told",
    ]


def test_a_client_that_is_removed_is_unknown_with_all_it_was_granted(
    visit: Visit, member: None, manage: Manage
) -> None:
    told = manage.create("--redirect", CALLBACK)
    party = Party(client_id=told["client_id"], secret=told["client_secret"])
    tokens = tokens_of(visit, party)

    removed = manage("remove-client", party.client_id)
    again = manage("remove-client", party.client_id)

    assert (removed.exit_code, again.exit_code) == (0, 1)
    assert "list-clients" in again.output
    assert userinfo(visit, tokens["access_token"]).status_code == 401
    assert party.refreshes(visit.client, tokens["refresh_token"]).status_code == 401
    assert visit.client.get(party.asks()).status_code == 400


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--redirect", ""),
        ("--redirect", "/cb"),
        ("--redirect", "https://"),
        ("--redirect", "https://*.rp.example/cb"),
        ("--redirect", "https://rp.example/cb#x"),
        ("--redirect", "https://rp.example/c b"),
        ("--redirect", "https://me:pw@rp.example/cb"),
        ("--redirect", "https://rp.example/;script-src"),
        ("--redirect", "https://[rp.example/cb"),
        ("--redirect", "javascript:alert(1)"),
        ("--redirect", "data:text/html,x", "--public"),
        ("--redirect", "app:/cb", "--public"),
        ("--redirect", APP),
        ("--redirect", CALLBACK, "--post-logout", "rp.example"),
        ("--redirect", CALLBACK, "--back-channel", APP, "--public"),
    ],
)
def test_an_address_that_is_none_is_wrong_usage(
    visit: Visit, manage: Manage, arguments: tuple[str, ...]
) -> None:
    result = manage("create-client", "TAPD", *arguments)

    assert result.exit_code == 2, result.output
    assert visit.web.rows.execute("SELECT 1 FROM oidc_clients").fetchall() == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\nb"])
def test_a_name_that_is_none_is_wrong_usage(manage: Manage, name: str) -> None:
    assert manage("create-client", name, "--redirect", CALLBACK).exit_code == 2


def test_discovery_is_what_the_standard_wants(database: str, redis_url: str) -> None:
    public = "https://sync.example"
    with open_visit(database=database, redis_url=redis_url, PUBLIC_URL=public) as visit:
        answer = visit.client.get("/.well-known/openid-configuration")

    found = answer.get_json()
    OpenIDProviderMetadata(found).validate()
    assert found["issuer"] == public
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["request_parameter_supported"] is False
    assert found["request_uri_parameter_supported"] is False
    assert found["authorization_response_iss_parameter_supported"] is True
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    routes = {str(rule) for rule in visit.web.app.url_map.iter_rules()}
    addresses = [
        each for name, each in found.items() if "endpoint" in name or "uri" in name
    ]
    named = {
        str(each).removeprefix(public) for each in addresses if isinstance(each, str)
    }
    assert len(named) == 6
    assert named <= routes


def test_pages_let_no_other_site_read_them(visit: Visit, member: None) -> None:
    page = visit.client.get(add_party(visit).asks())

    assert "Access-Control-Allow-Origin" not in page.headers


def kid_of(visit: Visit, party: Party) -> str:
    """By which key an ID token of now is signed."""
    known = KeySet.import_key_set(visit.client.get("/oidc/jwks").get_json())
    token = tokens_of(visit, party)["id_token"]
    return str(jwt.decode(token, known, algorithms=["RS256"]).header["kid"])


def shown(visit: Visit) -> list[str]:
    return [key["kid"] for key in visit.client.get("/oidc/jwks").get_json()["keys"]]


def test_a_rotation_signs_by_a_new_key_at_once_and_shows_the_old_one_for_a_while(
    visit: Visit, member: None, manage: Manage
) -> None:
    party = add_party(visit)
    old = kid_of(visit, party)
    before = tokens_of(visit, party)["id_token"]

    result = manage("rotate-keys")

    assert result.exit_code == 0, result.output
    new = kid_of(visit, party)
    assert new != old
    assert shown(visit) == [new, old]
    known = KeySet.import_key_set(visit.client.get("/oidc/jwks").get_json())
    assert jwt.decode(before, known, algorithms=["RS256"]).claims["sub"] == "1001"
    retire(visit, keys.ID_TOKEN_SECONDS)
    assert shown(visit) == [new, old]
    retire(visit, 120)
    assert shown(visit) == [new]
    with transaction(wired_of(visit).pool) as connection:
        assert keys.prune(connection, limit=10) == 1


def retire(visit: Visit, seconds: int) -> None:
    """Let time pass for keys that do not sign any more."""
    visit.web.rows.execute(
        "UPDATE oidc_keys SET retired_at = retired_at - make_interval(secs => %s)",
        [seconds],
    )


def test_the_keys_shown_are_public_alone(visit: Visit) -> None:
    add_party(visit)

    [key] = visit.client.get("/oidc/jwks").get_json()["keys"]

    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}


def test_the_first_client_finds_a_key_made(visit: Visit, manage: Manage) -> None:
    assert shown(visit) == []

    manage.create("--redirect", CALLBACK)

    assert len(shown(visit)) == 1
