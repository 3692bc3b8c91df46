"""ID tokens: who signed in, for whom it is said, signed by the key of now."""

import time
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oidc.core import OpenIDCode, OpenIDToken, UserInfo
from joserfc.jwk import RSAKey

from store.oidc import sealed_keys
from store.oidc.grants import Grant
from store.oidc.keys import ID_TOKEN_SECONDS
from store.oidc.subjects import OidcSubject
from web.oidc.protocol.connection import connection
from web.oidc.protocol.relying import Authorisation, RelyingParty
from web.oidc.protocol.scopes import claims_of
from web.services import services

ALGORITHM = "RS256"


class _Ours:
    """What an ID token of ours says beside what Authlib puts in."""

    def get_client_algorithm(self, client: RelyingParty) -> str:
        """The same for every client."""
        return ALGORITHM

    def resolve_client_private_key(self, client: RelyingParty) -> RSAKey:
        """The key of now."""
        return _key()

    def get_encode_header(self, client: RelyingParty) -> dict[str, Any]:
        """By which of our keys it is signed."""
        return {"alg": ALGORITHM, "kid": _key().kid}

    def get_compatible_claims(self, request: OAuth2Request) -> dict[str, Any]:
        """Issuer, audience and times; `auth_time` where the client asked for it."""
        now, grant = int(time.time()), grant_of(request)
        claims = {
            "iss": services().addresses.public,
            "aud": request.client.client_id,
            "iat": now,
            "exp": now + ID_TOKEN_SECONDS,
            "sid": grant.sid,
        }
        if grant.tells_auth_time:
            claims["auth_time"] = int(grant.auth_time.timestamp())
        return claims

    def generate_user_info(self, user: OidcSubject, scope: str) -> UserInfo:
        """What the client may know of the member."""
        return UserInfo(claims_of(user, scope))


class CodeIdToken(_Ours, OpenIDCode):
    """The ID token that comes for a code."""

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        """False: it is the client that must not take one twice."""
        return False


class RefreshedIdToken(_Ours, OpenIDToken):
    """The ID token that comes with a refresh: about the same sign-in, no nonce."""


def grant_of(request: OAuth2Request) -> Grant:
    """The grant that a token request is about."""
    code: Authorisation | None = request.authorization_code
    grant: Grant = (code or request.refresh_token).grant
    return grant


def _key() -> RSAKey:
    return sealed_keys.obtain(connection(), services().keyring)
