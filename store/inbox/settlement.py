"""The worker's side of the inbox: claim what is pending, settle just that."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal

from store.asked import noted
from store.database import Connection
from store.inbox.claims import ClaimedBatch
from store.inbox.rearm import PARAMETERS, asked_early
from store.rows import GivenRows
from store.writes import ALLOWED, Change, make

Settled = Literal["done", "folded", "ignored", "parked", "failed"]

# The outcome of mail about a key whose answers cannot be used; its error says why.
ODD_ANSWER = "odd_answer"

# A repeat within the event's own second may be a second change, and our question may
# have been too early for it. Asked of the row that is updated, so that a repeat that is
# being counted at this moment is seen.
_AGAIN = f"""
    inbox.times_seen > 1 AND inbox.last_seen_at > %(asked_at)s
    AND given.state IN ('done', 'folded')
    AND {asked_early("%(asked_at)s", row="inbox")}
"""
_OUTCOMES = GivenRows(
    "given",
    {
        "event_id": "bigint",
        "received_at": "timestamptz",
        "state": "text",
        "outcome": "text",
    },
)
_SETTLE = f"""
    UPDATE inbox SET
        claim = NULL, asked_at = %(asked_at)s, outcome = given.outcome,
        asked = {noted("inbox")},
        error = CASE WHEN given.outcome = %(odd)s THEN error END,
        not_before = NULL, waits_for = NULL, waiting_since = NULL, troubles = 0,
        (attempts, state, done_at) = (
            SELECT CASE WHEN again THEN 0 ELSE attempts END,
                CASE WHEN again THEN 'pending' ELSE given.state END,
                CASE WHEN again THEN NULL ELSE clock_timestamp() END
            FROM (SELECT {_AGAIN} AS again) AS repeated)
    FROM {{outcomes}}
    WHERE inbox.event_id = given.event_id AND inbox.received_at = given.received_at
        AND inbox.claim = %(claim)s
        AND inbox.received_at BETWEEN %(first)s AND %(last)s AND {ALLOWED}
