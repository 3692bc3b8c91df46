"""Operators with a name: each signs in with a token of their own, hashed here."""

import hashlib

from store.database import Connection
from store.sessions import operator_sessions


def create(connection: Connection, name: str, *, token: str) -> bool:
    """A new operator; False when there is one of that name."""
    return bool(
        connection.execute(
            "INSERT INTO operators (name, token_hash) VALUES (%s, %s)"
            " ON CONFLICT (name) DO NOTHING",
            [name, hash_of(token)],
        ).rowcount
    )


def renew(connection: Connection, name: str, *, token: str) -> bool:
    """Another token for an operator, whose sessions end; False when there is none."""
    renewed = connection.execute(
        "UPDATE operators SET token_hash = %s WHERE name = %s",
        [hash_of(token), name],
    ).rowcount
    operator_sessions.end_all(connection, name)
    return bool(renewed)


def remove(connection: Connection, name: str) -> bool:
    """Let an operator in no more, whose sessions end; False when there is none."""
    return bool(
        connection.execute("DELETE FROM operators WHERE name = %s", [name]).rowcount
    )


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    # Random bytes need no slow hash: there is nothing to guess at.
    return hashlib.sha256(token.encode()).digest()
