"""Revocation: a client gives a token back (RFC 7009)."""

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc7009 import RevocationEndpoint

from store.oidc import grants
from store.oidc.grants import Grant
from web.oidc.protocol.connection import connection
from web.oidc.protocol.relying import AUTH_METHODS, RelyingParty


@dataclass(frozen=True, slots=True)
class Returned:
    """A token that comes back; of a refresh token the whole grant is meant."""

    grant: Grant
    access_token: str | None

    def check_client(self, client: RelyingParty) -> bool:
        """Whether it was given to this client."""
        return self.grant.client_id == client.client_id


class Revocation(RevocationEndpoint):
    """Authlib's endpoint over our store."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def query_token(self, token_string: str, token_type_hint: str) -> Returned | None:
        """The token, of whichever kind it is: a hint may be wrong."""
        access = grants.find_access_token(connection(), token_string)
        if access is not None:
            return Returned(access.grant, token_string)
        grant = grants.find_any_by_refresh_token(connection(), token_string)
        return None if grant is None else Returned(grant, None)

    def revoke_token(self, token: Returned, request: OAuth2Request) -> None:
        """End it; an older refresh token ends its grant just as the newest does."""
        if token.access_token is None:
            grants.end(connection(), token.grant.grant_id)
        else:
            grants.revoke_access_token(connection(), token.access_token)
