"""Authlib's server over our store: which grants there are, how tokens look."""

from typing import Any, cast

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload
from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc9207 import IssuerParameter
from flask import Flask, current_app
from flask import request as flask_request
from werkzeug.datastructures import MultiDict

from store.oidc import clients, grants
from store.oidc.secrets import new_secret, renew_refresh_token
from store.oidc.subjects import OidcSubject
from web.oidc.protocol.code_grant import CodeGrant, OwnRules, Pkce
from web.oidc.protocol.connection import connection
from web.oidc.protocol.id_tokens import CodeIdToken, RefreshedIdToken, grant_of
from web.oidc.protocol.logout import EndSession
from web.oidc.protocol.refresh_grant import RotatingGrant
from web.oidc.protocol.relying import RelyingParty
from web.oidc.protocol.revocation import Revocation
from web.oidc.protocol.scopes import Scope
from web.oidc.protocol.user_info import make_user_info
from web.services import services

_NAME = "sync-oidc"


class Request(OAuth2Request):
    """A request as Authlib reads it.

    Whether browsers reach us by https is PUBLIC_URL's to say: behind a proxy the
    request's own address does not tell.
    """

    def __init__(self) -> None:
        super().__init__(
            method=flask_request.method,
            uri="https://provider.invalid" + flask_request.full_path,
            headers=flask_request.headers,
        )
        self.payload = FlaskOAuth2Payload(flask_request)

    @property
    def args(self) -> MultiDict[str, str]:
        """The query."""
        return flask_request.args

    @property
    def form(self) -> MultiDict[str, str]:
        """The body."""
        return flask_request.form


class Provider(AuthorizationServer):
    """The provider; one for each application."""

    def create_oauth2_request(self, request: object) -> Request:
        """The request that is being answered."""
        return Request()

    def query_client(self, client_id: str) -> RelyingParty | None:
        """The client of an id."""
        found = clients.find(connection(), client_id)
        return None if found is None else RelyingParty(found)

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Remember the hashes of what is given out."""
        grants.note_tokens(
            connection(),
            grant_of(request),
            access_token=token["access_token"],
            scope=token["scope"],
            refresh_token=token.get("refresh_token"),
        )


class _Issuer(IssuerParameter):
    def get_issuer(self) -> str:
        return services().addresses.public


class _Bearer(BearerTokenGenerator):
    """Tokens of random text; a refresh token only for `offline_access`."""

    def __call__(
        self,
        grant_type: str,
        client: RelyingParty,
        user: OidcSubject | None = None,
        scope: str = "",
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        offline = include_refresh_token and Scope.OFFLINE_ACCESS in scope.split()
        token: dict[str, Any] = self.generate(
            grant_type, client, user, scope, expires_in, offline
        )
        return token


def install(app: Flask) -> None:
    """Give an application its provider."""
    server = Provider(app)
    server.register_token_generator(
        "default",
        _Bearer(
            lambda **_: new_secret(),
            lambda **_: renew_refresh_token(),
            grants.ACCESS_SECONDS,
        ),
    )
    server.register_grant(
        CodeGrant, [Pkce(required=True), OwnRules(), CodeIdToken(require_nonce=False)]
    )
    server.register_grant(RotatingGrant, [RefreshedIdToken()])
    server.register_extension(lambda provider: _Issuer()(provider))
    server.register_endpoint(Revocation)
    server.register_endpoint(EndSession)
    server.register_endpoint(make_user_info())
    app.extensions[_NAME] = server


def provider() -> Provider:
    """The provider of the application that answers this request."""
    return cast(Provider, current_app.extensions[_NAME])
