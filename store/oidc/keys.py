"""The keys that sign ID tokens: one in use, older ones known for a while."""

from typing import Any

from psycopg.types.json import Jsonb

from store.database import Connection

# How long an ID token is good.
ID_TOKEN_SECONDS = 3600
# A process that looked just before a rotation signs just after it.
_MARGIN_SECONDS = 60

_LOCK = 7_210_904_135


def key_place(kid: str) -> str:
    """What a private key is sealed for."""
    return f"oidc_key:{kid}"


def find_current(connection: Connection) -> tuple[str, bytes] | None:
    """The id of the key in use, and the key itself, sealed; None before the first."""
    row = connection.execute(
        "SELECT kid, sealed FROM oidc_keys WHERE retired_at IS NULL"
    ).fetchone()
    return None if row is None else (row[0], bytes(row[1]))


def replace(
    connection: Connection, *, kid: str, public: dict[str, Any], sealed: bytes
) -> None:
    """Have new ID tokens signed by this key; the one before is shown for a while."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    connection.execute(
        "UPDATE oidc_keys SET retired_at = clock_timestamp() WHERE retired_at IS NULL"
    )
    connection.execute(
        "INSERT INTO oidc_keys (kid, public, sealed) VALUES (%s, %s, %s)",
        [kid, Jsonb(public), sealed],
    )


def list_public(connection: Connection) -> list[dict[str, Any]]:
    """The public keys by which a token may be signed that is good now, newest first."""
    rows = connection.execute(
        """
        SELECT public FROM oidc_keys WHERE retired_at IS NULL
            OR retired_at > clock_timestamp() - make_interval(secs => %s)
        ORDER BY made_at DESC
        """,
        [ID_TOKEN_SECONDS + _MARGIN_SECONDS],
    ).fetchall()
    return [row[0] for row in rows]


def prune(connection: Connection, *, limit: int) -> int:
    """Forget keys by which no token is signed that is still good."""
    return connection.execute(
        """
        DELETE FROM oidc_keys WHERE kid IN (
            SELECT kid FROM oidc_keys
            WHERE retired_at < clock_timestamp() - make_interval(secs => %s) LIMIT %s)
        """,
        [ID_TOKEN_SECONDS + _MARGIN_SECONDS, limit],
    ).rowcount
