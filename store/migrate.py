"""Brings a database to the newest schema, one numbered .sql file after the other."""

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI, parse_uri
from yoyo.migrations import default_migration_table

from store.connecting import connect

FOLDER = Path(__file__).parent / "migrations"

# yoyo wants one; the connection is made by ours.
_NO_ADDRESS = parse_uri("postgresql+psycopg://")

# Any number will do, as long as every process of ours takes the same one.
_LOCK = 7_210_904_116


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo ships no types.
    """yoyo's Postgres, by a connection like all of ours and without alarming lines.

    It takes addresses apart by itself, and knows neither sockets nor several hosts; it
    finds out whether its table of locks exists by creating it, and whether DDL is
    transactional by dropping a table that must be gone: both fail when all is well.
    """

    create_lock_table_sql = PostgresqlPsycopgBackend.create_lock_table_sql.replace(
        "CREATE TABLE", "CREATE TABLE IF NOT EXISTS"
    )

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        super().__init__(_NO_ADDRESS, default_migration_table)

    def connect(self, dburi: DatabaseURI) -> psycopg.Connection[tuple[Any, ...]]:
        """The connection that migrations are applied by."""
        return connect(self._database_url)

    def copy(self) -> "_Backend":
        """The same once more, with a connection of its own."""
        return _Backend(self._database_url)

    def init_database(self) -> None:
        """Make the table of locks; that Postgres has transactional DDL is known."""
        # The library's own way passes over a right that is lacking.
        with self.transaction():
            self.execute(self.format_sql(self.create_lock_table_sql))

    def get_log_data(
        self, migration: Any = None, operation: str = "apply"
    ) -> dict[str, Any]:
        """The line about one migration; a role did it, for a uid may have no name."""
        return {
            "id": str(uuid4()),
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "username": self.connection.info.user,
            "hostname": socket.gethostname(),
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }


def migrate(database_url: str) -> list[str]:
    """Apply what is missing and return the names of what was applied.

    Repeats: a second call applies nothing; several at once wait for each other.
    """
    # The library's own lock is a row that a killed process leaves behind; Postgres
    # gives an advisory lock back when the connection ends, however it ends.
    with connect(database_url) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        with _open(database_url) as backend:
            wanted = backend.to_apply(read_migrations(str(FOLDER)))
            backend.apply_migrations(wanted)
            return [migration.id for migration in wanted]


def list_missing(database_url: str) -> list[str]:
    """The names of the migrations that the database still lacks."""
    with _open(database_url) as backend:
        return [m.id for m in backend.to_apply(read_migrations(str(FOLDER)))]


def _open(database_url: str) -> _Backend:
    backend = _Backend(database_url)
    try:
        backend.init_database()
    except BaseException:
        backend.connection.close()
        raise
    return backend
