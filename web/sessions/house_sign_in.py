"""Signing in by the house's own OpenID provider; Authlib speaks the protocol."""

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Flask, current_app
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.wrappers import Response

from domain.roles import Role, highest
from settings import HouseProvider
from store.sessions.operator_sessions import NamedPerson

log = logging.getLogger(__name__)

_NAME = "house"
_SECONDS = 5.0
_MOST_NAME = 64


class NotNamed(Exception):
    """The provider has named nobody: a code with words of its own."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def register(app: Flask, house: HouseProvider | None) -> None:
    """Have the sign-in page lead to the provider, if there is one."""
    app.extensions["sync-house"] = house
    if house is None:
        return
    base = house.issuer.rstrip("/")
    OAuth(app).register(
        _NAME,
        client_id=house.client_id,
        client_secret=house.client_secret,
        server_metadata_url=f"{base}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "default_timeout": _SECONDS,
        },
    )


def is_house_known() -> bool:
    """Whether operators can sign in by the house's provider."""
    return current_app.extensions.get("sync-house") is not None


def lead_there(back: str) -> Response:
    """On to the provider, which sends the browser back to `back`.

    Raises: NotNamed when it cannot be reached.
    """
    try:
        answer: Response = _client().authorize_redirect(back)
    except (AuthlibBaseError, RequestException, RuntimeError, ValueError) as error:
        raise _away(error) from error
    return answer


def read_answer() -> NamedPerson:
    """Whom the provider has named, by the request that it sent the browser back with.

    Raises: NotNamed.
    """
    house = _house()
    try:
        client = _client()
        if client.load_server_metadata().get("issuer") != house.issuer:
            raise NotNamed("other_issuer")
        token = client.authorize_access_token(
            claims_options={
                "iss": {"essential": True, "value": house.issuer},
                "aud": {"essential": True, "value": house.client_id},
                "sub": {"essential": True},
            }
        )
        claims = token.get("userinfo")
        if not claims:
            raise NotNamed("no_id_token")
        return _person(client, house, claims)
    except AuthlibBaseError as error:
        denied = error.error == "access_denied"
        raise NotNamed("denied") if denied else _away(error) from error
    except (JoseError, RequestException, RuntimeError, ValueError) as error:
        raise _away(error) from error


def _person(
    client: FlaskOAuth2App, house: HouseProvider, claims: Mapping[str, Any]
) -> NamedPerson:
    role = role_in(claims, house.role_claim)
    if role is None:
        more = client.userinfo()
        # What is not said of the same person says nothing.
        if more.get("sub") == claims["sub"]:
            claims = {**more, **claims}
            role = role_in(claims, house.role_claim)
    if role is None:
        raise NotNamed("no_role")
    return NamedPerson(
        subject=subject_of(house.issuer, str(claims["sub"])),
        name=_name(claims),
        role=role,
    )


def role_in(claims: Mapping[str, Any], claim: str) -> Role | None:
    """The most that a claim gives: a word or a list of words; `a.b` looks inside."""
    value = claims.get(claim)
    if value is None:
        value = claims
        for part in claim.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list):
        return None
    return highest([str(each) for each in words])


def subject_of(issuer: str, sub: str) -> str:
    """What stands for a person of an issuer, and is nobody else's ever."""
    return hashlib.sha256(f"{issuer}\x00{sub}".encode()).hexdigest()


def _name(claims: Mapping[str, Any]) -> str:
    for each in ("preferred_username", "email", "sub"):
        text = " ".join(str(claims.get(each) or "").split())
        if text:
            return text[:_MOST_NAME]
    raise NotNamed("no_id_token")


def _away(error: Exception) -> NotNamed:
    # What it says may hold a code or a token.
    log.warning("house sign-in failed", extra={"error": type(error).__name__})
    return NotNamed("away")


def _client() -> FlaskOAuth2App:
    client = current_app.extensions["authlib.integrations.flask_client"]
    found: FlaskOAuth2App = client.create_client(_NAME)
    return found


def _house() -> HouseProvider:
    house = current_app.extensions.get("sync-house")
    if not isinstance(house, HouseProvider):
        raise NotNamed("off")
    return house
