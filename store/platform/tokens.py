"""Tokens shared by all processes, sealed, and who is to renew each."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from store.database import Connection
from store.sealing import Keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldToken:
    """A token and when it stops being valid."""

    value: str = field(repr=False)
    expires_at: datetime


def find(connection: Connection, keyring: Keyring, *, owner: str) -> HeldToken | None:
    """The owner's token, valid or not.

    Raises: SealBroken.
    """
    row = connection.execute(
        "SELECT token, expires_at FROM tokens WHERE owner = %s AND token IS NOT NULL",
        [owner],
    ).fetchone()
    if row is None:
        return None
    value = keyring.open(row[0], place=_place(owner)).decode()
    return HeldToken(value=value, expires_at=row[1])


def save(
    connection: Connection,
    keyring: Keyring,
    *,
    owner: str,
    token: str,
    expires_at: datetime,
) -> None:
    """Replace the owner's token."""
    connection.execute(
        """
        INSERT INTO tokens (owner, token, expires_at) VALUES (%s, %s, %s)
        ON CONFLICT (owner) DO UPDATE
        SET token = excluded.token, expires_at = excluded.expires_at
        """,
        [owner, keyring.seal(token.encode(), place=_place(owner)), expires_at],
    )


def drop(connection: Connection, keyring: Keyring, *, owner: str, token: str) -> None:
    """Forget the owner's token if it is still this one: another may have renewed it.

    Raises: SealBroken.
    """
    row = connection.execute(
        "SELECT token FROM tokens WHERE owner = %s AND token IS NOT NULL FOR UPDATE",
        [owner],
    ).fetchone()
    if row and keyring.open(row[0], place=_place(owner)).decode() == token:
        connection.execute(
            "UPDATE tokens SET token = NULL, expires_at = NULL WHERE owner = %s",
            [owner],
        )


def claim_refresh(connection: Connection, *, owner: str, seconds: float) -> UUID | None:
    """The right to fetch a new token now, for so long nobody else's; None: taken.

    A rest between tries ahead of time forbids nothing here.
    """
    return _claim(
        connection,
        owner=owner,
        seconds=seconds,
        free="held.refreshing_by IS NULL OR held.refreshing_until <= clock_timestamp()",
    )


def claim_ahead(connection: Connection, *, owner: str, seconds: float) -> UUID | None:
    """The same while the old token lasts: a rest forbids it, too."""
    return _claim(
        connection,
        owner=owner,
        seconds=seconds,
        free="held.refreshing_until IS NULL"
        " OR held.refreshing_until <= clock_timestamp()",
    )


def _claim(
    connection: Connection, *, owner: str, seconds: float, free: str
) -> UUID | None:
    row = connection.execute(
        f"""
        INSERT INTO tokens AS held (owner, refreshing_by, refreshing_until)
        VALUES (%(owner)s, %(claim)s,
            clock_timestamp() + make_interval(secs => %(seconds)s))
        ON CONFLICT (owner) DO UPDATE
        SET refreshing_by = excluded.refreshing_by,
            refreshing_until = excluded.refreshing_until
        WHERE {free}
        RETURNING refreshing_by
        """,  # noqa: S608 - one of the two constants above
        {"owner": owner, "claim": uuid4(), "seconds": seconds},
    ).fetchone()
    return row[0] if row else None


def release_refresh(connection: Connection, *, owner: str, claim: UUID) -> None:
    """End this very claim; once it has passed to another nothing happens."""
    connection.execute(
        "UPDATE tokens SET refreshing_by = NULL, refreshing_until = NULL"
        " WHERE owner = %s AND refreshing_by = %s",
        [owner, claim],
    )


def rest(connection: Connection, *, owner: str, claim: UUID, seconds: float) -> None:
    """End this very claim, and let nobody fetch ahead of time for so long."""
    connection.execute(
        "UPDATE tokens SET refreshing_by = NULL,"
        " refreshing_until = clock_timestamp() + make_interval(secs => %s)"
        " WHERE owner = %s AND refreshing_by = %s",
        [seconds, owner, claim],
    )


def forget(connection: Connection, owner: str) -> None:
    """Remove the owner altogether."""
    connection.execute("DELETE FROM tokens WHERE owner = %s", [owner])


def prune(connection: Connection) -> int:
    """Remove what was fetched for corps that were purged in that very moment."""
    return connection.execute(
        """
        DELETE FROM tokens WHERE owner LIKE 'corp:%' AND NOT EXISTS (
            SELECT FROM corps WHERE state <> 'revoked'
                AND corp_pk::text = split_part(owner, ':', 3))
        """
    ).rowcount


def _place(owner: str) -> str:
    return f"token:{owner}"
