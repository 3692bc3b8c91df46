"""Relying parties: who they are, and where their users may be sent back to."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row

from store.database import Connection
from store.oidc.secrets import hash_of

_ID_BYTES = 12
_FIELDS: LiteralString = (
    "client_id, name, secret_hash, redirect_uris, post_logout_uris,"
    " back_channel_uri, created_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A relying party.

    Shape: a public one has no secret; addresses are compared as they stand.
    """

    client_id: str
    name: str
    secret_hash: bytes | None = field(repr=False)
    redirect_uris: list[str]
    post_logout_uris: list[str]
    back_channel_uri: str | None
    created_at: datetime

    @property
    def is_public(self) -> bool:
        """Whether it runs where nobody can keep a secret."""
        return self.secret_hash is None

    def knows(self, secret: str) -> bool:
        """Whether this is its secret."""
        known = self.secret_hash
        return known is not None and hmac.compare_digest(known, hash_of(secret))


def create(
    connection: Connection,
    *,
    name: str,
    secret: str | None,
    redirect_uris: Sequence[str],
    post_logout_uris: Sequence[str],
    back_channel_uri: str | None,
) -> str:
    """The id of a new client; without a secret it is a public one."""
    client_id = secrets.token_hex(_ID_BYTES)
    connection.execute(
        """
        INSERT INTO oidc_clients (client_id, name, secret_hash, redirect_uris,
            post_logout_uris, back_channel_uri)
        VALUES (%s, %s, %s, %s, %s, %s)
        """,
        [
            client_id,
            name,
            None if secret is None else hash_of(secret),
            list(redirect_uris),
            list(post_logout_uris),
            back_channel_uri,
        ],
    )
    return client_id


def find(connection: Connection, client_id: str) -> Client | None:
    """The client of an id."""
    with connection.cursor(row_factory=class_row(Client)) as cursor:
        cursor.execute(
            f"SELECT {_FIELDS} FROM oidc_clients WHERE client_id = %s",  # noqa: S608 - a constant
            [client_id],
        )
        return cursor.fetchone()


def list_all(connection: Connection) -> list[Client]:
    """Every client, the oldest first."""
    with connection.cursor(row_factory=class_row(Client)) as cursor:
        cursor.execute(
            f"SELECT {_FIELDS} FROM oidc_clients ORDER BY created_at, client_id"  # noqa: S608 - a constant
        )
        return cursor.fetchall()


def remove(connection: Connection, client_id: str) -> bool:
    """Forget a client with its consents, grants and tokens; False when unknown."""
    return bool(
        connection.execute(
            "DELETE FROM oidc_clients WHERE client_id = %s", [client_id]
        ).rowcount
    )
