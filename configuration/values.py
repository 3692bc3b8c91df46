"""From what is written to what is meant: numbers, switches, keys, secrets, times.

Each raises a ValueError that says how to write it, and never repeats what was written.
"""

import base64
import binascii
import ipaddress
import re
import zoneinfo
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from cronsim import CronSim, CronSimError

from domain.reconcile.guard import MOST_WINDOW_HOURS

Switch = Literal["on", "off"]
Unmatched = Literal["ask", "create"]

KEY_BYTES = 32
AES_KEY_CHARACTERS = 43
# It opens everything, and is all that a guesser needs.
LEAST_TOKEN_CHARACTERS = 32
MOST_DAYS = 3650
MOST_PROXIES = 16
MOST_PARALLEL_CALLS = 256

_CRON_FIELDS = 5
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def port(text: str) -> int:
    """A port to listen on."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise ValueError("must be a port, 1 to 65535")
    return int(text)


def listening_address(text: str) -> str:
    """An address to listen on, v6 without brackets."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if bare == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        raise ValueError(
            "must be an address of this machine without a port: 0.0.0.0 (every IPv4 "
            "address), :: (every address, IPv4 and IPv6), 127.0.0.1 (this machine only)"
        ) from None


def natural(text: str) -> int:
    """A whole number, 0 or more."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError("must be a whole number, 0 or more")
    return int(text)


def count(text: str) -> int:
    """A whole number, 1 or more."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise ValueError("must be a whole number, 1 or more")
    return int(text)


def number_within(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number that is neither smaller nor larger."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number, {least} to {most}")
        return int(text)

    return parse


window_hours = number_within(1, MOST_WINDOW_HOURS)


def share(text: str) -> float:
    """A part of the whole."""
    if not re.fullmatch(r"[0-9]{0,3}\.?[0-9]{1,9}", text) or not float(text) <= 1:
        raise ValueError("must be a share between 0 and 1, such as 0.10")
    return float(text)


def switch(text: str) -> Switch:
    """On or off."""
    if text == "on":
        return "on"
    if text == "off":
        return "off"
    raise ValueError("must be on or off")


def unmatched(text: str) -> Unmatched:
    """What becomes of members whom no account matches."""
    if text == "ask":
        return "ask"
    if text == "create":
        return "create"
    raise ValueError("must be ask or create")


def secret(text: str) -> str:
    """An id or a secret as a platform shows it."""
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError(
            "must be copied as it is shown: letters, digits and signs without blanks; "
            "no wide characters, no comment behind it"
        )
    return text


def bearer(text: str) -> str:
    """A token that opens everything."""
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("must be printable ASCII without blanks")
    if len(text) < LEAST_TOKEN_CHARACTERS:
        raise ValueError(
            f"must have at least {LEAST_TOKEN_CHARACTERS} characters "
            "(openssl rand -base64 32)"
        )
    return text


def secret_keys(text: str) -> tuple[bytes, ...]:
    """Keys to seal with, the first, and to open with."""
    return tuple(_secret_key(part.strip()) for part in text.split(","))


def _secret_key(text: str) -> bytes:
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        key = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(
            "each key must be 32 random bytes in base64, separated by commas "
            "(openssl rand -base64 32)"
        )
    return key


def aes_key(text: str) -> str:
    """An EncodingAESKey."""
    if not re.fullmatch(rf"[A-Za-z0-9]{{{AES_KEY_CHARACTERS}}}", text):
        raise ValueError("must be the 43 letters and digits shown by WeCom")
    return text


def cron(text: str) -> str:
    """Five cron fields that come due some day."""
    fault = "must be five cron fields, such as 0 2 * * *"
    if len(text.split()) != _CRON_FIELDS:
        raise ValueError(fault)
    try:
        next(CronSim(text, _EPOCH))
    except CronSimError:
        raise ValueError(fault) from None
    except StopIteration:
        raise ValueError("names a day that never comes") from None
    return text


def time_zone(text: str) -> str:
    """The name of a time zone."""
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be a zone name such as Asia/Shanghai") from None
    return text
