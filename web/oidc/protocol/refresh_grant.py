"""Refresh tokens: each is good once and brings the next; an old one ends them all."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from store.oidc import grants
from store.oidc.secrets import renew_refresh_token
from store.oidc.subjects import OidcSubject
from web.oidc.protocol.connection import connection
from web.oidc.protocol.relying import AUTH_METHODS, Refresh
from web.oidc.protocol.standing import subject_of


class RotatingGrant(RefreshTokenGrant):
    """Authlib's grant over our store."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def authenticate_refresh_token(self, refresh_token: str) -> Refresh | None:
        """The token, if it is the newest; one that was used ends its grant."""
        client_id = self.request.client.client_id
        found = grants.find_by_refresh_token(connection(), refresh_token, client_id)
        if found is None:
            return None
        grant, is_newest = found
        if not is_newest:
            grants.end(connection(), grant.grant_id)
            return None
        return None if grant.is_over else Refresh(grant, refresh_token)

    def authenticate_user(self, refresh_token: Refresh) -> OidcSubject:
        """Whose token it is.

        Raises: InvalidGrantError once they have no right to it any more.
        """
        subject = subject_of(connection(), refresh_token.grant)
        if subject is None:
            raise InvalidGrantError("The user may not sign in any more.")
        return subject

    def issue_token(self, user: OidcSubject, refresh_token: Refresh) -> dict[str, Any]:
        """New tokens; the new refresh token is good for all that was granted."""
        token: dict[str, Any] = super().issue_token(user, refresh_token)
        token["refresh_token"] = renew_refresh_token(refresh_token.text)
        return token

    def revoke_old_credential(self, refresh_token: Refresh) -> None:
        """Nothing: with the new tokens the old one was noted as used."""