"""  # noqa: S608 - the rules' constant texts
_SETTLE_ONE = _SETTLE.format(outcomes=_OUTCOMES.one)
_SETTLE_MANY = _SETTLE.format(outcomes=_OUTCOMES.many)

# The outcome of what an operator gave up; it can still be retried.
DISCARDED = "discarded"


def settle(
    connection: Connection,
    claim: ClaimedBatch,
    outcomes: Mapping[int, tuple[Settled, str]],
) -> None:
    """Mark claimed rows as settled; one that was repeated meanwhile stays pending."""
    if outcomes:
        make(connection, settling(claim, outcomes))


def settling(
    claim: ClaimedBatch, outcomes: Mapping[int, tuple[Settled, str]]
) -> Change:
    """The change that settles these."""
    # Named by their time, too, so that only their partition is looked into.
    received = {each.event_id: each.received_at for each in claim.mail}
    times = [received[each] for each in outcomes]
    values = {
        **PARAMETERS,
        **claim.telling(outcomes),
        "claim": claim.claim_id,
        "asked_at": claim.claimed_at,
        "odd": ODD_ANSWER,
        "first": min(times, default=None),
        "last": max(times, default=None),
        **_OUTCOMES.values(
            [
                (str(each), at.isoformat(), *outcome)
                for (each, outcome), at in zip(outcomes.items(), times, strict=True)
            ]
        ),
    }
    text = _SETTLE_ONE if len(outcomes) == 1 else _SETTLE_MANY
    return Change(text=text, values=values)


def ask_again(
    connection: Connection, claim: ClaimedBatch, waits: Mapping[int, float]
) -> None:
    """Leave rows pending whose answer came late, each until its own time.

    Units: seconds from now, by event id.
    """
    if not waits:
        return
    connection.execute(
        f"""
        UPDATE inbox SET claim = NULL, late_asks = late_asks + 1, attempts = 0,
            asked = {noted("inbox")},
            waits_for = 'late_answer',
            waiting_since = coalesce(waiting_since, clock_timestamp()),
            not_before = clock_timestamp() + make_interval(secs => given.seconds)
        FROM unnest(%(ids)s::bigint[], %(seconds)s::float8[]) AS given (id, seconds)
        WHERE inbox.event_id = given.id AND inbox.claim = %(claim)s
        """,  # noqa: S608 - constant text
        {
            **claim.telling(waits),
            "claim": claim.claim_id,
            "ids": list(waits),
            "seconds": list(waits.values()),
        },
    )


def newest_settled(
    connection: Connection, mailbox: str, keys: Collection[str]
) -> dict[str, datetime]:
    """When the newest settled event of each key was said, as far as an hour back."""
    rows = connection.execute(
        """
        SELECT wanted.key, settled.sent_at
        FROM unnest(%(keys)s::text[]) AS wanted (key)
        CROSS JOIN LATERAL (
            SELECT sent_at FROM inbox
            WHERE mailbox = %(mailbox)s AND inbox.key = wanted.key
                AND state IN ('done', 'folded') AND sent_at IS NOT NULL
                -- The transaction's time, unlike the clock's, chooses partitions.
                AND received_at > now() - interval '1 hour'
            ORDER BY sent_at DESC LIMIT 1
        ) AS settled
        """,
        {"mailbox": mailbox, "keys": list(keys)},
    ).fetchall()
    return dict(rows)


def newest_presence(
    connection: Connection, mailbox: str, keys: Collection[str]
) -> dict[str, datetime]:
    """When the newest event that has these people there was said, an hour back at most.

    Shape: only what was settled by an answer: not what stayed open or was overtaken.
    """
    rows = connection.execute(
        """
        SELECT wanted.key, settled.sent_at
        FROM unnest(%(keys)s::text[]) AS wanted (key)
        CROSS JOIN LATERAL (
            SELECT sent_at FROM inbox
            WHERE mailbox = %(mailbox)s AND inbox.key = wanted.key
                AND state IN ('done', 'folded') AND sent_at IS NOT NULL
                AND state = 'done' AND outcome IN ('applied', 'no_difference')
                AND (kind = 'subscribe' OR change IN ('create_user', 'update_user'))
                -- The transaction's time, unlike the clock's, chooses partitions.
                AND received_at > now() - interval '1 hour'
            ORDER BY sent_at DESC LIMIT 1
        ) AS settled
        """,
        {"mailbox": mailbox, "keys": list(keys)},
    ).fetchall()
    return dict(rows)


def is_due(connection: Connection, mailbox: str) -> bool:
    """Whether a drain would find mail now: what stands behind a barrier is not due."""
    row = connection.execute(
        """
        SELECT EXISTS (
            SELECT 1 FROM inbox
            WHERE mailbox = %(mailbox)s AND state = 'pending'
                AND event_id <= coalesce((
                    SELECT min(event_id) FROM inbox
                    WHERE mailbox = %(mailbox)s AND state = 'pending' AND barrier
                ), event_id)
                AND (not_before IS NULL OR not_before <= clock_timestamp())
        ) AND NOT EXISTS (
            SELECT 1 FROM mailboxes
            WHERE mailbox = %(mailbox)s AND not_before > clock_timestamp()
        )
        """,
        {"mailbox": mailbox},
    ).fetchone()
    return bool(row and row[0])


def find_body(connection: Connection, event_id: int) -> bytes | None:
    """The sealed content of a piece of mail, while somebody may need it."""
    row = connection.execute(
        "SELECT body FROM inbox WHERE event_id = %s", [event_id]
    ).fetchone()
    return row[0] if row else None


def find_bodies(connection: Connection, event_ids: Sequence[int]) -> dict[int, bytes]:
    """The sealed contents of these pieces of mail, of those that still have one."""
    rows = connection.execute(
        "SELECT event_id, body FROM inbox"
        " WHERE event_id = ANY(%s) AND body IS NOT NULL",
        [list(event_ids)],
    ).fetchall()
    return dict(rows)


def forget_bodies(connection: Connection, event_ids: Sequence[int]) -> None:
    """Nobody will open these any more."""
    connection.execute(
        "UPDATE inbox SET body = NULL WHERE event_id = ANY(%s)", [list(event_ids)]
    )


def unpark(connection: Connection, mailbox: str) -> int:
    """Make parked mail pending again, because its corp is linked now."""
    return connection.execute(
        "UPDATE inbox SET state = 'pending', done_at = NULL, outcome = NULL,"
        " attempts = 0 WHERE mailbox = %s AND state = 'parked'",
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
            troubles = 0, waits_for = NULL, waiting_since = NULL,
            outcome = NULL, done_at = NULL, not_before = NULL, claim = NULL
        WHERE event_id = %s AND (state IN ('failed', 'parked')
            OR state = 'ignored' AND outcome = %s)
        RETURNING mailbox
        """,
        [event_id, DISCARDED],
    ).fetchone()
    return row[0] if row else None


def discard(connection: Connection, event_id: int) -> bool:
    """Give a failed row up for good; False when it is not failed.

    Shape: the row and its error stay, and the ledger counts it as ignored.
    """
    return bool(
        connection.execute(
            "UPDATE inbox SET state = 'ignored', outcome = %s, claim = NULL,"
            " done_at = clock_timestamp() WHERE event_id = %s AND state = 'failed'",
            [DISCARDED, event_id],
        ).rowcount
    )
