"""What a drain holds of a mailbox: claimed, given back, or cornered until it fails."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from store.asked import CallsMade, NoCalls, noted, telling
from store.database import Connection


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
    troubles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedBatch:
    """The mail that one drain holds, and by what right.

    Shape: `claimed_at` is Postgres' time before any question was asked; `calls` are
        those that were made since.
    """

    claim_id: UUID
    mailbox: str
    lease: UUID
    claimed_at: datetime
    mail: tuple[ClaimedMail, ...]
    calls: CallsMade = field(default_factory=NoCalls)

    @property
    def event_ids(self) -> list[int]:
        """The rows of this claim, in the order of their arrival."""
        return [row.event_id for row in self.mail]

    def telling(
        self, ids: Collection[int], *, error: str | None = None
    ) -> dict[str, object]:
        """What these rows keep of the try, for `asked.noted`."""
        calls = self.calls.told({each.key: each.event_id for each in self.mail})
        return telling(calls, ids, at=self.claimed_at, error=error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is pending in a mailbox, as a drain must know it before it claims.

    Shape: `recent` are the rows of the last second, `barrier` is the oldest
        authorisation event; mail behind it waits.
    Units: seconds since the oldest row arrived.
    """

    recent: int
    oldest_seconds: float
    barrier: int | None


