"""How every connection of ours begins: DATABASE_URL as libpq reads it, our settings.

Our settings are made by SET when the connection is there, not by `options` on the way:
those are the operator's to give, and a pooler may refuse them.
"""

import re
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from store.literals import ArrayDumper

SCHEMES = ("postgresql://", "postgres://")
CONNECT_SECONDS = 5

# What our statements and psycopg's reading of their answers rely on, whatever the
# server, the database or the role has as a default.
SESSION = {
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

_PORT, _MOST_PORT = 5432, 65535
_HOST = re.compile(r"[\w.:%-]*")
_ESCAPES = (
    "inside user or password write %40 for @, %2F for /, %3A for :, %23 for #, %3F for "
    "? and %25 for %"
)
# libpq looks at these only when it connects, and repeats what it cannot use.
_CHOICES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": (
        "any", "read-write", "read-only", "primary", "standby", "prefer-standby",
    ),
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "load_balance_hosts": ("disable", "random"),
}  # fmt: skip


def check_url(text: str) -> str:
    """The address as it stands, if libpq reads all of it as it is meant.

    Raises: ValueError, which shows nothing of the address.
    """
    if not text.startswith(SCHEMES):
        raise ValueError("must look like postgresql://user:password@host:5432/name")
    try:
        parts = {k: str(v) for k, v in conninfo_to_dict(text).items()}
    except psycopg.Error:
        raise ValueError(f"cannot be read; {_ESCAPES}") from None
    _check_places(parts)
    for name, allowed in _CHOICES.items():
        if parts.get(name, allowed[0]) not in allowed:
            raise ValueError(f"has a {name} other than {', '.join(allowed)}")
    if not re.fullmatch(r"-?[0-9]{1,6}", parts.get("connect_timeout", "0")):
        raise ValueError("has a connect_timeout that is no number of seconds")
    return text


def places_of(text: str) -> list[tuple[str, int]]:
    """Every host and port that a checked address may lead to; sockets have none."""
    parts = {k: str(v) for k, v in conninfo_to_dict(text).items()}
    hosts = (parts.get("host") or parts.get("hostaddr") or "").split(",")
    ports = parts.get("port", "").split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    return [
        (host, int(port or _PORT))
        for host, port in zip(hosts, ports, strict=True)
        if host and not host.startswith(("/", "@"))
    ]


def _check_places(parts: Mapping[str, str]) -> None:
    """What libpq takes for host, port or database must be able to be one.

    A sign that was not escaped ends a password early: its rest lands there, and in
    what libpq says of it.
    """
    hosts = (parts.get("host") or parts.get("hostaddr") or "").split(",")
    ports = parts.get("port", "").split(",")
    if not all(re.fullmatch(r"[0-9]{0,5}", each) for each in ports) or not all(
        0 < int(each or _PORT) <= _MOST_PORT for each in ports
    ):
        raise ValueError(f"must have a number, 1 to {_MOST_PORT}, as port; {_ESCAPES}")
    if len(ports) not in {1, len(hosts)}:
        raise ValueError("must have one port, or one for each of its hosts")
    for host in hosts:
        if not host.startswith(("/", "@")) and not _HOST.fullmatch(host):
            raise ValueError(f"has a host that cannot be read; {_ESCAPES}")
    if re.search(r"[@/]", parts.get("dbname", "")):
        raise ValueError(f"has a database name that cannot be read; {_ESCAPES}")


def prepare(
    connection: psycopg.Connection[Any],
    *,
    statement_seconds: float | None,
    **session: str,
) -> None:
    """Make the settings of a new connection ours, by one statement."""
    connection.adapters.register_dumper(list, ArrayDumper)
    wanted = {**SESSION, **session}
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
