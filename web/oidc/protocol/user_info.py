"""Userinfo: what an access token lets its bearer know, as things stand now."""

from typing import Any

from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oidc.core import UserInfo, UserInfoEndpoint

from store.oidc import clients, grants
from store.oidc.subjects import OidcSubject
from web.oidc.protocol.connection import connection
from web.oidc.protocol.relying import Access, RelyingParty
from web.oidc.protocol.scopes import claims_of
from web.oidc.protocol.standing import subject_of


class _Validator(BearerTokenValidator):
    def authenticate_token(self, token_string: str) -> Access | None:
        found = grants.find_access_token(connection(), token_string)
        if found is None:
            return None
        client = clients.find(connection(), found.grant.client_id)
        subject = subject_of(connection(), found.grant)
        if client is None or subject is None:
            return None
        return Access(RelyingParty(client), subject, found.scope)


class _UserInfo(UserInfoEndpoint):
    def generate_user_info(self, user: OidcSubject, scope: str) -> UserInfo:
        return UserInfo(claims_of(user, scope))


def make_user_info() -> Any:
    """The endpoint, with what looks tokens up."""
    protector = ResourceProtector()
    protector.register_token_validator(_Validator())
    return _UserInfo(resource_protector=protector)
