"""The worker's side of the inbox: claim what is pending, settle just that."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import class_row

from store.database import Connection

Settled = Literal["done", "folded", "ignored", "parked", "failed"]

# A row asked about within its own second, or just after, may stand for two changes.
_LOOKALIKE = "make_interval(secs => 6)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedMail:
    """One pending row that this drain holds: what it says, not its content."""

    event_id: int
    received_at: datetime
    kind: str
    change: str | None
    key: str
    sent_at: datetime | None
    hint: dict[str, Any]
    barrier: bool
    attempts: int
    late_asks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The mail that one drain holds, and by what right.

    Shape: `claimed_at` is Postgres' time before any question was asked.
    """

    claim_id: UUID
    mailbox: str
    lease: UUID
    claimed_at: datetime
    mail: tuple[ClaimedMail, ...]

    @property
    def event_ids(self) -> list[int]:
        """The rows of this claim, in the order of their arrival."""
        return [row.event_id for row in self.mail]


def first_barrier(connection: Connection, mailbox: str) -> int | None:
    """The oldest pending authorisation event; mail behind it waits."""
    row = connection.execute(
        "SELECT min(event_id) FROM inbox"
        " WHERE mailbox = %s AND state = 'pending' AND barrier",
        [mailbox],
    ).fetchone()
    return row[0] if row else None


def claim_rows(
    connection: Connection,
    mailbox: str,
    *,
    claim_id: UUID,
    before: int | None,
    limit: int,
) -> list[ClaimedMail]:
    """Claim the oldest pending rows that are due, at most `limit`, older than `before`.

    Repeats: a claim counts as an attempt; `give_back` undoes that.
    """
    with connection.cursor(row_factory=class_row(ClaimedMail)) as cursor:
        cursor.execute(
            """
            WITH due AS (
                SELECT event_id, received_at FROM inbox
                WHERE mailbox = %(mailbox)s AND state = 'pending'
                    AND (%(before)s::bigint IS NULL OR event_id < %(before)s)
                    AND (not_before IS NULL OR not_before <= clock_timestamp())
                ORDER BY event_id LIMIT %(limit)s
            ), claimed AS (
                UPDATE inbox SET claim = %(claim)s, attempts = attempts + 1
                FROM due
                WHERE inbox.event_id = due.event_id
                    AND inbox.received_at = due.received_at
                RETURNING inbox.event_id, inbox.received_at, kind, change, key,
                    sent_at, hint, barrier, attempts, late_asks
            )
            SELECT * FROM claimed ORDER BY event_id
            """,
            {"mailbox": mailbox, "before": before, "limit": limit, "claim": claim_id},
        )
        return cursor.fetchall()


def settle(
    connection: Connection,
    claim: Claim,
    outcomes: Mapping[int, tuple[Settled, str]],
) -> None:
    """Mark claimed rows as settled; one that was repeated meanwhile stays pending.

    A repeat within the event's own second may be a second change, and our question
    may have been too early for it.
    """
    ids = list(outcomes)
    connection.execute(
        f"""
        UPDATE inbox SET
            claim = NULL, asked_at = %(asked_at)s, outcome = new.outcome,
            error = NULL, not_before = NULL,
            attempts = CASE WHEN again THEN 0 ELSE attempts END,
            state = CASE WHEN again THEN 'pending' ELSE new.state END,
            done_at = CASE WHEN again THEN NULL ELSE clock_timestamp() END
        FROM (
            SELECT row.event_id, row.received_at, given.state, given.outcome,
                row.times_seen > 1 AND row.last_seen_at > %(asked_at)s
                    AND given.state IN ('done', 'folded')
                    AND %(asked_at)s < row.sent_at + {_LOOKALIKE} AS again
            FROM inbox AS row
            JOIN unnest(%(ids)s::bigint[], %(states)s::text[], %(outcomes)s::text[])
                AS given (event_id, state, outcome) ON given.event_id = row.event_id
            WHERE row.claim = %(claim)s
        ) AS new
        WHERE inbox.event_id = new.event_id AND inbox.received_at = new.received_at
        """,  # noqa: S608 - the inserted text is a constant of this module
        {
            "claim": claim.claim_id,
            "asked_at": claim.claimed_at,
            "ids": ids,
            "states": [outcomes[i][0] for i in ids],
            "outcomes": [outcomes[i][1] for i in ids],
        },
    )


