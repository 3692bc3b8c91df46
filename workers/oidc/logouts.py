"""Back-channel logout: posts a signed token to each relying party until it takes it.

Source: OpenID Connect Back-Channel Logout 1.0, sections 2.4 to 2.8.
"""

import logging
import secrets
import time
from http import HTTPStatus

import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from store.database import StoreUnavailable, transaction
from store.oidc import logouts, sealed_keys
from store.oidc.logouts import MOST_ATTEMPTS, Logout
from workers.runtime import Runtime

_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_TOKEN_SECONDS = 120
_CALL_SECONDS = 5.0
# A turn ends long before the queue's limit, however slowly the client answers.
_AT_ONCE = 10

_log = logging.getLogger(__name__)


def tell(runtime: Runtime, client_id: str) -> None:
    """Tell a relying party what is due.

    Repeats: harmless. What it did not take is due again, later each time; after about
    three hours it is given up.
    """
    runtime.bell.answer_logouts(client_id)
    try:
        again = _tell(runtime, client_id)
    except StoreUnavailable:
        _log.warning("logouts not told, store away", extra={"client_id": client_id})
        return
    if again:
        runtime.bell.ring_logouts(client_id)


def end_lost(runtime: Runtime) -> None:
    """End what members have granted who left or lost the scope, and have it told."""
    with transaction(runtime.pool) as connection:
        ended = logouts.end_lost(connection)
    if ended:
        _log.info("grants ended", extra={"grants": ended})


def ring_due(runtime: Runtime, *, limit: int) -> int:
    """Ring for relying parties that are to be told something; how many."""
    with transaction(runtime.pool) as connection:
        due = logouts.list_due(connection, limit=limit)
    for client_id in due:
        runtime.bell.ring_logouts(client_id)
    return len(due)


def _tell(runtime: Runtime, client_id: str) -> bool:
    with transaction(runtime.pool) as connection:
        due = logouts.take_due(connection, client_id, limit=_AT_ONCE)
        if not due:
            return False
        key = sealed_keys.obtain(connection, runtime.keyring)
    for each in due:
        fault = _post(each, _logout_token(each, runtime.settings.public_url, key))
        if fault is None or each.attempts >= MOST_ATTEMPTS:
            with transaction(runtime.pool) as connection:
                logouts.forget(connection, each.logout_id)
        if fault is not None:
            given_up = each.attempts >= MOST_ATTEMPTS
            extra = {"client_id": client_id, "error": fault, "given_up": given_up}
            _log.warning("logout not taken", extra=extra)
    return len(due) == _AT_ONCE


def _logout_token(logout: Logout, issuer: str, key: RSAKey) -> str:
    now = int(time.time())
    return jwt.encode(
        {"alg": "RS256", "kid": key.kid, "typ": "logout+jwt"},
        {
            "iss": issuer,
            "aud": logout.client_id,
            "sub": logout.account_id,
            "sid": logout.sid,
            "iat": now,
            "exp": now + _TOKEN_SECONDS,
            "jti": secrets.token_urlsafe(16),
            "events": {_EVENT: {}},
        },
        key,
    )


def _post(logout: Logout, token: str) -> str | None:
    """Why the relying party did not take it; None when it did."""
    try:
        # The body is not looked at: only the status counts.
        with requests.post(
            logout.back_channel_uri,
            data={"logout_token": token},
            timeout=_CALL_SECONDS,
            allow_redirects=False,
            stream=True,
        ) as answer:
            status = answer.status_code
    except (requests.RequestException, OSError) as error:
        return type(error).__name__
    good = status in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}
    return None if good else f"status {status}"
