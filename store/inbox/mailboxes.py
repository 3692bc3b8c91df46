"""The state of a mailbox itself: when it may be drained, and how much at once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.database import Connection
from store.writes import ALLOWED, Change, make

FULL_CLAIM = 20_000

# As good as for ever, yet a date that Python can hold.
UNTIL_ENDED_SECONDS = 10 * 365 * 86_400.0

# At one moment for all that is asked of it.
_WAITS = "not_before > statement_timestamp()"
_OUTCOME = f"""
    UPDATE mailboxes SET open_claim = NULL,
        claim_limit = least(claim_limit * 2, %(full)s),
        strikes = CASE WHEN {_WAITS} THEN strikes ELSE 0 END,
        not_before = CASE WHEN {_WAITS} THEN not_before END,
        waits_for = CASE WHEN {_WAITS} THEN waits_for END,
        waiting_since = CASE WHEN {_WAITS} THEN waiting_since END,
        error = CASE WHEN {_WAITS} THEN error END
    WHERE mailbox = %(mailbox)s AND {ALLOWED}
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxState:
    """What a drain must know before it claims; `now` is Postgres' clock."""

    mailbox: str
    not_before: datetime | None
    waits_for: str | None
    strikes: int
    claim_limit: int
    open_claim: UUID | None
    now: datetime

    @property
    def waits(self) -> bool:
        """Whether a back-off, a limit or a burst forbids draining now."""
        return self.not_before is not None and self.not_before > self.now


def open_mailbox(connection: Connection, mailbox: str) -> MailboxState:
    """The mailbox, made on first use and locked for this transaction."""
    found = _lock(connection, mailbox)
    if found is None:
        connection.execute(
            "INSERT INTO mailboxes (mailbox) VALUES (%s) ON CONFLICT DO NOTHING",
            [mailbox],
        )
        found = _lock(connection, mailbox)
    if found is None:
        raise LookupError(f"mailbox {mailbox} was taken away meanwhile")
    return found


def _lock(connection: Connection, mailbox: str) -> MailboxState | None:
    with connection.cursor(row_factory=class_row(MailboxState)) as cursor:
        cursor.execute(
            "SELECT mailbox, not_before, waits_for, strikes, claim_limit, open_claim,"
            " clock_timestamp() AS now FROM mailboxes WHERE mailbox = %s FOR UPDATE",
            [mailbox],
        )
        return cursor.fetchone()


def note_claim(
    connection: Connection, mailbox: str, claim_id: UUID, *, worker: str
) -> None:
    """Remember a claim until its outcome is recorded, so that a death is noticed."""
    connection.execute(
        "UPDATE mailboxes SET open_claim = %s, worker = %s WHERE mailbox = %s",
        [claim_id, worker, mailbox],
    )


def note_takeover(
    connection: Connection, mailbox: str, *, worker: str, events: int
) -> None:
    """Keep that a worker died over mail, and who goes on with it."""
    connection.execute(
        "INSERT INTO takeovers (mailbox, dead_worker, worker, events)"
        " SELECT mailbox, worker, %s, %s FROM mailboxes WHERE mailbox = %s",
        [worker, events, mailbox],
    )


def note_outcome(connection: Connection, mailbox: str) -> None:
    """All went well; see `outcome`."""
    make(connection, outcome(mailbox))


def outcome(mailbox: str) -> Change:
    """All went well: no strikes, the full claim again step by step.

    A mailbox that waits goes on waiting: mail that needs no answer of WeCom's ends
    neither a limit nor a pause.
    """
    return Change(text=_OUTCOME, values={"full": FULL_CLAIM, "mailbox": mailbox})


def wait(
    connection: Connection, mailbox: str, *, seconds: float, waits_for: str, error: str
) -> None:
    """Forbid draining for a while; counts a strike, which lengthens the next wait.

    Repeats: since when it waits for the same thing stays.
    """
    connection.execute(
        """
        UPDATE mailboxes SET open_claim = NULL, strikes = strikes + 1,
            waits_for = %(waits_for)s, error = %(error)s,
            waiting_since = CASE WHEN waits_for = %(waits_for)s
                THEN coalesce(waiting_since, clock_timestamp())
                ELSE clock_timestamp() END,
            not_before = clock_timestamp() + make_interval(secs => %(seconds)s)
        WHERE mailbox = %(mailbox)s
        """,
        {
            "mailbox": mailbox,
            "seconds": seconds,
            "waits_for": waits_for,
            "error": error,
        },
    )


def hold(
    connection: Connection,
    mailbox: str,
    *,
    waits_for: str,
    seconds: float = UNTIL_ENDED_SECONDS,
) -> None:
    """Forbid draining until somebody makes the mailbox due, or the time is over.

    No strike and no outcome: what it waits for is an event, not the end of a fault.
    """
    connection.execute(
        """
        INSERT INTO mailboxes AS known (mailbox, waits_for, waiting_since, not_before)
        VALUES (%(mailbox)s, %(waits_for)s, clock_timestamp(),
            clock_timestamp() + make_interval(secs => %(seconds)s))
        ON CONFLICT (mailbox) DO UPDATE
        SET waits_for = excluded.waits_for, not_before = excluded.not_before,
            error = NULL, waiting_since = CASE WHEN known.waits_for = excluded.waits_for
                THEN coalesce(known.waiting_since, excluded.waiting_since)
                ELSE excluded.waiting_since END
        """,
        {"mailbox": mailbox, "waits_for": waits_for, "seconds": seconds},
    )


def pace(connection: Connection, mailbox: str, *, seconds: float) -> None:
    """Wait for a burst to calm down; no strike, nothing is wrong."""
    connection.execute(
        """
        UPDATE mailboxes SET waits_for = 'calm', error = NULL,
            waiting_since = clock_timestamp(),
            not_before = clock_timestamp() + make_interval(secs => %s)
        WHERE mailbox = %s
        """,
        [seconds, mailbox],
    )


def limit_claim(connection: Connection, mailbox: str, limit: int) -> None:
    """How many rows the next drain may claim, to corner what keeps failing."""
    connection.execute(
        "UPDATE mailboxes SET claim_limit = greatest(%s, 1), open_claim = NULL"
        " WHERE mailbox = %s",
        [limit, mailbox],
    )


def make_due(connection: Connection, mailbox: str) -> None:
    """End any waiting of this mailbox."""
    connection.execute(
        "UPDATE mailboxes SET not_before = NULL, waits_for = NULL, strikes = 0,"
        " waiting_since = NULL, error = NULL WHERE mailbox = %s",
        [mailbox],
    )


def end_wait(connection: Connection, mailbox: str, *, waits_for: str) -> None:
    """End the waiting of this mailbox if this is what it waits for."""
    connection.execute(
        "UPDATE mailboxes SET not_before = NULL, waits_for = NULL, strikes = 0,"
        " waiting_since = NULL, error = NULL WHERE mailbox = %s AND waits_for = %s",
        [mailbox, waits_for],
    )
