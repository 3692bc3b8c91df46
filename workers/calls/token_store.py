"""Lends stored tokens and tickets to the client; a fresh token is read once."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from store.database import Pool, glance, transaction
from store.platform import tickets, tokens
from store.sealing import Keyring
from wecom.tokens import AHEAD, HeldTicket, StoredToken

_MOST_OWNERS = 5_000


def _now() -> datetime:
    return datetime.now(UTC)


class SharedTokens:
    """The client's token store, the same for every process; safe between threads.

    A token is remembered while it is fresh. Another process may have dropped it
    meanwhile: then WeCom refuses it here too, and whoever drops what is no longer the
    stored one finds the one that took its place.
    """

    def __init__(
        self, pool: Pool, keyring: Keyring, *, now: Callable[[], datetime] = _now
    ) -> None:
        self._pool = pool
        self._keyring = keyring
        self._now = now
        self._lock = threading.Lock()
        self._fresh: OrderedDict[str, StoredToken] = OrderedDict()

    def find(self, owner: str) -> StoredToken | None:
        """The owner's token, valid or not; one that is due to be renewed as stored."""
        with self._lock:
            known = self._fresh.get(owner)
        if known is not None and self._is_fresh(known):
            return known
        with glance(self._pool) as connection:
            held = tokens.find(connection, self._keyring, owner=owner)
        if held is None:
            return None
        found = StoredToken(value=held.value, expires_at=held.expires_at)
        self._remember(owner, found)
        return found

    def save(self, owner: str, *, token: str, expires_at: datetime) -> None:
        """Replace the owner's token."""
        with glance(self._pool) as connection:
            tokens.save(
                connection,
                self._keyring,
                owner=owner,
                token=token,
                expires_at=expires_at,
            )
        self._remember(owner, StoredToken(value=token, expires_at=expires_at))

    def drop(self, owner: str, *, token: str) -> None:
        """Forget the owner's token if it is still this one."""
        with self._lock:
            known = self._fresh.get(owner)
            if known is not None and known.value == token:
                del self._fresh[owner]
        with transaction(self._pool) as connection:
            tokens.drop(connection, self._keyring, owner=owner, token=token)

    def claim_refresh(self, owner: str, *, seconds: float) -> UUID | None:
        """The right to fetch a new token now, or None while another has it."""
        with glance(self._pool) as connection:
            return tokens.claim_refresh(connection, owner=owner, seconds=seconds)

    def claim_ahead(self, owner: str, *, seconds: float) -> UUID | None:
        """The right to fetch one ahead of time, or None while that is to rest."""
        with glance(self._pool) as connection:
            return tokens.claim_ahead(connection, owner=owner, seconds=seconds)

    def release_refresh(self, owner: str, claim: UUID) -> None:
        """End this very claim; once it has passed to another nothing happens."""
        with glance(self._pool) as connection:
            tokens.release_refresh(connection, owner=owner, claim=claim)

    def rest(self, owner: str, claim: UUID, *, seconds: float) -> None:
        """End this very claim, and let nobody fetch ahead of time for so long."""
        with glance(self._pool) as connection:
            tokens.rest(connection, owner=owner, claim=claim, seconds=seconds)

    def _is_fresh(self, token: StoredToken) -> bool:
        return token.expires_at - AHEAD > self._now()

    def _remember(self, owner: str, token: StoredToken) -> None:
        if not self._is_fresh(token):
            return
        with self._lock:
            self._fresh[owner] = token
            self._fresh.move_to_end(owner)
            if len(self._fresh) > _MOST_OWNERS:
                self._fresh.popitem(last=False)


class SharedTickets:
    """The client's ticket source: what the receiver kept."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring

    def find_ticket(self, suite_id: str) -> HeldTicket | None:
        """The newest ticket of a suite, however old."""
        with glance(self._pool) as connection:
            ticket = tickets.find_ticket(connection, self._keyring, suite_id=suite_id)
        if ticket is None:
            return None
        return HeldTicket(value=ticket.ticket, sent_at=ticket.sent_at)
