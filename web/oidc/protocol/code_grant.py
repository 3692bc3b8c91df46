"""The authorisation code: a request, a code for a minute, tokens for it once."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9101.errors import (
    RequestNotSupportedError,
    RequestUriNotSupportedError,
)

from store.oidc import grants
from store.oidc.grants import NewGrant
from store.oidc.secrets import new_secret
from store.oidc.subjects import OidcSubject
from web.oidc.protocol.connection import connection
from web.oidc.protocol.relying import AUTH_METHODS, Authorisation, RelyingParty
from web.oidc.protocol.standing import subject_of
from web.sessions.session import current_sid, get_session


class CodeGrant(AuthorizationCodeGrant):
    """Authlib's grant over our store."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def generate_authorization_code(self) -> str:
        """A new code."""
        return new_secret()

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        """Remember what was granted, in the session of this browser."""
        given, subject = request.payload.data, request.user
        grants.begin(
            connection(),
            NewGrant(
                client_id=request.client.client_id,
                corp_pk=subject.member.corp_pk,
                member_pk=subject.member.member_pk,
                account_id=subject.account_id,
                sid=current_sid() or "",
                scope=request.scope,
                nonce=given.get("nonce"),
                auth_time=get_session().began_at,
                tells_auth_time="max_age" in given,
                code=code,
                code_challenge=given.get("code_challenge"),
                redirect_uri=self.redirect_uri,
            ),
        )

    def query_authorization_code(
        self, code: str, client: RelyingParty
    ) -> Authorisation | None:
        """The code, if it is good; one that comes a second time ends its grant."""
        grant = grants.find_by_code(connection(), code, client.client_id)
        if grant is None or grant.is_over:
            return None
        if grant.code_used:
            grants.end(connection(), grant.grant_id)
            return None
        return Authorisation(grant)

    def authenticate_user(
        self, authorization_code: Authorisation
    ) -> OidcSubject | None:
        """Whose code it is, if they still have the right to it."""
        return subject_of(connection(), authorization_code.grant)

    def delete_authorization_code(self, authorization_code: Authorisation) -> None:
        """Nothing: with the tokens the code was noted as used."""


class Pkce(CodeChallenge):
    """S256 or nothing, and for public clients never nothing."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Refuse `plain`, said or left out, and a public client without a challenge."""
        given = grant.request.payload.data
        challenge, method = (
            given.get("code_challenge"),
            given.get("code_challenge_method"),
        )
        if challenge is None and method is None:
            if grant.request.client.client.is_public:
                raise InvalidRequestError("Missing 'code_challenge'")
            return
        if method != "S256":
            raise InvalidRequestError("'code_challenge_method' must be S256")
        super().validate_code_challenge(grant, redirect_uri)


class OwnRules:
    """What we refuse of requests beside what Authlib does."""

    def __call__(self, grant: Any) -> None:
        """Have the rules looked at once client and redirect URI are known."""
        grant.register_hook("after_validate_authorization_request_payload", _check)


def _check(grant: Any, redirect_uri: str) -> None:
    payload = grant.request.payload
    if "request" in payload.data:
        raise RequestNotSupportedError
    if "request_uri" in payload.data:
        raise RequestUriNotSupportedError
    if payload.data.get("response_mode", "query") != "query":
        raise InvalidRequestError("'response_mode' must be query")
    for name, values in payload.datalist.items():
        if len(values) > 1:
            raise InvalidRequestError(f"Multiple '{_shown(name)}' in request.")
    age = payload.data.get("max_age")
    if age is not None and not (age.isascii() and age.isdigit() and len(age) < 10):
        raise InvalidRequestError("'max_age' must be a whole number of seconds")


def _shown(name: str) -> str:
    # Anything else may not stand in an error's description.
    return name if name.isascii() and name.isidentifier() else "parameter"
