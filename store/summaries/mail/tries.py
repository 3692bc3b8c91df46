"""How often drains asked about an event, with which calls, and what came of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedCall:
    """One call that a drain made.

    Shape: `outcome` is the errcode, `none` for no answer, `held_back` for a call that
        a limit forbade; `about` is `member`, `department:<id>`, `tag:<id>`, `tree`,
        `scope`, `authorised` or empty; of people `event_id` names the event that asks
        about them, and `is_own` says whether that is the person of the event at hand.
        `answers` is how many things the answer named.
    Units: milliseconds.
    """

    endpoint: str
    outcome: str
    at: datetime
    milliseconds: int
    about: str
    event_id: int | None
    is_own: bool
    answers: int | None

    @classmethod
    def of(
        cls,
        row: Mapping[str, Any],
        *,
        since: datetime,
        own: frozenset[int] | None = None,
    ) -> Self:
        """A call as a drain keeps it, whose work began then.

        Shape: without `own` whoever has an event is the one that is asked about.
        """
        event_id = row["event"]
        is_own = event_id is not None if own is None else event_id in own
        return cls(
            endpoint=row["endpoint"],
            outcome=row["outcome"],
            at=since + timedelta(milliseconds=row["after_ms"]),
            milliseconds=row["ms"],
            about=row["about"],
            event_id=None if own is None else event_id,
            is_own=is_own,
            answers=row["answers"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One drain's questions; `error` says why they were in vain.

    Shape: `more` is how many calls it made beyond those that are told.
    """

    at: datetime
    error: str | None
    calls: tuple[TriedCall, ...]
    more: int


def list_tries(connection: Connection, event_id: int) -> list[Try]:
    """The last drains that asked about an event, oldest first."""
    row = connection.execute(
        "SELECT mailbox, key, asked FROM inbox WHERE event_id = %s AND asked"
        " IS NOT NULL",
        [event_id],
    ).fetchone()
    if row is None:
        return []
    mailbox, key, asked = row
    tries = _followed(connection, mailbox, asked)
    named = {
        call["event"] for each in tries for call in each["calls"] if call.get("event")
    }
    own = _about_same(connection, mailbox, key, sorted(named))
    return [_try(each, own) for each in tries]


def _followed(
    connection: Connection, mailbox: str, asked: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The tries themselves, where the event only knows with which one it was tried."""
    heads = sorted({each["with"] for each in asked if "with" in each})
    known: dict[tuple[int, str], Mapping[str, Any]] = {}
    if heads:
        rows = connection.execute(
            "SELECT event_id, asked FROM inbox WHERE mailbox = %s"
            " AND event_id = ANY(%s) AND asked IS NOT NULL",
            [mailbox, heads],
        ).fetchall()
        known = {
            (head, each["at"]): each
            for head, others in rows
            for each in others
            if "calls" in each
        }
    found = (
        known.get((each["with"], each["at"])) if "with" in each else each
        for each in asked
    )
    return [each for each in found if each is not None]


def _about_same(
    connection: Connection, mailbox: str, key: str, event_ids: Sequence[int]
) -> frozenset[int]:
    if not event_ids:
        return frozenset()
    rows = connection.execute(
        "SELECT event_id FROM inbox WHERE mailbox = %s AND event_id = ANY(%s)"
        " AND key = %s",
        [mailbox, list(event_ids), key],
    ).fetchall()
    return frozenset(event_id for (event_id,) in rows)


def _try(row: Mapping[str, Any], own: frozenset[int]) -> Try:
    at = datetime.fromisoformat(row["at"])
    calls = [each for each in row["calls"] if "endpoint" in each]
    return Try(
        at=at,
        error=row["error"],
        calls=tuple(TriedCall.of(each, since=at, own=own) for each in calls),
        more=sum(each.get("more", 0) for each in row["calls"]),
    )
