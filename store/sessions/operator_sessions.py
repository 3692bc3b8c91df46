"""Sessions of operators: opened with a token, over when they or the token end it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from domain.roles import Role
from store.database import Connection
from store.sessions.ids import (
    IS_OPEN,
    IS_UNSEEN,
    MOST_OF_ONE,
    TIMES,
    hash_of,
    new_id,
)
from store.sessions.rows import end_one, note_used, prune_table

# API_TOKEN is everybody's who was given it.
_MOST_OF_API_TOKEN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSession:
    """A session that is open, and what may be done in it.

    Shape: `name` None when it was opened with API_TOKEN, which is an admin's;
        `is_of_provider` when the house's identity provider has said the name.
    """

    name: str | None
    role: Role = Role.ADMIN
    is_of_provider: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPerson:
    """Somebody whom the house's identity provider has named.

    Shape: `subject` stands for issuer and id, and never changes.
    """

    subject: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSessions:
    """The open sessions of somebody whom the provider has named."""

    subject: str
    name: str
    role: str
    sessions: int
    seen_at: datetime


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


def open_by_provider(connection: Connection, person: NamedPerson) -> str:
    """The id of a new session of somebody whom the house's provider has named.

    Shape: what they may do is what the provider says now, in older sessions, too.
    """
    session_id = new_id()
    connection.execute(
        "UPDATE operator_sessions SET provider_role = %s, provider_name = %s"
        " WHERE provider_subject = %s",
        [person.role.value, person.name, person.subject],
    )
    connection.execute(
        "INSERT INTO operator_sessions (session_hash, provider_subject, provider_name,"
        " provider_role) VALUES (%s, %s, %s, %s)",
        [hash_of(session_id), person.subject, person.name, person.role.value],
    )
    connection.execute(
        """
        DELETE FROM operator_sessions WHERE session_hash IN (
            SELECT session_hash FROM operator_sessions WHERE provider_subject = %s
            ORDER BY seen_at DESC, began_at DESC OFFSET %s)
        """,
        [person.subject, MOST_OF_ONE],
    )
    return session_id


def end_of_subject(connection: Connection, subject: str) -> int:
    """End the sessions of somebody whom the provider has named; how many."""
    return connection.execute(
        "DELETE FROM operator_sessions WHERE provider_subject = %s", [subject]
    ).rowcount


def list_of_provider(connection: Connection) -> list[ProviderSessions]:
    """Whom the provider has named and who is signed in, by name."""
    with connection.cursor(row_factory=class_row(ProviderSessions)) as cursor:
        cursor.execute(
            f"""
            SELECT provider_subject AS subject, provider_name AS name,
                provider_role AS role, count(*) AS sessions, max(seen_at) AS seen_at
            FROM operator_sessions WHERE provider_subject IS NOT NULL AND {IS_OPEN}
            GROUP BY provider_subject, provider_name, provider_role
            ORDER BY provider_name
            """,  # noqa: S608 - the condition is a constant
            TIMES,
        )
        return cursor.fetchall()


def find(
    connection: Connection, session_id: str, *, marks: Collection[bytes]
) -> OperatorSession | None:
    """The open session of an id, noted as used; `marks` are API_TOKEN's of today."""
    row = connection.execute(
        f"""
        SELECT coalesce(operator_name, provider_name), coalesce(role, provider_role),
            provider_subject IS NOT NULL, {IS_UNSEEN}
        FROM operator_sessions LEFT JOIN operators ON name = operator_name
        WHERE session_hash = %(hash)s AND {IS_OPEN}
            AND (token_mark IS NULL OR token_mark = ANY(%(marks)s))
        """,  # noqa: S608 - the conditions are constants
        {**TIMES, "hash": hash_of(session_id), "marks": list(marks)},
    ).fetchone()
    if row is None:
        return None
    name, role, is_of_provider, is_unseen = row
    if is_unseen:
        note_used(connection, "operator_sessions", session_id)
    return OperatorSession(
        name=name,
        role=Role(role) if role else Role.ADMIN,
        is_of_provider=is_of_provider,
    )


def end(connection: Connection, session_id: str) -> None:
    """End a session, wherever its cookie was copied to; a second time too."""
    end_one(connection, "operator_sessions", session_id)


def end_all(connection: Connection, name: str) -> int:
    """End every session of an operator; how many."""
    return connection.execute(
        "DELETE FROM operator_sessions WHERE operator_name = %s", [name]
    ).rowcount


def prune(connection: Connection, *, limit: int) -> int:
    """Forget sessions that are over."""
    return prune_table(connection, "operator_sessions", limit=limit)


def _end_surplus(connection: Connection, name: str | None, *, most: int) -> None:
    connection.execute(
        """
        DELETE FROM operator_sessions WHERE session_hash IN (
            SELECT session_hash FROM operator_sessions
            WHERE operator_name IS NOT DISTINCT FROM %s AND provider_subject IS NULL
            ORDER BY seen_at DESC, began_at DESC OFFSET %s)
        """,
        [name, most],
    )
