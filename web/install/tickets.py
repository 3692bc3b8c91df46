"""The signature on the address of an intent, so that nobody can guess at them.

Of an intent for a new company the address is all there is until it is confirmed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from store.database import Connection
from store.installs import intents
from store.installs.intents import LIFETIME_SECONDS, Intent
from web.services import services

_SALT = "install intent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What an address bears; the edition of a new company and its end, if it is one."""

    intent_id: str
    edition: str | None = None
    expires_at: datetime | None = None


def address_of(intent_id: str) -> str:
    """The page that an intent of way 1 begins with, as the outside reaches it."""
    signed = _sign(Ticket(intent_id=intent_id))
    return f"{services().addresses.public}/install?intent={signed}"


def sign_wish(edition: str) -> str:
    """A new intent of way 2, as an address may carry it."""
    ticket = Ticket(
        intent_id=intents.new_intent_id(),
        edition=edition,
        expires_at=datetime.now(UTC) + timedelta(seconds=LIFETIME_SECONDS),
    )
    return _sign(ticket)


def sign(intent: Intent) -> str:
    """The intent as an address may carry it."""
    if intent.edition is None:
        return _sign(Ticket(intent_id=intent.intent_id))
    return _sign(
        Ticket(
            intent_id=intent.intent_id,
            edition=intent.edition,
            expires_at=intent.expires_at,
        )
    )


def read(signed: str) -> Ticket | None:
    """The ticket again; None when we did not sign this."""
    try:
        told = _serializer().loads(signed)
    except BadData:
        return None
    if isinstance(told, str):
        return Ticket(intent_id=told)
    intent_id, edition, expires_at = told
    return Ticket(
        intent_id=intent_id,
        edition=edition,
        expires_at=datetime.fromtimestamp(expires_at, UTC),
    )


def find_intent(connection: Connection, ticket: Ticket) -> Intent | None:
    """The intent of a ticket; one that is not kept yet as its address tells it."""
    intent = intents.find(connection, ticket.intent_id)
    if intent is not None or ticket.edition is None or ticket.expires_at is None:
        return intent
    return intents.wish_for(
        ticket.edition,
        intent_id=ticket.intent_id,
        expires_at=ticket.expires_at,
        now=datetime.now(UTC),
    )


def _sign(ticket: Ticket) -> str:
    if ticket.edition is None or ticket.expires_at is None:
        return str(_serializer().dumps(ticket.intent_id))
    ends = int(ticket.expires_at.timestamp())
    return str(_serializer().dumps([ticket.intent_id, ticket.edition, ends]))


def _serializer() -> URLSafeSerializer:
    # The library signs with the last key of the list and tries all of them.
    older: list[Any] = current_app.config["SECRET_KEY_FALLBACKS"]
    return URLSafeSerializer([*older, current_app.config["SECRET_KEY"]], salt=_SALT)
