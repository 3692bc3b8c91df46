"""Brings a database to the newest schema, one numbered .sql file after the other."""

from pathlib import Path

import psycopg
from yoyo import get_backend, read_migrations

FOLDER = Path(__file__).parent / "migrations"

# Any number will do, as long as every process of ours takes the same one.
_LOCK = 7_210_904_116


def migrate(database_url: str) -> list[str]:
    """Apply what is missing and return the names of what was applied.

    Repeats: a second call applies nothing; several at once wait for each other.
    """
    # The library's own lock is a row that a killed process leaves behind; Postgres
    # gives an advisory lock back when the connection ends, however it ends.
    with psycopg.connect(database_url, autocommit=True) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        with get_backend(_with_psycopg3(database_url)) as backend:
            wanted = backend.to_apply(read_migrations(str(FOLDER)))
            backend.apply_migrations(wanted)
            return [migration.id for migration in wanted]


def list_missing(database_url: str) -> list[str]:
    """The names of the migrations that the database still lacks."""
    with get_backend(_with_psycopg3(database_url)) as backend:
        return [m.id for m in backend.to_apply(read_migrations(str(FOLDER)))]


def _with_psycopg3(database_url: str) -> str:
    _, _, rest = database_url.partition("://")
    return f"postgresql+psycopg://{rest}"
