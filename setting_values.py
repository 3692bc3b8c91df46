"""What the text of each setting must look like; a wrong one is told without its value.

Raises: each of these ValueError, with what the text must be.
"""

import base64
import binascii
import re
import zoneinfo
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from cronsim import CronSim, CronSimError

from domain.guard import MOST_WINDOW_HOURS

GuardSwitch = Literal["on", "off"]
Unmatched = Literal["ask", "create"]

KEY_BYTES = 32
CRON_FIELDS = 5
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
AES_KEY_CHARACTERS = 43
# It opens everything, and is all that a guesser needs.
LEAST_TOKEN_CHARACTERS = 32
# As Standard Webhooks asks for.
LEAST_WEBHOOK_BYTES = 24


def redis_url(text: str) -> str:
    """An address of Redis."""
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must look like redis://host:6379/0")
    return text


def url(text: str) -> str:
    """A full http address, without a slash at its end."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError("must be a full address such as https://sync.example.com")
    return text.rstrip("/")


def issuer(text: str) -> str:
    """An OpenID provider's name for itself, to the letter."""
    # Compared to the letter with what the provider calls itself: nothing is cut off.
    return url(text) and text


def apprise_urls(text: str) -> tuple[str, ...]:
    """Addresses of Apprise, parted by commas."""
    # An address may have commas of its own; the next one begins with its scheme.
    parts = re.split(r"\s*,\s*(?=[A-Za-z][A-Za-z0-9+]*://)", text.strip(" ,"))
    for number, part in enumerate(parts, start=1):
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+]*://\S+", part):
            raise ValueError(f"address {number} must look like wecombot://KEY")
    return tuple(parts)


def webhook_secret(text: str) -> str:
    """A secret of Standard Webhooks."""
    try:
        digits = text.removeprefix("whsec_").rstrip("=")
        key = base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < LEAST_WEBHOOK_BYTES:
        raise ValueError(
            f"must be whsec_ and at least {LEAST_WEBHOOK_BYTES} random bytes in base64 "
            "(openssl rand -base64 32)"
        )
    return text


def port(text: str) -> int:
    """A port."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ValueError("must be a port, 1 to 65535")
    return int(text)


def natural(text: str) -> int:
    """A whole number, 0 or more."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError("must be a whole number, 0 or more")
    return int(text)


def count(text: str) -> int:
    """A whole number, 1 or more."""
    if natural(text) == 0:
        raise ValueError("must be a whole number, 1 or more")
    return int(text)


def window(text: str) -> int:
    """A number of hours that the guard can look back."""
    if natural(text) == 0 or int(text) > MOST_WINDOW_HOURS:
        raise ValueError(f"must be a whole number, 1 to {MOST_WINDOW_HOURS}")
    return int(text)


def share(text: str) -> float:
    """A share between 0 and 1."""
    share = float(text) if re.fullmatch(r"[0-9]*\.?[0-9]+", text) else -1.0
    if not 0 <= share <= 1:
        raise ValueError("must be a share between 0 and 1, such as 0.10")
    return share


def secret_keys(text: str) -> tuple[bytes, ...]:
    """Keys in base64, parted by commas."""
    return tuple(secret_key(part.strip()) for part in text.split(","))


def secret_key(text: str) -> bytes:
    """One key in base64, of either alphabet."""
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        key = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(
            "each key must be 32 random bytes in base64, separated by commas "
            "(openssl rand -base64 32)"
        )
    return key


def bearer(text: str) -> str:
    """A token that cannot be guessed."""
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("must be printable ASCII without blanks")
    if len(text) < LEAST_TOKEN_CHARACTERS:
        raise ValueError(
            f"must have at least {LEAST_TOKEN_CHARACTERS} characters "
            "(openssl rand -base64 32)"
        )
    return text


def aes_key(text: str) -> str:
    """The key as WeCom shows it."""
    if not re.fullmatch(rf"[A-Za-z0-9]{{{AES_KEY_CHARACTERS}}}", text):
        raise ValueError("must be the 43 letters and digits shown by WeCom")
    return text


def cron(text: str) -> str:
    """Five cron fields."""
    try:
        CronSim(text, _EPOCH)
    except CronSimError as error:
        raise ValueError("must be five cron fields, such as 0 2 * * *") from error
    if len(text.split()) != CRON_FIELDS:
        raise ValueError("must be five cron fields, such as 0 2 * * *")
    return text


def time_zone(text: str) -> str:
    """The name of a time zone."""
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("must be a zone name such as Asia/Shanghai") from error
    return text


def switch(text: str) -> GuardSwitch:
    """on or off."""
    if text == "on":
        return "on"
    if text == "off":
        return "off"
    raise ValueError("must be on or off")


def unmatched(text: str) -> Unmatched:
    """ask or create."""
    if text == "ask":
        return "ask"
    if text == "create":
        return "create"
    raise ValueError("must be ask or create")