def ask_again(connection: Connection, claim: Claim, waits: Mapping[int, float]) -> None:
    """Leave rows pending whose answer came late, each until its own time.

    Units: seconds from now, by event id.
    """
    connection.execute(
        """
        UPDATE inbox SET claim = NULL, late_asks = late_asks + 1, attempts = 0,
            not_before = clock_timestamp() + make_interval(secs => given.seconds)
        FROM unnest(%(ids)s::bigint[], %(seconds)s::float8[]) AS given (id, seconds)
        WHERE inbox.event_id = given.id AND inbox.claim = %(claim)s
        """,
        {
            "claim": claim.claim_id,
            "ids": list(waits),
            "seconds": list(waits.values()),
        },
    )


def give_back(connection: Connection, claim: Claim) -> None:
    """Return what is still claimed, the attempt too: the fault was not the mail's."""
    connection.execute(
        "UPDATE inbox SET claim = NULL, attempts = greatest(attempts - 1, 0)"
        " WHERE mailbox = %s AND state = 'pending' AND claim = %s",
        [claim.mailbox, claim.claim_id],
    )


def return_failed(connection: Connection, claim: Claim, *, error: str) -> None:
    """Return what is still claimed with the attempt counted and the error kept."""
    connection.execute(
        "UPDATE inbox SET claim = NULL, error = %s"
        " WHERE mailbox = %s AND state = 'pending' AND claim = %s",
        [error, claim.mailbox, claim.claim_id],
    )


def unclaim(connection: Connection, mailbox: str, claim_id: UUID) -> Sequence[int]:
    """Free the rows of a claim whose worker died; their attempts, oldest first."""
    rows = connection.execute(
        """
        UPDATE inbox SET claim = NULL
        WHERE mailbox = %s AND state = 'pending' AND claim = %s
        RETURNING event_id, attempts
        """,
        [mailbox, claim_id],
    ).fetchall()
    return [attempts for _, attempts in sorted(rows)]


def fail_worn_out(
    connection: Connection, mailbox: str, *, attempts: int, error: str
) -> list[int]:
    """Mark the oldest row failed if it alone used up its attempts; the rows marked."""
    rows = connection.execute(
        """
        UPDATE inbox SET state = 'failed', done_at = clock_timestamp(),
            error = coalesce(error, %(error)s), outcome = 'failed'
        WHERE (event_id, received_at) IN (
            SELECT event_id, received_at FROM inbox
            WHERE mailbox = %(mailbox)s AND state = 'pending'
            ORDER BY event_id LIMIT 1
        ) AND attempts >= %(attempts)s
        RETURNING event_id
        """,
        {"mailbox": mailbox, "attempts": attempts, "error": error},
    ).fetchall()
    return [row[0] for row in rows]


def is_due(connection: Connection, mailbox: str) -> bool:
    """Whether a drain would find mail now."""
    row = connection.execute(
        """
        SELECT EXISTS (
            SELECT 1 FROM inbox
            WHERE mailbox = %(mailbox)s AND state = 'pending'
                AND (not_before IS NULL OR not_before <= clock_timestamp())
        ) AND NOT EXISTS (
            SELECT 1 FROM mailboxes
            WHERE mailbox = %(mailbox)s AND not_before > clock_timestamp()
        )
        """,
        {"mailbox": mailbox},
    ).fetchone()
    return bool(row and row[0])


def unpark(connection: Connection, mailbox: str) -> int:
    """Make parked mail pending again, because its corp is linked now."""
    return connection.execute(
        "UPDATE inbox SET state = 'pending', done_at = NULL, outcome = NULL"
        " WHERE mailbox = %s AND state = 'parked'",
        [mailbox],
    ).rowcount


def fold_older(
    connection: Connection, mailbox: str, *, before: datetime, kinds: Collection[str]
) -> int:
    """Fold pending contact mail that came before a full read began into that read."""
    return connection.execute(
        """
        UPDATE inbox SET state = 'folded', outcome = 'first_read', claim = NULL,
            asked_at = %(before)s, done_at = clock_timestamp()
        WHERE mailbox = %(mailbox)s AND state = 'pending'
            AND received_at < %(before)s AND kind = ANY(%(kinds)s)
        """,
        {"mailbox": mailbox, "before": before, "kinds": list(kinds)},
    ).rowcount


def retry(connection: Connection, event_id: int) -> str | None:
    """Make a failed or parked row pending again; its mailbox, or None if neither."""
    row = connection.execute(
        """
        UPDATE inbox SET state = 'pending', attempts = 0, late_asks = 0, error = NULL,
            outcome = NULL, done_at = NULL, not_before = NULL, claim = NULL
        WHERE event_id = %s AND state IN ('failed', 'parked')
        RETURNING mailbox
        """,
        [event_id],
    ).fetchone()
    return row[0] if row else None
