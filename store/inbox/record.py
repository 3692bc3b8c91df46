"""Mail on its way in: one row for each thing said to us, however often it is said."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from domain.decisions import Json
from domain.ids import Key
from store.database import Connection
from store.inbox.rearm import PARAMETERS, asked_early
from store.platform.tickets import SealedTicket, keep_ticket, wake_waiting
from tracing import spans

_CLICKS = frozenset({"template_card_event", "template_card_menu_event"})
_NAME_BYTES = 8
# What the sealed content of a piece of mail is bound to.
BODY_PLACE = "inbox"


class MailState(StrEnum):
    """What became of a piece of mail."""

    PENDING = "pending"
    DONE = "done"
    FOLDED = "folded"
    IGNORED = "ignored"
    PARKED = "parked"
    FAILED = "failed"


class Arrival(StrEnum):
    """What recording a piece of mail did."""

    FRESH = "fresh"
    REPEATED = "repeated"
    REARMED = "rearmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One piece of mail, ready to be recorded.

    Shape: `body` is sealed; `digest` is what makes two pieces of mail the same.
    """

    digest: bytes
    mailbox: str
    kind: str
    change: str | None
    key: Key
    state: MailState
    outcome: str | None
    sent_at: datetime | None
    hint: Mapping[str, Json]
    body: bytes | None = field(repr=False)
    barrier: bool = False
    ticket: SealedTicket | None = None

    @property
    def can_be_rearmed(self) -> bool:
        """Whether a repeat may stand for a second change within the same second.

        A code works once, a click is one click however often it is delivered, and
        TAPD numbers its events.
        """
        numbered = self.mailbox.startswith(("code:", "company:"))
        return not numbered and self.kind not in _CLICKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Where the mail is now, and which mailboxes are due because of it."""

    event_id: int
    arrival: Arrival
    due: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How much mail is pending, and for how long the oldest has been."""

    pending: int
    oldest_seconds: float


def identify(*, mailbox: str, content: bytes) -> bytes:
    """The identity of a piece of mail: SHA-256 of mailbox and decrypted bytes."""
    return hashlib.sha256(mailbox.encode() + b"\x00" + content).digest()


def short_name(digest: bytes) -> str:
    """What mail is called in the log before it has a number."""
    return digest[:_NAME_BYTES].hex()


def record(connection: Connection, post: Post) -> Recorded:
    """Record one piece of mail; a ticket in it is kept in the same transaction.

    Repeats: raises times_seen; makes a settled row pending again only if its
        question was sent too early to have seen a second change.
    """
    if post.ticket is None:
        return _insert(connection, post) or count_repeat(connection, post)
    with connection.transaction():
        return _record_ticket(connection, post, post.ticket)


def record_fresh(
    connection: Connection, posts: Sequence[Post]
) -> list[Recorded | None]:
    """Record what is new of this mail; None in the place of what is known already.

    Shape: no two of the same identity, and no tickets.
    Repeats: nothing is written for what is known; see `count_repeat`.
    """
    # An identity past its 48 hours counts as unknown even before upkeep removes it. In
    # the order of their digests, so that two receivers never wait in a circle.
    rows = connection.execute(
        """
        WITH given AS MATERIALIZED (
            SELECT nextval('inbox_ids') AS event_id,
                clock_timestamp() AS received_at, post.*
            FROM json_to_recordset(%s::json) AS post (
                place integer, digest bytea, mailbox text, kind text, change text,
                key text, state text, outcome text, sent_at timestamptz, hint jsonb,
                body bytea, barrier boolean
            )
        ), identity AS (
            INSERT INTO identities AS known (digest, event_id, received_at)
            SELECT digest, event_id, received_at FROM given ORDER BY digest
            ON CONFLICT (digest) DO UPDATE
            SET event_id = excluded.event_id, received_at = excluded.received_at
            WHERE known.received_at < excluded.received_at - INTERVAL '48 hours'
            RETURNING event_id
        ), kept AS (
            INSERT INTO inbox (
                event_id, received_at, last_seen_at, done_at, mailbox, kind, change,
                key, state, outcome, sent_at, hint, body, barrier
            )
            SELECT
                event_id, received_at, received_at,
                CASE WHEN state <> 'pending' THEN received_at END,
                mailbox, kind, change, key, state, outcome,
                -- A foreign clock that is ahead says no more than that it arrived.
                CASE WHEN sent_at > received_at
                    THEN date_trunc('second', received_at) ELSE sent_at END,
                hint, body, barrier
            FROM given JOIN identity USING (event_id)
        )
        SELECT place, event_id FROM given JOIN identity USING (event_id)
        """,
        [orjson.dumps([_row(*each) for each in enumerate(posts)]).decode()],
    ).fetchall()
    fresh: dict[int, int] = dict(rows)
    return [_fresh(fresh.get(place), post) for place, post in enumerate(posts)]


