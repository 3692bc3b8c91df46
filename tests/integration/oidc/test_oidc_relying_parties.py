"""Relying parties that others wrote, none of them upon Authlib, sign in here.

idpyoidc is the relying party of the OpenID certification's own authors; oauthlib (by
requests-oauthlib) with PyJWT is what most Python applications are built from.
"""

import os
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from idpyoidc.client.client_auth import ClientSecretBasic, ClientSecretPost
from idpyoidc.client.rp_handler import RPHandler
from requests_oauthlib import OAuth2Session

from tests.support.people.live_web import Live, live_web
from tests.support.people.relying import (
    AFTERWARDS,
    CALLBACK,
    Party,
    add_party,
    add_subject,
)
from tests.support.people.visiting import query_of

SCOPES = ["openid", "profile", "email", "offline_access"]
METHODS = {
    "client_secret_basic": ClientSecretBasic,
    "client_secret_post": ClientSecretPost,
}
# What it is to speak with us of; with a proof where one is needed.
SERVICES = {
    name: {
        "class": f"idpyoidc.client.oidc.{path}",
        "kwargs": {"client_authn_methods": METHODS} if proves else {},
    }
    for name, path, proves in (
        ("discovery", "provider_info_discovery.ProviderInfoDiscovery", False),
        ("authorization", "authorization.Authorization", False),
        ("access_token", "access_token.AccessToken", True),
        ("refresh_token", "refresh_access_token.RefreshAccessToken", True),
        ("userinfo", "userinfo.UserInfo", False),
        ("end_session", "end_session.EndSession", False),
    )
}


@pytest.fixture
def live(
    database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Live]:
    """A web that listens, and a linked member whom WeCom names."""
    # Of oauthlib's: loopback needs no https here.
    monkeypatch.setitem(os.environ, "OAUTHLIB_INSECURE_TRANSPORT", "1")
    with live_web(database=database, redis_url=redis_url) as live:
        add_subject(live.visit)
        yield live


def handler_of(live: Live, party: Party, method: str) -> RPHandler:
    """idpyoidc's relying party; all it is told is the issuer and who it is."""
    config = {
        "issuer": live.url,
        "client_id": party.client_id,
        "client_secret": party.secret,
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [AFTERWARDS],
        "client_type": "oidc",
        "response_types": ["code"],
        "scope": SCOPES,
        "token_endpoint_auth_method": method,
        "add_ons": {
            "pkce": {
                "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
                "kwargs": {
                    "code_challenge_length": 64,
                    "code_challenge_method": "S256",
                },
            }
        },
    }
    return RPHandler(
        base_url="https://rp.example",
        client_configs={"sync": config},
        services=SERVICES,
        # In memory: by default it writes private keys where it stands.
        key_conf={
            "key_defs": [{"type": "RSA", "use": ["sig"]}],
            "public_path": "",
            "private_path": "",
        },
    )


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_idpyoidc_finds_everything_by_discovery_and_signs_a_member_in(
    live: Live, method: str
) -> None:
    handler = handler_of(live, add_party(live.visit), method)

    back = query_of(live.walk(handler.begin("sync", req_args={"scope": SCOPES})))
    done: dict[str, Any] = handler.finalize(live.url, back)

    assert "error" not in done, done
    assert done["id_token"]["sub"] == "1001"
    assert done["id_token"]["corp"] == "wwcorp"
    assert done["userinfo"]["name"] == "Zhang Wei"
    assert done["userinfo"]["company"] == "20001"


def test_idpyoidc_refreshes_and_logs_the_member_out(live: Live) -> None:
    handler = handler_of(live, add_party(live.visit), "client_secret_basic")
    back = query_of(live.walk(handler.begin("sync", req_args={"scope": SCOPES})))
    done: dict[str, Any] = handler.finalize(live.url, back)

    refreshed = handler.refresh_access_token(done["state"])
    asked: dict[str, Any] = handler.logout(done["state"])
    left = live.walk(asked["url"])

    assert refreshed["access_token"] != done["token"]
    assert left.startswith(AFTERWARDS)
    again = live.browser.get(f"{live.url}/me", allow_redirects=False, timeout=10)
    assert again.status_code == 303


@pytest.mark.parametrize("public", [True, False])
def test_oauthlib_and_pyjwt_sign_a_member_in(live: Live, public: bool) -> None:
    party = add_party(live.visit, public=public)
    found = OAuth2Session().get(f"{live.url}/.well-known/openid-configuration").json()
    session = OAuth2Session(
        party.client_id, redirect_uri=CALLBACK, scope=SCOPES, pkce="S256"
    )
    address, _ = session.authorization_url(
        found["authorization_endpoint"], nonce="the-nonce", max_age=3600
    )

    back = live.walk(address)
    token = session.fetch_token(
        found["token_endpoint"],
        authorization_response=back,
        client_secret=party.secret,
        include_client_id=True if public else None,
    )

    key = jwt.PyJWKClient(found["jwks_uri"]).get_signing_key_from_jwt(token["id_token"])
    claims = jwt.decode(
        token["id_token"],
        key,
        algorithms=found["id_token_signing_alg_values_supported"],
        audience=party.client_id,
        issuer=found["issuer"],
        options={"require": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce"]},
    )
    assert (claims["sub"], claims["nonce"]) == ("1001", "the-nonce")
    assert session.get(found["userinfo_endpoint"]).json()["userid"] == "zhang"


def test_oauthlib_refreshes_and_revokes(live: Live) -> None:
    party = add_party(live.visit, public=True)
    session = OAuth2Session(
        party.client_id, redirect_uri=CALLBACK, scope=SCOPES, pkce="S256"
    )
    address, _ = session.authorization_url(f"{live.url}/oidc/authorize")
    session.fetch_token(
        f"{live.url}/oidc/token",
        authorization_response=live.walk(address),
        include_client_id=True,
    )

    token = session.refresh_token(f"{live.url}/oidc/token", client_id=party.client_id)
    url, headers, body = session._client.prepare_token_revocation_request(
        f"{live.url}/oidc/revoke", token["refresh_token"], client_id=party.client_id
    )
    revoked = session.post(url, data=body, headers=headers, withhold_token=True)

    assert revoked.status_code == 200
    assert session.get(f"{live.url}/oidc/userinfo").status_code == 401
