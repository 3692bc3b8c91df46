"""The signature on the address of an intent, so that nobody can guess at them."""

from typing import Any

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from web.services import services

_SALT = "install intent"


def address_of(intent_id: str) -> str:
    """The page that an intent begins with, as the outside reaches it."""
    return f"{services().addresses.public}/install?intent={sign(intent_id)}"


def sign(intent_id: str) -> str:
    """The intent as an address may carry it."""
    return str(_serializer().dumps(intent_id))


def read(ticket: str) -> str | None:
    """The intent again; None when we did not sign this."""
    try:
        return str(_serializer().loads(ticket))
    except BadData:
        return None


def _serializer() -> URLSafeSerializer:
    # The library signs with the last key of the list and tries all of them.
    older: list[Any] = current_app.config["SECRET_KEY_FALLBACKS"]
    return URLSafeSerializer([*older, current_app.config["SECRET_KEY"]], salt=_SALT)
