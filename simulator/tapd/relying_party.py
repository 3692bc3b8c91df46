"""TAPD as a relying party: what it knows of the issuer, and what it believes of it.

Written from the standard's text alone (OpenID Connect Core 3.1, RFC 7636, RFC 9207,
Back-Channel Logout 1.0), so that it finds what the product and its library agree upon
wrongly.
"""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

_CALL_SECONDS = 10
_MOST_JOURNEYS = 1_000
_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
_LEEWAY_SECONDS = 60


class Disbelief(Exception):
    """What came back is not what the issuer would say; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who lets TAPD's people sign in, and who TAPD is there."""

    url: str
    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A browser on its way to the issuer."""

    verifier: str
    nonce: str
    to: str


class RelyingParty:
    """TAPD's part in signing in by WeCom; it asks the issuer, so it holds no lock."""

    def __init__(self) -> None:
        self.issuer: Issuer | None = None
        self.ended: set[str] = set()
        self._journeys: dict[str, Journey] = {}

    def depart(self, *, redirect_uri: str, to: str) -> tuple[str, str]:
        """The state of a new way to the issuer, and its address."""
        issuer, state = self._known(), secrets.token_urlsafe(24)
        journey = Journey(
            verifier=secrets.token_urlsafe(48), nonce=secrets.token_urlsafe(24), to=to
        )
        self._journeys[state] = journey
        while len(self._journeys) > _MOST_JOURNEYS:
            del self._journeys[next(iter(self._journeys))]
        query = {
            "response_type": "code",
            "client_id": issuer.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile",
            "state": state,
            "nonce": journey.nonce,
            "code_challenge": _challenge(journey.verifier),
            "code_challenge_method": "S256",
        }
        address = self._found("authorization_endpoint")
        return state, f"{address}?{urlencode(query)}"

    def arrive(
        self, given: dict[str, str], *, marked: str, redirect_uri: str
    ) -> tuple[dict[str, Any], str]:
        """The claims of who signed in, and where they wanted to go.

        Raises: Disbelief.
        """
        issuer, state = self._known(), given.get("state", "")
        journey = self._journeys.pop(state, None) if state == marked else None
        if journey is None:
            raise Disbelief("no such state in this browser")
        if given.get("iss") != issuer.url:
            raise Disbelief("iss is another issuer's")
        if "code" not in given:
            raise Disbelief(given.get("error", "no code"))
        token = self._exchange(given["code"], journey, redirect_uri)
        claims = self._read(token)
        if claims.get("nonce") != journey.nonce:
            raise Disbelief("nonce is another request's")
        return claims, journey.to

    def log_out(self, token: str) -> str:
        """The session that is over, by the issuer's word.

        Raises: Disbelief.
        """
        claims = self._read(token)
        if _LOGOUT not in (claims.get("events") or {}) or "nonce" in claims:
            raise Disbelief("no logout token")
        sid = str(claims.get("sid") or "")
        if not sid:
            raise Disbelief("a logout token without a session")
        self.ended.add(sid)
        return sid

    def _known(self) -> Issuer:
        if self.issuer is None:
            raise Disbelief("nobody has told TAPD of an issuer")
        return self.issuer

    def _found(self, name: str) -> str:
        issuer = self._known()
        answer = requests.get(
            f"{issuer.url}/.well-known/openid-configuration", timeout=_CALL_SECONDS
        )
        known: dict[str, Any] = answer.json()
        if known.get("issuer") != issuer.url:
            raise Disbelief("discovery names another issuer")
        return str(known[name])

    def _exchange(self, code: str, journey: Journey, redirect_uri: str) -> str:
        issuer = self._known()
        answer = requests.post(
            self._found("token_endpoint"),
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": journey.verifier,
            },
            auth=(issuer.client_id, issuer.secret),
            timeout=_CALL_SECONDS,
        )
        body: dict[str, Any] = answer.json()
        if "id_token" not in body:
            raise Disbelief(str(body.get("error", answer.status_code)))
        return str(body["id_token"])

    def _read(self, token: str) -> dict[str, Any]:
        issuer = self._known()
        keys = requests.get(self._found("jwks_uri"), timeout=_CALL_SECONDS).json()
        try:
            claims = jwt.decode(
                token, KeySet.import_key_set(keys), algorithms=["RS256"]
            ).claims
        except (JoseError, ValueError) as error:
            raise Disbelief(f"not signed by the issuer: {error}") from error
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != issuer.url or issuer.client_id not in named:
            raise Disbelief("for another client, or by another issuer")
        now = time.time()
        if not now - _LEEWAY_SECONDS < claims.get("exp", 0):
            raise Disbelief("over")
        if claims.get("iat", now) > now + _LEEWAY_SECONDS:
            raise Disbelief("from the future")
        return dict(claims)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
