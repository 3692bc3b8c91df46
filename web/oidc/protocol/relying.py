"""Our rows as Authlib looks at them: the client, its code, its tokens."""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oidc.core import AuthorizationCodeMixin

from store.oidc.clients import Client
from store.oidc.grants import ACCESS_SECONDS, Grant
from store.oidc.subjects import OidcSubject
from web.oidc.protocol.scopes import Scope, known_scopes

AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")


@dataclass(frozen=True, slots=True)
class RelyingParty(ClientMixin):
    """A client; one that has a secret must show it."""

    client: Client

    @property
    def client_id(self) -> str:
        """Its id."""
        return self.client.client_id

    @property
    def client_metadata(self) -> dict[str, Any]:
        """What Authlib's endpoints look up by the standard's names."""
        return {"post_logout_redirect_uris": self.client.post_logout_uris}

    def get_client_id(self) -> str:
        """Its id."""
        return self.client.client_id

    def get_default_redirect_uri(self) -> None:
        """None: OpenID Connect has every request name it."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What is asked for and known; None without `openid`, which is refused."""
        asked = known_scopes(scope)
        return " ".join(asked) if Scope.OPENID in asked else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether it is one of the client's, character by character."""
        return redirect_uri in self.client.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether the secret is right."""
        return self.client.knows(client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Whether it may prove itself so: a public one cannot, the others must."""
        return (method == "none") == self.client.is_public

    def check_response_type(self, response_type: str) -> bool:
        """Whether it may have such an answer."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it may come with such a grant."""
        return grant_type in {"authorization_code", "refresh_token"}


@dataclass(frozen=True, slots=True)
class Authorisation(AuthorizationCodeMixin):
    """A code that is good."""

    grant: Grant

    @property
    def code_challenge(self) -> str | None:
        """What the verifier must fit."""
        return self.grant.code_challenge

    @property
    def code_challenge_method(self) -> str:
        """The only one there is."""
        return "S256"

    def get_redirect_uri(self) -> str:
        """Where the code was sent."""
        return self.grant.redirect_uri

    def get_scope(self) -> str:
        """What was granted."""
        return self.grant.scope

    def get_nonce(self) -> str | None:
        """What ties the ID token to the request."""
        return self.grant.nonce

    def get_auth_time(self) -> None:
        """None: ID tokens have it by their own rule."""

    def get_acr(self) -> None:
        """None: nothing is said of how strong the sign-in was."""

    def get_amr(self) -> None:
        """None, likewise."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token that is good, with its text."""

    grant: Grant
    text: str

    def check_client(self, client: RelyingParty) -> bool:
        """Whether it was given to this client."""
        return self.grant.client_id == client.client_id

    def get_scope(self) -> str:
        """What was granted."""
        return self.grant.scope


@dataclass(frozen=True, slots=True)
class Access(TokenMixin):
    """An access token that is good, and of whom it tells."""

    client: RelyingParty
    subject: OidcSubject
    scope: str

    def check_client(self, client: RelyingParty) -> bool:
        """Whether it was given to this client."""
        return self.client.client_id == client.client_id

    def get_scope(self) -> str:
        """What it is good for."""
        return self.scope

    def get_expires_in(self) -> int:
        """How long such tokens live."""
        return ACCESS_SECONDS

    def is_expired(self) -> bool:
        """False: one that is over is not found."""
        return False

    def is_revoked(self) -> bool:
        """False, likewise."""
        return False

    def get_user(self) -> OidcSubject:
        """Of whom it tells."""
        return self.subject

    def get_client(self) -> RelyingParty:
        """To whom it was given."""
        return self.client
