"""Leases in force, takeovers, and when each timed job is due."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLease:
    """Who works on what now; `is_stranded` when its time is over and nobody gave it
    back: its worker died, and the next one takes it."""

    mailbox: str
    worker: str | None
    expires_at: datetime
    is_stranded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """Mail that a worker died over, and who took it."""

    taken_at: datetime
    mailbox: str
    dead_worker: str | None
    worker: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A timed job and when it is due next."""

    name: str
    due_at: datetime


def list_leases(connection: Connection, *, limit: int) -> list[HeldLease]:
    """The leases in force and the stranded ones, those first."""
    with connection.cursor(row_factory=class_row(HeldLease)) as cursor:
        cursor.execute(
            """
            SELECT mailbox, CASE WHEN open_claim IS NOT NULL THEN worker END AS worker,
                expires_at, expires_at < clock_timestamp() AS is_stranded
            FROM leases LEFT JOIN mailboxes USING (mailbox)
            WHERE token IS NOT NULL
            ORDER BY is_stranded DESC, expires_at DESC LIMIT %s
            """,
            [limit],
        )
        return cursor.fetchall()


def list_takeovers(connection: Connection, *, limit: int) -> list[Takeover]:
    """The newest takeovers."""
    with connection.cursor(row_factory=class_row(Takeover)) as cursor:
        cursor.execute(
            "SELECT taken_at, mailbox, dead_worker, worker, events FROM takeovers"
            " ORDER BY taken_at DESC LIMIT %s",
            [limit],
        )
        return cursor.fetchall()


def list_schedule(connection: Connection) -> list[Scheduled]:
    """Every timed job, the next one first."""
    with connection.cursor(row_factory=class_row(Scheduled)) as cursor:
        cursor.execute("SELECT name, due_at FROM schedule ORDER BY due_at, name")
        return cursor.fetchall()


def prune_takeovers(connection: Connection) -> int:
    """Forget takeovers after three months."""
    return connection.execute(
        "DELETE FROM takeovers WHERE taken_at < clock_timestamp() - interval '92 days'"
    ).rowcount
