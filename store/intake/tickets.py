"""The newest suite ticket, sealed, and the mailboxes that wait for one."""

from dataclasses import dataclass, field
from datetime import datetime

from store.database import Connection
from store.sealing import Keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedTicket:
    """A suite ticket as it is stored and spilled."""

    suite_id: str
    ticket: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The newest ticket of a suite; tokens can be made from it for 30 minutes."""

    ticket: str = field(repr=False)
    sent_at: datetime
    received_at: datetime


def seal_ticket(keyring: Keyring, *, suite_id: str, ticket: str) -> SealedTicket:
    """The ticket in its sealed form."""
    sealed = keyring.seal(ticket.encode(), place=_place(suite_id))
    return SealedTicket(suite_id=suite_id, ticket=sealed)


def keep_ticket(
    connection: Connection, ticket: SealedTicket, *, sent_at: datetime
) -> bool:
    """Store the ticket unless a newer one is known; whether it was stored.

    On equal time stamps the later arrival wins. More than 25 min after the one before
    it, a ticket was missed, and with it perhaps events: that opens a gap.
    """
    cursor = connection.execute(
        """
        WITH gap AS (
            INSERT INTO gaps (reason)
            SELECT 'ticket_late' FROM suite_tickets
            WHERE suite_id = %(suite_id)s
                AND sent_at < %(sent_at)s::timestamptz - INTERVAL '25 minutes'
            ON CONFLICT (reason) WHERE closed_at IS NULL DO NOTHING
        )
        INSERT INTO suite_tickets AS known (suite_id, ticket, sent_at)
        VALUES (%(suite_id)s, %(ticket)s, %(sent_at)s)
        ON CONFLICT (suite_id) DO UPDATE
        SET ticket = excluded.ticket,
            sent_at = excluded.sent_at,
            received_at = clock_timestamp()
        WHERE known.sent_at <= excluded.sent_at
        """,
        {"suite_id": ticket.suite_id, "ticket": ticket.ticket, "sent_at": sent_at},
    )
    return cursor.rowcount == 1


def wake_waiting(connection: Connection) -> tuple[str, ...]:
    """Make the mailboxes that wait for a ticket due, and return them to be rung."""
    # A locked mailbox is in a worker's hands; waiting for it would delay the answer.
    rows = connection.execute(
        """
        UPDATE mailboxes
        SET not_before = clock_timestamp(), waits_for = NULL
        WHERE mailbox IN (
            SELECT mailbox FROM mailboxes
            WHERE waits_for = 'ticket' FOR UPDATE SKIP LOCKED
        )
        RETURNING mailbox
        """
    ).fetchall()
    return tuple(mailbox for (mailbox,) in rows)


def find_ticket(
    connection: Connection, keyring: Keyring, *, suite_id: str
) -> Ticket | None:
    """The newest ticket of the suite, however old it is.

    Raises: SealBroken.
    """
    row = connection.execute(
        "SELECT ticket, sent_at, received_at FROM suite_tickets WHERE suite_id = %s",
        [suite_id],
    ).fetchone()
    if row is None:
        return None
    sealed, sent_at, received_at = row
    ticket = keyring.open(sealed, place=_place(suite_id)).decode()
    return Ticket(ticket=ticket, sent_at=sent_at, received_at=received_at)


def _place(suite_id: str) -> str:
    return f"ticket:{suite_id}"
