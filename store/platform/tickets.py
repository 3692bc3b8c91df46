"""The newest suite ticket, sealed, and the mailboxes that wait for one."""

from dataclasses import dataclass, field
from datetime import datetime

from store.database import Connection
from store.sealing import Keyring

# When a stored ticket was sent: no later than it arrived, whatever was stored once.
_SENT_AT = """least(suite_tickets.sent_at,
    date_trunc('second', suite_tickets.received_at))"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedTicket:
    """A suite ticket as it is stored and spilled."""

    suite_id: str
    ticket: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The newest ticket of a suite; tokens can be made from it for 30 minutes.

    Shape: `sent_at` is no later than its arrival, `dated` what WeCom's clock said.
    """

    ticket: str = field(repr=False)
    sent_at: datetime
    dated: datetime
    received_at: datetime


def seal_ticket(keyring: Keyring, *, suite_id: str, ticket: str) -> SealedTicket:
    """The ticket in its sealed form."""
    sealed = keyring.seal(ticket.encode(), place=ticket_place(suite_id))
    return SealedTicket(suite_id=suite_id, ticket=sealed)


def keep_ticket(
    connection: Connection, ticket: SealedTicket, *, sent_at: datetime | None
) -> bool:
    """Store the ticket unless a newer one is known; whether it was stored.

    On equal time stamps the later arrival wins; no ticket is newer than its arrival,
    and one that does not say when it was sent is as new as that. More than 25 min after
    the one before it, a ticket was missed, and with it perhaps events: that opens a
    gap.
    """
    cursor = connection.execute(
        f"""
        WITH said AS (
            SELECT least(%(sent_at)s::timestamptz,
                date_trunc('second', clock_timestamp())) AS sent_at
        ), known AS (
            SELECT {_SENT_AT} AS sent_at FROM suite_tickets
            WHERE suite_id = %(suite_id)s
        ), gap AS (
            INSERT INTO gaps (reason)
            SELECT 'ticket_late' FROM known, said
            WHERE known.sent_at < said.sent_at - INTERVAL '25 minutes'
            ON CONFLICT (reason) WHERE closed_at IS NULL DO NOTHING
        )
        INSERT INTO suite_tickets (suite_id, ticket, sent_at)
        SELECT %(suite_id)s, %(ticket)s, sent_at FROM said
        ON CONFLICT (suite_id) DO UPDATE
        SET ticket = excluded.ticket,
            sent_at = excluded.sent_at,
            received_at = clock_timestamp()
        WHERE {_SENT_AT} <= excluded.sent_at
        """,  # noqa: S608 - a constant of this module
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
        f"SELECT ticket, {_SENT_AT}, sent_at, received_at"  # noqa: S608 - a constant
        " FROM suite_tickets WHERE suite_id = %s",
        [suite_id],
    ).fetchone()
    if row is None:
        return None
    sealed, sent_at, dated, received_at = row
    ticket = keyring.open(sealed, place=ticket_place(suite_id)).decode()
    return Ticket(ticket=ticket, sent_at=sent_at, dated=dated, received_at=received_at)


def ticket_place(suite_id: str) -> str:
    """What a sealed ticket is bound to."""
    return f"ticket:{suite_id}"