def look(connection: Connection, mailbox: str) -> Outlook:
    """What is pending; what waits for a time of its own is no part of a burst."""
    with connection.cursor(row_factory=class_row(Outlook)) as cursor:
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE not_before IS NULL
                    AND received_at > clock_timestamp() - interval '1 second')
                    AS recent,
                coalesce(extract(epoch FROM clock_timestamp() - min(received_at)
                    FILTER (WHERE not_before IS NULL)), 0)::float8 AS oldest_seconds,
                min(event_id) FILTER (WHERE barrier) AS barrier
            FROM inbox WHERE mailbox = %s AND state = 'pending'
            """,
            [mailbox],
        )
        return cursor.fetchall()[0]


def claim_next(
    connection: Connection,
    mailbox: str,
    *,
    claim_id: UUID,
    barrier: int | None,
    limit: int,
    kinds: Collection[str] | None,
) -> list[ClaimedMail]:
    """Claim pending mail up to the next barrier, or that barrier alone.

    Shape: with `kinds` only mail of these, wherever it stands: the mailbox waits.
        A barrier that has come since it was looked for is left for the next drain.
    """
    rows = _claim_rows(
        connection,
        mailbox,
        claim_id=claim_id,
        which="NOT barrier AND (%(barrier)s::bigint IS NULL OR event_id < %(barrier)s"
        " OR %(kinds)s::text[] IS NOT NULL)",
        barrier=barrier,
        limit=limit,
        kinds=kinds,
    )
    if rows or barrier is None:
        return rows
    # Nothing else may be done now: the barrier's own turn.
    return _claim_rows(
        connection,
        mailbox,
        claim_id=claim_id,
        which="event_id = %(barrier)s",
        barrier=barrier,
        limit=1,
        kinds=kinds,
    )


def _claim_rows(
    connection: Connection,
    mailbox: str,
    *,
    claim_id: UUID,
    which: str,
    barrier: int | None,
    limit: int,
    kinds: Collection[str] | None,
) -> list[ClaimedMail]:
    """Claim the oldest pending rows that are due; each claim counts as an attempt."""
    with connection.cursor(row_factory=class_row(ClaimedMail)) as cursor:
        cursor.execute(
            f"""
            WITH due AS (
                SELECT event_id, received_at FROM inbox
                WHERE mailbox = %(mailbox)s AND state = 'pending' AND {which}
                    AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s))
                    AND (not_before IS NULL OR not_before <= clock_timestamp())
                ORDER BY event_id LIMIT %(limit)s
            ), claimed AS (
                UPDATE inbox SET claim = %(claim)s, attempts = attempts + 1
                FROM due
                WHERE inbox.event_id = due.event_id
                    AND inbox.received_at = due.received_at
                RETURNING inbox.event_id, inbox.received_at, kind, change, key,
                    sent_at, hint, barrier, attempts, late_asks, troubles
            )
            SELECT * FROM claimed ORDER BY event_id
            """,  # noqa: S608 - the inserted text is one of two constants above
            {
                "mailbox": mailbox,
                "barrier": barrier,
                "limit": limit,
                "claim": claim_id,
                "kinds": None if kinds is None else list(kinds),
            },
        )
        return cursor.fetchall()


def give_back(
    connection: Connection, claim: ClaimedBatch, *, error: str | None = None
) -> None:
    """Return what is still claimed, the attempt too: the fault was not the mail's.

    Shape: with an `error` the rows keep what was asked about them in vain.
    """
    told = {} if error is None else claim.telling(claim.event_ids, error=error)
    asked = f", asked = {noted('inbox')}" if told else ""
    connection.execute(
        f"""
        UPDATE inbox SET claim = NULL, attempts = greatest(attempts - 1, 0){asked}
        WHERE mailbox = %(mailbox)s AND state = 'pending' AND claim = %(claim)s
        """,  # noqa: S608 - constant text
        {**told, "mailbox": claim.mailbox, "claim": claim.claim_id},
    )


def note_unanswered(connection: Connection, claim: ClaimedBatch) -> None:
    """Remember that these rows were asked about in vain, while nobody was answered.

    Next time they are their own trouble, and hold up no mail that comes meanwhile.
    """
    connection.execute(
        "UPDATE inbox SET troubles = troubles + 1"
        " WHERE mailbox = %s AND state = 'pending' AND claim = %s",
        [claim.mailbox, claim.claim_id],
    )


def put_off(connection: Connection, claim: ClaimedBatch, *, seconds: float) -> None:
    """Return what is claimed for a while: other mail of the mailbox may come first."""
    connection.execute(
        """
        UPDATE inbox SET claim = NULL, attempts = greatest(attempts - 1, 0),
            waits_for = 'redirect',
            waiting_since = coalesce(waiting_since, clock_timestamp()),
            not_before = clock_timestamp() + make_interval(secs => %(seconds)s)
        WHERE mailbox = %(mailbox)s AND state = 'pending' AND claim = %(claim)s
        """,
        {"seconds": seconds, "mailbox": claim.mailbox, "claim": claim.claim_id},
    )


def return_failed(
    connection: Connection, claim: ClaimedBatch, *, error: str, seconds: float
) -> None:
    """Return a row that failed alone: the attempt counts, and only this row waits."""
    connection.execute(
        f"""
        UPDATE inbox SET claim = NULL, error = %(error)s, waits_for = 'retry',
            asked = {noted("inbox")},
            waiting_since = coalesce(waiting_since, clock_timestamp()),
            not_before = clock_timestamp() + make_interval(secs => %(seconds)s)
        WHERE mailbox = %(mailbox)s AND state = 'pending' AND claim = %(claim)s
        """,  # noqa: S608 - constant text
        {
            **claim.telling(claim.event_ids, error=error),
            "error": error,
            "seconds": seconds,
            "mailbox": claim.mailbox,
            "claim": claim.claim_id,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedMail:
    """A row that was given up, and what is to be made good for it."""

    kind: str
    barrier: bool


def fail(
    connection: Connection,
    mailbox: str,
    event_id: int,
    *,
    error: str,
    claim: ClaimedBatch | None = None,
) -> FailedMail | None:
    """Give a row up for an operator to look at; None when it is pending no more.

    Shape: `claim` is the last try; None when its worker died, and with it what it knew.
    """
    told = claim.telling([event_id], error=error) if claim else {}
    asked = f"asked = {noted('inbox')}," if told else ""
    row = connection.execute(
        f"""
        UPDATE inbox SET state = 'failed', outcome = 'failed', claim = NULL,
            {asked} error = %(error)s, waits_for = NULL, waiting_since = NULL,
            done_at = clock_timestamp()
        WHERE mailbox = %(mailbox)s AND event_id = %(event)s AND state = 'pending'
        RETURNING kind, barrier
        """,  # noqa: S608 - constant text
        {**told, "error": error, "mailbox": mailbox, "event": event_id},
    ).fetchone()
    return FailedMail(kind=row[0], barrier=row[1]) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A claimed row whose worker died."""

    event_id: int
    attempts: int


def unclaim(connection: Connection, mailbox: str, claim_id: UUID) -> list[Orphan]:
    """Free the rows of a claim whose worker died, oldest first."""
    rows = connection.execute(
        """
        UPDATE inbox SET claim = NULL
        WHERE mailbox = %s AND state = 'pending' AND claim = %s
        RETURNING event_id, attempts
        """,
        [mailbox, claim_id],
    ).fetchall()
    return [Orphan(event_id=event, attempts=tries) for event, tries in sorted(rows)]


def forgive(connection: Connection, mailbox: str, event_ids: Collection[int]) -> None:
    """Take an attempt back: among others, nobody knows whose fault a failure was."""
    connection.execute(
        "UPDATE inbox SET attempts = greatest(attempts - 1, 0)"
        " WHERE mailbox = %s AND state = 'pending' AND event_id = ANY(%s)",
        [mailbox, list(event_ids)],
    )
