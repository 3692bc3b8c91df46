"""What clients call: discovery, keys, tokens, userinfo, revocation."""

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from web.access import Audience, seen_by
from web.oidc.blueprint import oidc_calls
from web.oidc.protocol.connection import opened
from web.oidc.protocol.id_tokens import ALGORITHM
from web.oidc.protocol.logout import list_keys
from web.oidc.protocol.provider import provider
from web.oidc.protocol.relying import AUTH_METHODS
from web.oidc.protocol.scopes import Scope
from web.services import services

_CLAIMS = (
    *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "sid", "at_hash"),
    *("corp", "company", "userid"),
    *("name", "preferred_username", "email", "email_verified"),
)


@oidc_calls.get("/.well-known/openid-configuration")
@seen_by(Audience.ANYONE)
def discover() -> ResponseReturnValue:
    """Where everything is, and what of the standard is done here."""
    return {
        **_addresses(),
        "scopes_supported": list(Scope),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_supported": list(_CLAIMS),
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "ui_locales_supported": ["zh-CN", "en"],
    }


@oidc_calls.get("/oidc/jwks")
@seen_by(Audience.ANYONE)
def show_keys() -> ResponseReturnValue:
    """The public keys of ID tokens that are good now."""
    with opened():
        return {"keys": list_keys()}


@oidc_calls.post("/oidc/token")
@seen_by(Audience.ANYONE)
def give_tokens() -> ResponseReturnValue:
    """Tokens for a code or for a refresh token."""
    with opened():
        answer: ResponseReturnValue = provider().create_token_response()
    return answer


@oidc_calls.route("/oidc/userinfo", methods=["GET", "POST"])
@seen_by(Audience.ANYONE)
def tell_of_user() -> ResponseReturnValue:
    """What the bearer of an access token may know of the member, as it is now."""
    with opened():
        answer: ResponseReturnValue = provider().create_endpoint_response("userinfo")
    return answer


@oidc_calls.post("/oidc/revoke")
@seen_by(Audience.ANYONE)
def revoke() -> ResponseReturnValue:
    """A token is given back."""
    with opened():
        answer: ResponseReturnValue = provider().create_endpoint_response("revocation")
    return answer


def _addresses() -> dict[str, Any]:
    public = services().addresses.public
    routes = {
        "authorization_endpoint": "oidc.authorize",
        "token_endpoint": "oidc_calls.give_tokens",
        "userinfo_endpoint": "oidc_calls.tell_of_user",
        "jwks_uri": "oidc_calls.show_keys",
        "end_session_endpoint": "oidc.log_out",
        "revocation_endpoint": "oidc_calls.revoke",
    }
    return {
        "issuer": public,
        **{name: public + url_for(route) for name, route in routes.items()},
    }
