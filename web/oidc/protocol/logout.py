"""RP-initiated logout as Authlib checks it, with our keys and sessions."""

from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oidc.rpinitiated import EndSessionEndpoint, EndSessionRequest
from joserfc.jwk import KeySet

from store.oidc import keys
from web.oidc.protocol.connection import connection
from web.oidc.protocol.id_tokens import ALGORITHM
from web.services import services


class EndSession(EndSessionEndpoint):
    """Authlib's endpoint; the pages end the session before it answers."""

    def get_server_jwks(self) -> KeySet:
        """The keys by which a token that is good may be signed."""
        return KeySet.import_key_set({"keys": list_keys()})

    def get_algorithms(self) -> list[str]:
        """The one that we sign by."""
        return [ALGORITHM]

    def _validate_id_token_hint(self, id_token_hint: str) -> dict[str, Any] | None:
        # A hint that is none, or by a key long gone, has the person asked.
        try:
            claims: dict[str, Any] = super()._validate_id_token_hint(id_token_hint)
        except (OAuth2Error, ValueError):
            return None
        return claims

    def is_post_logout_redirect_uri_legitimate(self, *_: object) -> bool:
        """True: it is the client's, and the person says yes before it is followed."""
        return True

    def end_session(self, end_session_request: EndSessionRequest) -> None:
        """Nothing: the page has ended it."""


def list_keys() -> list[dict[str, Any]]:
    """Our public keys, as the JWKS shows them."""
    return keys.list_public(connection())


def is_of_ours(claims: dict[str, Any] | None) -> bool:
    """Whether a hint that is signed by us was issued by us as an ID token."""
    return claims is not None and claims.get("iss") == services().addresses.public
