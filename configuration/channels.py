"""Settings that name other services: the channels of alerts, the OpenID provider.

Raises: each of these ValueError, with what the text must be and without the text.
"""

import base64
import binascii
import re

from configuration.values import secret
from configuration.web_addresses import address

# As Standard Webhooks asks for.
LEAST_WEBHOOK_BYTES = 24

_APPRISE = r"[A-Za-z][A-Za-z0-9+]*://"


def apprise_addresses(text: str) -> tuple[str, ...]:
    """Addresses of Apprise, parted by commas; one may have commas of its own."""
    parts = re.split(rf"\s*,\s*(?={_APPRISE})", text.strip(" ,"))
    for number, part in enumerate(parts, start=1):
        if not re.fullmatch(rf"{_APPRISE}\S+", part):
            raise ValueError(f"address {number} must look like wecombot://KEY")
        if re.search(rf"[;，；、|]\s*{_APPRISE}", part):
            raise ValueError(f"address {number} holds another: part them by commas")
    return tuple(parts)


def webhook_address(text: str) -> str:
    """Where a webhook is posted to: a query may stand behind it, and is a secret."""
    before, mark, query = text.partition("?")
    if "#" in text:
        raise ValueError("must end before any #")
    address(before)
    return f"{before}{mark}{query}"


def webhook_secret(text: str) -> str:
    """A secret of Standard Webhooks."""
    digits = text.removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < LEAST_WEBHOOK_BYTES:
        raise ValueError(
            f"must be whsec_ and at least {LEAST_WEBHOOK_BYTES} random bytes in base64 "
            "(openssl rand -base64 32)"
        )
    return text


def issuer(text: str) -> str:
    """An OpenID provider's name for itself, compared to the letter: a slash counts."""
    address(text)
    if "/.well-known/" in text:
        raise ValueError("must end before /.well-known, which is added to it")
    return text


def claim_path(text: str) -> str:
    """The name of a claim, or names from claim to claim with a dot between them."""
    if not all(secret(text).split(".")):
        raise ValueError("must be a claim such as roles, or realm_access.roles")
    return text
