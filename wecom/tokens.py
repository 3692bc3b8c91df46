"""Keeps tokens: shared by all processes, renewed ahead of time and by one at a time.

Fetching a token again gives the same one until it expires, so a lost race is harmless.
Source: WeCom 90600, 90605.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from wecom.errors import (
    Throttled,
    TicketMissing,
    TokenExpired,
    Unavailable,
)
from wecom.wire import Token

AHEAD = timedelta(seconds=300)
TICKET_AGE = timedelta(minutes=30)
# Longer than one call may take, so that a slow refresh is not done twice.
REFRESH_SECONDS = 12.0
# While the old token lasts, one try a minute: WeCom may return the same one.
AHEAD_SECONDS = 60.0
WAIT_SECONDS = 1.0
WAIT_STEP_SECONDS = 0.1

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """A token and when it stops being valid."""

    value: str = field(repr=False)
    expires_at: datetime


class TokenStore(Protocol):
    """Tokens by owner, the same for every process; an owner is a short text key."""

    def find(self, owner: str) -> StoredToken | None:
        """The owner's token, valid or not."""

    def save(self, owner: str, *, token: str, expires_at: datetime) -> None:
        """Replace the owner's token."""

    def drop(self, owner: str, *, token: str) -> None:
        """Forget the owner's token if it is still this one."""

    def claim_refresh(self, owner: str, *, seconds: float) -> UUID | None:
        """The right to fetch a new token now, for so long nobody else's; None: taken.

        A rest between tries ahead of time forbids nothing here.
        """

    def claim_ahead(self, owner: str, *, seconds: float) -> UUID | None:
        """The same while the old token lasts: a rest forbids it, too."""

    def release_refresh(self, owner: str, claim: UUID) -> None:
        """End this very claim; once it has passed to another nothing happens."""

    def rest(self, owner: str, claim: UUID, *, seconds: float) -> None:
        """End this very claim, and let nobody fetch ahead of time for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTicket:
    """The newest ticket known, and when WeCom sent it."""

    value: str = field(repr=False)
    sent_at: datetime


class TicketSource(Protocol):
    """Where the pushed tickets are kept."""

    def find_ticket(self, suite_id: str) -> HeldTicket | None:
        """The newest ticket of a suite, however old."""


class Tokens:
    """Hands out tokens from the store and renews them; safe between threads."""

    def __init__(
        self,
        store: TokenStore,
        *,
        now: Callable[[], datetime],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._now = now
        self._wait = wait

    def obtain(self, owner: str, fetch: Callable[[], Token]) -> StoredToken:
        """A valid token of the owner, fetched only when that is due.

        Raises: Unavailable when another worker fetches it for more than a second, and
        whatever `fetch` raises when no valid token is held.
        """
        held = self._store.find(owner)
        if held is None or held.expires_at <= self._now():
            return self._fetched_now(owner, fetch)
        if self.is_fresh(held):
            return held
        return self._fetched_ahead(owner, fetch, held)

    def is_fresh(self, token: StoredToken) -> bool:
        """Whether a token is not due to be renewed."""
        return token.expires_at - AHEAD > self._now()

    def discard(self, owner: str, token: StoredToken) -> None:
        """Forget a token that WeCom refused; the next one is fetched at once.

        Whoever fetches it already keeps the right to: many are refused one token, one
        after another, and all want the same new one.
        """
        self._store.drop(owner, token=token.value)

    def _fetched_ahead(
        self, owner: str, fetch: Callable[[], Token], held: StoredToken
    ) -> StoredToken:
        claim = self._store.claim_ahead(owner, seconds=REFRESH_SECONDS)
        if claim is None:
            return held
        try:
            return self._fetch(owner, fetch)
        except (Unavailable, Throttled, TicketMissing):
            return held
        finally:
            self._store.rest(owner, claim, seconds=AHEAD_SECONDS)

    def _fetched_now(self, owner: str, fetch: Callable[[], Token]) -> StoredToken:
        claim = self._store.claim_refresh(owner, seconds=REFRESH_SECONDS)
        if claim is None:
            return self._awaited(owner)
        try:
            # Another worker may have finished between our look and our claim.
            return self._find_valid(owner) or self._fetch(owner, fetch)
        finally:
            self._store.release_refresh(owner, claim)

    def _fetch(self, owner: str, fetch: Callable[[], Token]) -> StoredToken:
        asked_at = self._now()
        token = fetch()
        expires_at = asked_at + timedelta(seconds=token.expires_in)
        self._store.save(owner, token=token.value, expires_at=expires_at)
        return StoredToken(value=token.value, expires_at=expires_at)

    def _awaited(self, owner: str) -> StoredToken:
        for _ in range(round(WAIT_SECONDS / WAIT_STEP_SECONDS)):
            self._wait(WAIT_STEP_SECONDS)
            found = self._find_valid(owner)
            if found is not None:
                return found
        raise Unavailable(
            "another worker is fetching the token", wait_seconds=WAIT_SECONDS
        )

    def _find_valid(self, owner: str) -> StoredToken | None:
        held = self._store.find(owner)
        return held if held is not None and held.expires_at > self._now() else None


class TokenHolder:
    """One owner's token as a series of calls needs it; safe between threads.

    The token is remembered while it is fresh, so that not every call asks the store.
    """

    def __init__(
        self, tokens: Tokens, *, owner: str, fetch: Callable[[], Token]
    ) -> None:
        self._tokens = tokens
        self._owner = owner
        self._fetch = fetch
        self._held: StoredToken | None = None

    def call(self, request: Callable[[str], Answer]) -> Answer:
        """What `request` answers with the token; once more with a new one if refused.

        Raises: TokenExpired when the new token is refused too.
        """
        token = self._token()
        try:
            return request(token.value)
        except TokenExpired:
            # Another thread may have a newer one in hand by now.
            if self._held is token:
                self._held = None
            self._tokens.discard(self._owner, token)
        return request(self._token().value)

    def _token(self) -> StoredToken:
        held = self._held
        if held is None or not self._tokens.is_fresh(held):
            held = self._held = self._tokens.obtain(self._owner, self._fetch)
        return held


def get_ticket(source: TicketSource, suite_id: str, *, now: datetime) -> HeldTicket:
    """The newest ticket of a suite that a token can still be made from.

    Raises: TicketMissing.
    """
    ticket = source.find_ticket(suite_id)
    if ticket is None:
        raise TicketMissing("no suite_ticket has arrived yet")
    if now - ticket.sent_at > TICKET_AGE:
        raise TicketMissing("the last suite_ticket is older than 30 minutes")
    return ticket
