"""How every connection of ours begins: DATABASE_URL as libpq reads it, our settings.

Our settings are made by SET when the connection is there, not by `options` on the way:
those are the operator's to give, and a pooler may refuse them.
"""

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

SCHEMES = ("postgresql://", "postgres://")
CONNECT_SECONDS = 5

# What our statements and psycopg's reading of their answers rely on, whatever the
# server, the database or the role has as a default.
_SESSION = {
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    # Whatever the server's own default is, a commit here means that it is on disk.
    "synchronous_commit": "on",
}
_TIMEOUT = "statement_timeout"


def check_url(text: str) -> str:
    """The address as it stands, if libpq can read it.

    Raises: ValueError, which shows nothing of the address.
    """
    if not text.startswith(SCHEMES):
        raise ValueError("must look like postgresql://user:password@host:5432/name")
    try:
        conninfo_to_dict(text)
    except psycopg.Error:
        raise ValueError(
            "cannot be read; inside user or password write %40 for @, %2F for /, %3A "
            "for : and %25 for %"
        ) from None
    return text


def prepare(
    connection: psycopg.Connection[Any],
    *,
    statement_seconds: float | None,
    **session: str,
) -> None:
    """Make the settings of a new connection ours, by one statement."""
    wanted = {**_SESSION, **session}
    if statement_seconds is not None:
        wanted[_TIMEOUT] = str(int(statement_seconds * 1000))
    connection.execute(
        "SELECT set_config(name, value, false)"
        " FROM unnest(%s::text[], %s::text[]) AS wanted (name, value)",
        [list(wanted), list(wanted.values())],
    )
    if not connection.autocommit:
        connection.commit()


def connect(
    database_url: str, *, statement_seconds: float | None = None
) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection of one's own, in autocommit.

    Raises: psycopg.OperationalError.
    """
    connection = psycopg.connect(
        database_url, autocommit=True, connect_timeout=CONNECT_SECONDS
    )
    try:
        prepare(connection, statement_seconds=statement_seconds)
    except BaseException:
        connection.close()
        raise
    return connection
