"""Operators with a name: each signs in with a token of their own, hashed here."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from domain.roles import Role
from store.database import Connection
from store.sessions import operator_sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Somebody who may sign in, and whether they are."""

    name: str
    role: str
    made_at: datetime
    sessions: int
    seen_at: datetime | None


def create(
    connection: Connection, name: str, *, token: str, role: Role = Role.OPERATOR
) -> bool:
    """A new operator; False when there is one of that name."""
    return bool(
        connection.execute(
            "INSERT INTO operators (name, token_hash, role) VALUES (%s, %s, %s)"
            " ON CONFLICT (name) DO NOTHING",
            [name, hash_of(token), role.value],
        ).rowcount
    )


def renew(
    connection: Connection, name: str, *, token: str, role: Role | None = None
) -> bool:
    """Another token for an operator, whose sessions end; False when there is none.

    Shape: without a role they keep theirs.
    """
    renewed = connection.execute(
        "UPDATE operators SET token_hash = %s, role = coalesce(%s, role)"
        " WHERE name = %s",
        [hash_of(token), role.value if role else None, name],
    ).rowcount
    operator_sessions.end_all(connection, name)
    return bool(renewed)


def find_role(connection: Connection, name: str) -> str | None:
    """What an operator may do; None when there is none of that name."""
    row = connection.execute(
        "SELECT role FROM operators WHERE name = %s FOR UPDATE", [name]
    ).fetchone()
    return row[0] if row else None


def set_role(connection: Connection, name: str, role: Role) -> bool:
    """Let an operator do more or less from the next click on; False for nobody."""
    return bool(
        connection.execute(
            "UPDATE operators SET role = %s WHERE name = %s", [role.value, name]
        ).rowcount
    )


def remove(connection: Connection, name: str) -> bool:
    """Let an operator in no more, whose sessions end; False when there is none."""
    return bool(
        connection.execute("DELETE FROM operators WHERE name = %s", [name]).rowcount
    )


def list_operators(connection: Connection) -> list[Operator]:
    """Everybody who was given a token, by name."""
    with connection.cursor(row_factory=class_row(Operator)) as cursor:
        cursor.execute(
            """
            SELECT name, role, made_at, count(session_hash) AS sessions,
                max(seen_at) AS seen_at
            FROM operators LEFT JOIN operator_sessions ON operator_name = name
            GROUP BY name ORDER BY name
            """
        )
        return cursor.fetchall()


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    # Random bytes need no slow hash: there is nothing to guess at.
    return hashlib.sha256(token.encode()).digest()
