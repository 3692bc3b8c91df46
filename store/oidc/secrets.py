"""Codes and tokens: random text for whoever is to have it, a hash for us."""

import hashlib
import secrets

_RANDOM_BYTES = 32
# Parts a refresh token's handle from what changes; neither part holds one.
_BETWEEN = "."


def new_secret() -> str:
    """A code, a token or a client's secret: 43 characters that nobody guesses."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def hash_of(secret: str) -> bytes:
    """What is kept of it: random bytes need no slow hash."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def renew_refresh_token(token: str | None = None) -> str:
    """A refresh token, or the one that follows: the same handle, another end."""
    handle = new_secret() if token is None else handle_of(token)
    return f"{handle}{_BETWEEN}{new_secret()}"


def handle_of(token: str) -> str:
    """The part that all refresh tokens of a grant share."""
    return token.partition(_BETWEEN)[0]
