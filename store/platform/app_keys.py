"""Keys of our own: random, sealed by SECRET_KEYS, made at their first use."""

import os

from store.database import Connection
from store.sealing import Keyring

# Under which HMACs stand for ids that are to be forgotten.
PSEUDONYM = "pseudonym"

_KEY_BYTES = 32


def obtain(connection: Connection, name: str, keyring: Keyring) -> bytes:
    """The key of a name; made now if there is none.

    Raises: SealBroken.
    """
    place = f"app_key:{name}"
    row = connection.execute(
        "SELECT sealed FROM app_keys WHERE name = %s", [name]
    ).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO app_keys (name, sealed) VALUES (%s, %s)"
            " ON CONFLICT DO NOTHING",
            [name, keyring.seal(os.urandom(_KEY_BYTES), place=place)],
        )
        row = connection.execute(
            "SELECT sealed FROM app_keys WHERE name = %s", [name]
        ).fetchone()
    assert row is not None  # noqa: S101 - it was there, or we have just made it.
    return keyring.open(row[0], place=place)


def find(connection: Connection, name: str, keyring: Keyring) -> bytes | None:
    """The key of a name, if it was ever made.

    Raises: SealBroken.
    """
    row = connection.execute(
        "SELECT sealed FROM app_keys WHERE name = %s", [name]
    ).fetchone()
    return keyring.open(row[0], place=f"app_key:{name}") if row else None
