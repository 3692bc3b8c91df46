"""Who may work on a mailbox now: a lease whose token every commit checks."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from store.database import Connection

LEASE_SECONDS = 15
RENEW_SECONDS = 5

# Both take `mailbox` and `token`.
RELEASE = (
    "UPDATE leases SET token = NULL, expires_at = '-infinity'"
    " WHERE mailbox = %(mailbox)s AND token = %(token)s"
)
_PROLONGED = f"clock_timestamp() + interval '{LEASE_SECONDS} seconds'"
HOLD = (
    f"UPDATE leases SET expires_at = {_PROLONGED}"  # noqa: S608 - a constant of this module
    " WHERE mailbox = %(mailbox)s AND token = %(token)s"
)


class LeaseLost(Exception):
    """Another worker holds the lease; what was prepared must not be committed."""


def take(connection: Connection, mailbox: str) -> UUID | None:
    """The token of a lease just taken, or None while another holds it."""
    values = {"token": uuid4(), "seconds": LEASE_SECONDS, "mailbox": mailbox}
    taken = connection.execute(
        """
        UPDATE leases SET token = %(token)s,
            expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
        WHERE mailbox = (
            SELECT mailbox FROM leases
            WHERE mailbox = %(mailbox)s
                AND (token IS NULL OR expires_at < clock_timestamp())
            FOR UPDATE SKIP LOCKED
        )
        RETURNING token
        """,
        values,
    ).fetchone()
    row = taken or _take_first(connection, values)
    return row[0] if row else None


def _take_first(connection: Connection, values: Mapping[str, object]) -> Any:
    """The token if the mailbox never had a lease; without waiting for one it has.

    An INSERT alone would wait for whatever transaction holds the row, an apply of many
    seconds for example.
    """
    return connection.execute(
        """
        INSERT INTO leases (mailbox, token, expires_at)
        SELECT %(mailbox)s, %(token)s,
            clock_timestamp() + make_interval(secs => %(seconds)s)
        WHERE NOT EXISTS (SELECT FROM leases WHERE mailbox = %(mailbox)s)
        ON CONFLICT (mailbox) DO NOTHING RETURNING token
        """,
        values,
    ).fetchone()


def forget(connection: Connection, mailbox: str) -> None:
    """Let a lease be nobody's, whoever holds it; for a copy that only one works on."""
    connection.execute("DELETE FROM leases WHERE mailbox = %s", [mailbox])


def renew(connection: Connection, mailbox: str, token: UUID) -> bool:
    """Prolong the lease; whether it is still ours.

    A row that our own apply has locked is left alone: its commit prolongs the lease.
    """
    row = connection.execute(
        """
        WITH renewed AS (
            UPDATE leases
            SET expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
            WHERE mailbox = (
                SELECT mailbox FROM leases
                WHERE mailbox = %(mailbox)s AND token = %(token)s
                FOR UPDATE SKIP LOCKED
            )
            RETURNING mailbox
        )
        SELECT mailbox FROM renewed UNION ALL
        SELECT mailbox FROM leases WHERE mailbox = %(mailbox)s AND token = %(token)s
        """,
        {"seconds": LEASE_SECONDS, "mailbox": mailbox, "token": token},
    ).fetchone()
    return row is not None


def check(connection: Connection, mailbox: str, token: UUID) -> None:
    """Lock the lease for this transaction, so that nobody takes it before the commit.

    The commit prolongs it too: pages that follow each other closely leave the renewal
    no moment in which the row is free.

    Raises: LeaseLost.
    """
    held = connection.execute(HOLD, {"mailbox": mailbox, "token": token})
    if held.rowcount != 1:
        raise LeaseLost(mailbox)


def release(connection: Connection, mailbox: str, token: UUID) -> bool:
    """Give the lease back; False when it was no longer ours."""
    released = connection.execute(RELEASE, {"mailbox": mailbox, "token": token})
    return released.rowcount == 1
