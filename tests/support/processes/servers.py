"""The real Postgres and Redis-compatible server that tests talk to."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis
from psycopg import sql

from demo.machine.leash import Leash
from demo.machine.leftovers import MARK
from demo.machine.postgres import Postgres, folders_outside, prepare_postgres
from demo.machine.state import State
from demo.machine.supervisor import Supervisor
from demo.machine.valkey import Valkey, prepare_valkey

PREFIX = "tapd_sync_test"
# What a server may leave undone whose data nobody needs tomorrow.
_NOT_FOR_EVER = (
    "fsync=off",
    "full_page_writes=off",
    "autovacuum=off",
    # It may lie in memory.
    "max_wal_size=128MB",
)
REDIS_DATABASES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A scratch state folder, and the leash that cleans up if we are killed."""

    state: State
    leash: Leash

    def environment(self) -> dict[str, str]:
        """Ours, with the mark by which the leash knows what we started."""
        return {**os.environ, MARK: str(self.state.folder)}


@contextmanager
def guard(folder: Path) -> Iterator[Guarded]:
    """Claim a folder; whatever we start with its mark ends with us, however we end."""
    state = State(folder)
    state.claim()
    leash = Leash(state, folders=folders_outside(state))
    try:
        yield Guarded(state=state, leash=leash)
    finally:
        leash.release()
        state.close()


@contextmanager
def running_postgres(guarded: Guarded) -> Iterator[Postgres]:
    """An embedded Postgres that does not wait for the disk."""
    server = prepare_postgres(guarded.state, environment=guarded.environment())
    supervisor = Supervisor(say=_nothing, leash=guarded.leash)
    try:
        supervisor.start(server.service(*_NOT_FOR_EVER))
        yield server
    finally:
        supervisor.stop()


@contextmanager
def running_valkey(guarded: Guarded) -> Iterator[Valkey]:
    """An embedded Valkey that confirms each write, as in the demo."""
    server = prepare_valkey(guarded.state, environment=guarded.environment())
    supervisor = Supervisor(say=_nothing, leash=guarded.leash)
    try:
        supervisor.start(server.service())
        yield server
    finally:
        supervisor.stop()


@contextmanager
def scratch_database(
    admin: psycopg.Connection, admin_url: str, *, template: str | None = None
) -> Iterator[str]:
    """The address of a new database, dropped at the end with whoever is still in it.

    Shape: `admin` leads to where `admin_url` does; each transaction commits by itself.
    """
    url = new_database(admin, admin_url, template=template)
    try:
        yield url
    finally:
        drop_database(admin, url)


def new_database(
    admin: psycopg.Connection, admin_url: str, *, template: str | None = None
) -> str:
    """The address of a new database: empty, or with all that the template has."""
    label = "template" if template is None else "t"
    name = f"{PREFIX}_{label}_{secrets.token_hex(6)}"
    statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        # Copying files takes half the CPU of copying through the log of writes.
        statement += sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(
            sql.Identifier(template)
        )
    admin.execute(statement)
    return with_database(admin_url, name)


def drop_database(admin: psycopg.Connection, url: str) -> None:
    """Let go of a database, and of whoever is still in it."""
    name = sql.Identifier(database_name(url))
    admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    address, _, options = url.partition("?")
    scheme, _, rest = address.partition("://")
    host = rest.split("/", 1)[0]
    return f"{scheme}://{host}/{name}" + (f"?{options}" if options else "")


def database_name(url: str) -> str:
    """The last part of the address, without options."""
    return url.partition("?")[0].rsplit("/", 1)[1]


def empty_redis(url: str, *, share: int = 0, shares: int = 1) -> str:
    """The address of a numbered database in which nothing is, on somebody's server.

    Shape: of several processes that test at once, each looks in its own share.
    """
    address, _, options = url.partition("?")
    scheme, _, rest = address.partition("://")
    host = rest.split("/", 1)[0]
    for number in reversed(range(share, REDIS_DATABASES, shares)):
        found = f"{scheme}://{host}/{number}" + (f"?{options}" if options else "")
        with redis.Redis.from_url(found) as client:
            if client.dbsize() == 0:
                return found
    raise LookupError(
        f"All {REDIS_DATABASES // shares} databases at REDIS_URL hold data; tests "
        "need an empty one, which they fill and flush. Unset REDIS_URL to use an "
        "embedded server."
    )


def _nothing(text: str) -> None:
    """Tests have no terminal to report to."""
