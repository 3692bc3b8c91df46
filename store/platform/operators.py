"""Operators with a name: each signs in with a token of their own, hashed here."""

import hashlib

from store.database import Connection


def create(connection: Connection, name: str, *, token: str) -> bool:
    """A new operator; False when there is one of that name."""
    return bool(
        connection.execute(
            "INSERT INTO operators (name, token_hash) VALUES (%s, %s)"
            " ON CONFLICT (name) DO NOTHING",
            [name, _hash(token)],
        ).rowcount
    )


def renew(connection: Connection, name: str, *, token: str) -> bool:
    """Another token for an operator; False when there is none of that name."""
    return bool(
        connection.execute(
            "UPDATE operators SET token_hash = %s WHERE name = %s",
            [_hash(token), name],
        ).rowcount
    )


def remove(connection: Connection, name: str) -> bool:
    """Let an operator in no more; False when there is none of that name."""
    return bool(
        connection.execute("DELETE FROM operators WHERE name = %s", [name]).rowcount
    )


def find_by_token(connection: Connection, token: str) -> str | None:
    """The name of the operator whose token this is."""
    row = connection.execute(
        "SELECT name FROM operators WHERE token_hash = %s", [_hash(token)]
    ).fetchone()
    return str(row[0]) if row else None


def find_hash(connection: Connection, name: str) -> bytes | None:
    """What is kept of an operator's present token."""
    row = connection.execute(
        "SELECT token_hash FROM operators WHERE name = %s", [name]
    ).fetchone()
    return bytes(row[0]) if row else None


def _hash(token: str) -> bytes:
    # Random bytes need no slow hash: there is nothing to guess at.
    return hashlib.sha256(token.encode()).digest()
