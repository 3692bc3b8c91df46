"""Lends stored tokens and tickets to the client, a short transaction each time."""

from datetime import datetime
from uuid import UUID

from store.database import Pool, glance, transaction
from store.platform import tickets, tokens
from store.sealing import Keyring
from wecom.tokens import HeldTicket, StoredToken


class SharedTokens:
    """The client's token store, the same for every process.

    Nothing is remembered here: a token that one process drops is gone for all.
    """

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring

    def find(self, owner: str) -> StoredToken | None:
        """The owner's token, valid or not."""
        with glance(self._pool) as connection:
            held = tokens.find(connection, self._keyring, owner=owner)
        if held is None:
            return None
        return StoredToken(value=held.value, expires_at=held.expires_at)

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

    def drop(self, owner: str, *, token: str) -> None:
        """Forget the owner's token if it is still this one."""
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
