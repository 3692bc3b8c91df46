"""Ways out to a page elsewhere and back: a state is good once and in one browser."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from psycopg.types.json import Jsonb

from store.database import Connection


class ReturnPath(StrEnum):
    """How a browser came back."""

    FIRST = "first"
    AGAIN = "again"  # Reloaded, or gone back to: what was to do is done.
    LATE = "late"
    STRANGE = "strange"  # No such state, or it was given to another browser.


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A browser that came back, and what the page knew when it sent it away."""

    returned: ReturnPath
    cargo: dict[str, Any]


def begin(
    connection: Connection,
    *,
    state: str,
    visitor: str,
    purpose: str,
    cargo: dict[str, Any],
    seconds: float,
) -> None:
    """Remember a way out; `state` comes back within so many seconds or too late."""
    connection.execute(
        """
        INSERT INTO journeys (
            state_digest, visitor_digest, purpose, cargo, expires_at)
        VALUES (%s, %s, %s, %s, clock_timestamp() + make_interval(secs => %s))
        """,
        [_digest(state), _digest(visitor), purpose, Jsonb(cargo), seconds],
    )


def end(connection: Connection, *, state: str, visitor: str, purpose: str) -> Journey:
    """The journey of a state that came back.

    Repeats: the first call gives FIRST, every later one AGAIN with the same cargo.
    """
    keys = [_digest(state), _digest(visitor), purpose]
    row = connection.execute(
        """
        UPDATE journeys SET ended_at = clock_timestamp()
        WHERE state_digest = %s AND visitor_digest = %s AND purpose = %s
            AND ended_at IS NULL AND expires_at > clock_timestamp()
        RETURNING cargo
        """,
        keys,
    ).fetchone()
    if row is not None:
        return Journey(returned=ReturnPath.FIRST, cargo=row[0])
    row = connection.execute(
        """
        SELECT cargo, ended_at IS NOT NULL FROM journeys
        WHERE state_digest = %s AND visitor_digest = %s AND purpose = %s
        """,
        keys,
    ).fetchone()
    if row is None:
        return Journey(returned=ReturnPath.STRANGE, cargo={})
    return Journey(
        returned=ReturnPath.AGAIN if row[1] else ReturnPath.LATE, cargo=row[0]
    )


def prune(connection: Connection, *, limit: int) -> int:
    """Forget journeys that ended or should have ended a day ago."""
    return connection.execute(
        """
        DELETE FROM journeys WHERE state_digest IN (
            SELECT state_digest FROM journeys
            WHERE expires_at < clock_timestamp() - interval '1 day'
            LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        [limit],
    ).rowcount


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