def _fresh(event_id: int | None, post: Post) -> Recorded | None:
    if event_id is None:
        return None
    return Recorded(event_id=event_id, arrival=Arrival.FRESH, due=_due(post))


def post_internal(
    connection: Connection,
    *,
    mailbox: str,
    kind: str,
    key: Key,
    hint: Mapping[str, Json],
) -> int:
    """Put internal mail into a mailbox and return its id; ring after the commit.

    Repeats: a second call is a second piece of mail.
    """
    row = connection.execute(
        """
        INSERT INTO inbox (mailbox, kind, key, state, hint)
        VALUES (%s, %s, %s, 'pending', %s::jsonb)
        RETURNING event_id
        """,
        [mailbox, kind, key, _json(hint)],
    ).fetchone()
    assert row is not None  # noqa: S101 - INSERT without conflict always returns.
    event_id = int(row[0])
    # Where its trace begins: no receiver has seen it.
    said: spans.Attributes = {"event.kind": kind, "outcome": "internal"}
    spans.arrived(event_id, seconds=0.0, attributes=said)
    return event_id


def measure_backlog(connection: Connection) -> Backlog:
    """The pending mail of all mailboxes."""
    row = connection.execute(
        """
        SELECT count(*),
            coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)
        FROM inbox WHERE state = 'pending'
        """
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always returns its row.
    return Backlog(pending=row[0], oldest_seconds=float(row[1]))


def _record_ticket(
    connection: Connection, post: Post, ticket: SealedTicket
) -> Recorded:
    fresh = _insert(connection, post)
    if fresh is None:
        return count_repeat(connection, post)
    keep_ticket(connection, ticket, sent_at=post.sent_at)
    return replace(fresh, due=wake_waiting(connection))


def _insert(connection: Connection, post: Post) -> Recorded | None:
    [recorded] = record_fresh(connection, [post])
    return recorded


def _row(place: int, post: Post) -> dict[str, Any]:
    return {
        "place": place,
        "digest": _hex(post.digest),
        "mailbox": post.mailbox,
        "kind": post.kind,
        "change": post.change,
        "key": post.key,
        "state": post.state.value,
        "outcome": post.outcome,
        "sent_at": post.sent_at,
        "hint": dict(post.hint),
        "body": None if post.body is None else _hex(post.body),
        "barrier": post.barrier,
    }


def _hex(value: bytes) -> str:
    return f"\\x{value.hex()}"


def _due(post: Post) -> tuple[str, ...]:
    return (post.mailbox,) if post.state is MailState.PENDING else ()


def count_repeat(connection: Connection, post: Post) -> Recorded:
    """Note that known mail came again; see `record`."""
    row = connection.execute(
        f"""
        UPDATE inbox AS mail
        SET times_seen = mail.times_seen + 1,
            last_seen_at = clock_timestamp(),
            state = CASE WHEN again THEN 'pending' ELSE mail.state END,
            outcome = CASE WHEN again THEN NULL ELSE mail.outcome END,
            error = CASE WHEN again THEN NULL ELSE mail.error END,
            attempts = CASE WHEN again THEN 0 ELSE mail.attempts END,
            late_asks = CASE WHEN again THEN 0 ELSE mail.late_asks END,
            not_before = CASE WHEN again THEN NULL ELSE mail.not_before END,
            claim = CASE WHEN again THEN NULL ELSE mail.claim END,
            asked_at = CASE WHEN again THEN NULL ELSE mail.asked_at END,
            done_at = CASE WHEN again THEN NULL ELSE mail.done_at END
        FROM (
            SELECT
                seen.event_id, seen.received_at,
                coalesce(
                    %(can_be_rearmed)s
                    AND seen.state IN ('done', 'folded')
                    AND {asked_early("seen.asked_at", row="seen")}, false
                ) AS again
            FROM identities JOIN inbox AS seen USING (event_id, received_at)
            WHERE identities.digest = %(digest)s
            FOR UPDATE OF seen
        ) AS found
        WHERE mail.event_id = found.event_id AND mail.received_at = found.received_at
        RETURNING mail.event_id, again
        """,  # noqa: S608 - the rule's constant text
        {
            "digest": post.digest,
            "can_be_rearmed": post.can_be_rearmed,
            **PARAMETERS,
        },
    ).fetchone()
    if row is None:
        return _replace_orphan(connection, post)
    event_id, again = row
    if again:
        due = (post.mailbox,)
        return Recorded(event_id=event_id, arrival=Arrival.REARMED, due=due)
    return Recorded(event_id=event_id, arrival=Arrival.REPEATED)


def _replace_orphan(connection: Connection, post: Post) -> Recorded:
    # The row was pruned before its identity (INBOX_DAYS of 1): the mail is new again.
    connection.execute("DELETE FROM identities WHERE digest = %s", [post.digest])
    return _insert(connection, post) or count_repeat(connection, post)


def _json(value: Mapping[str, Json]) -> str:
    return orjson.dumps(dict(value)).decode()
