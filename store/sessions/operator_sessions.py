"""Sessions of operators: opened with a token, over when they or the token end it."""

from collections.abc import Collection
from dataclasses import dataclass

from store.database import Connection
from store.sessions.ids import (
    IS_OPEN,
    IS_UNSEEN,
    MOST_OF_ONE,
    TIMES,
    hash_of,
    new_id,
)

# API_TOKEN is everybody's who was given it.
_MOST_OF_API_TOKEN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSession:
    """A session that is open; `name` None when it was opened with API_TOKEN."""

    name: str | None


def open_named(connection: Connection, token_hash: bytes) -> str | None:
    """The id of a new session of the operator whose token this is the hash of."""
    # The lock makes whoever renews or removes the operator wait, and end this too.
    row = connection.execute(
        "SELECT name FROM operators WHERE token_hash = %s FOR KEY SHARE", [token_hash]
    ).fetchone()
    if row is None:
        return None
    session_id = new_id()
    connection.execute(
        "INSERT INTO operator_sessions (session_hash, operator_name) VALUES (%s, %s)",
        [hash_of(session_id), row[0]],
    )
    _end_surplus(connection, row[0], most=MOST_OF_ONE)
    return session_id


def open_by_api_token(connection: Connection, mark: bytes) -> str:
    """The id of a new session that lasts while API_TOKEN is the one with this mark."""
    session_id = new_id()
    connection.execute(
        "INSERT INTO operator_sessions (session_hash, token_mark) VALUES (%s, %s)",
        [hash_of(session_id), mark],
    )
    _end_surplus(connection, None, most=_MOST_OF_API_TOKEN)
    return session_id


def find(
    connection: Connection, session_id: str, *, marks: Collection[bytes]
) -> OperatorSession | None:
    """The open session of an id, noted as used; `marks` are API_TOKEN's of today."""
    row = connection.execute(
        f"""
        SELECT operator_name, {IS_UNSEEN} FROM operator_sessions
        WHERE session_hash = %(hash)s AND {IS_OPEN}
            AND (operator_name IS NOT NULL OR token_mark = ANY(%(marks)s))
        """,  # noqa: S608 - the conditions are constants
        {**TIMES, "hash": hash_of(session_id), "marks": list(marks)},
    ).fetchone()
    if row is None:
        return None
    if row[1]:
        connection.execute(
            "UPDATE operator_sessions SET seen_at = clock_timestamp()"
            " WHERE session_hash = %s",
            [hash_of(session_id)],
        )
    return OperatorSession(name=row[0])


def end(connection: Connection, session_id: str) -> None:
    """End a session, wherever its cookie was copied to; a second time too."""
    connection.execute(
        "DELETE FROM operator_sessions WHERE session_hash = %s", [hash_of(session_id)]
    )


def end_all(connection: Connection, name: str) -> None:
    """End every session of an operator."""
    connection.execute("DELETE FROM operator_sessions WHERE operator_name = %s", [name])


def prune(connection: Connection, *, limit: int) -> int:
    """Forget sessions that are over."""
    return connection.execute(
        f"""
        DELETE FROM operator_sessions WHERE session_hash IN (
            SELECT session_hash FROM operator_sessions WHERE NOT ({IS_OPEN})
            LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        """,  # noqa: S608 - the condition is a constant
        {**TIMES, "limit": limit},
    ).rowcount


def _end_surplus(connection: Connection, name: str | None, *, most: int) -> None:
    connection.execute(
        """
        DELETE FROM operator_sessions WHERE session_hash IN (
            SELECT session_hash FROM operator_sessions
            WHERE operator_name IS NOT DISTINCT FROM %s
            ORDER BY seen_at DESC, began_at DESC OFFSET %s)
        """,
        [name, most],
    )
