"""What waits for one key alone: mail put off by itself, and mail that asks again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.ids import Key
from store.asked import noted
from store.database import Connection
from store.inbox.claims import ClaimedBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWait:
    """What a row waits for by itself; `error` names endpoint and what came, no body.

    Units: seconds from now.
    """

    event_id: int
    waits_for: str
    seconds: float
    error: str


def put_aside(
    connection: Connection, claim: ClaimedBatch, waits: Sequence[KeyWait]
) -> None:
    """Leave rows pending, each until its own time: the others of their drain go on."""
    if not waits:
        return
    ids = [each.event_id for each in waits]
    connection.execute(
        f"""
        UPDATE inbox SET claim = NULL, attempts = greatest(attempts - 1, 0),
            asked = {noted("inbox")}, troubles = troubles + 1,
            waits_for = given.waits_for, error = given.error,
            waiting_since = coalesce(waiting_since, clock_timestamp()),
            not_before = clock_timestamp() + make_interval(secs => given.seconds)
        FROM unnest(%(ids)s::bigint[], %(reasons)s::text[], %(seconds)s::float8[],
            %(errors)s::text[]) AS given (id, waits_for, seconds, error)
        WHERE inbox.event_id = given.id AND inbox.claim = %(claim)s
        """,  # noqa: S608 - constant text
        {
            **claim.telling(ids),
            "claim": claim.claim_id,
            "ids": ids,
            "reasons": [each.waits_for for each in waits],
            "seconds": [each.seconds for each in waits],
            "errors": [each.error for each in waits],
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyQuestion:
    """A key to be asked about again by mail of our own.

    Units: seconds from now.
    """

    key: Key
    waits_for: str
    seconds: float
    error: str


def ask_later(
    connection: Connection, mailbox: str, kind: str, questions: Iterable[KeyQuestion]
) -> None:
    """Have keys asked about again, unless mail of ours about one waits already."""
    wanted = list(questions)
    if not wanted:
        return
    connection.execute(
        """
        INSERT INTO inbox (mailbox, kind, key, state, own, troubles, waits_for,
            waiting_since, not_before, error)
        SELECT %(mailbox)s, %(kind)s, given.key, 'pending', true, 1,
            given.waits_for, clock_timestamp(),
            clock_timestamp() + make_interval(secs => given.seconds), given.error
        FROM unnest(%(keys)s::text[], %(reasons)s::text[], %(seconds)s::float8[],
            %(errors)s::text[]) AS given (key, waits_for, seconds, error)
        WHERE NOT EXISTS (
            SELECT FROM inbox AS other
            WHERE other.mailbox = %(mailbox)s AND other.state = 'pending'
                AND other.key = given.key AND other.waits_for = given.waits_for)
        """,
        {
            "mailbox": mailbox,
            "kind": kind,
            "keys": [each.key for each in wanted],
            "reasons": [each.waits_for for each in wanted],
            "seconds": [each.seconds for each in wanted],
            "errors": [each.error for each in wanted],
        },
    )
