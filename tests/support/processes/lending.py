"""Databases that tests borrow one after another, and pools that stay connected to them.

To make and drop a database takes a fifth of what a test takes, and half of what
Postgres does in it is what each new connection has to learn anew.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from store.database import Connection, open_pool
from tests.support.mortal import OPTIONS, Mortal, MortalPool
from tests.support.processes.servers import drop_database, new_database

_AnyPool = ConnectionPool[Connection]

# Rows that were deleted stay in the files, and no plan is to come to depend on them.
_BORROWERS = 100

# All but rows. What was made or changed there is the newest, or one more or less.
_CATALOGUES = (
    "pg_attrdef",
    "pg_attribute",
    "pg_constraint",
    "pg_db_role_setting",
    "pg_depend",
    "pg_index",
    "pg_inherits",
    "pg_policy",
    "pg_proc",
    "pg_rewrite",
    "pg_trigger",
)
_NEWEST = "SELECT concat_ws(' ', count(*), max(xmin::text::bigint)) FROM {}"
_RELATIONS = (
    "SELECT md5(string_agg(concat_ws(' ', oid, relname, relfilenode, relowner,"
    " relpersistence, relrowsecurity, reloptions, relacl), ',' ORDER BY oid))"
    " FROM pg_class"
)
# What VACUUM and ANALYZE note; plans follow it.
_MEASURED = (
    "SELECT array_agg(oid ORDER BY oid), array_agg(relpages ORDER BY oid),"
    " array_agg(reltuples ORDER BY oid), array_agg(relallvisible ORDER BY oid)"
    " FROM pg_class WHERE relnamespace = 'public'::regnamespace"
)
_MEASURED_AS_BEFORE = (
    "UPDATE pg_class SET (relpages, reltuples, relallvisible) = (pages, tuples, seen)"
    " FROM unnest(%s::oid[], %s::integer[], %s::real[], %s::integer[])"
    " AS before (id, pages, tuples, seen) WHERE oid = id"
    " AND (relpages, reltuples, relallvisible) <> (pages, tuples, seen)"
)
_SAMPLED = (
    "DELETE FROM pg_statistic USING pg_class WHERE pg_class.oid = starelid"
    " AND relnamespace = 'public'::regnamespace"
)
_TABLES = (
    "SELECT relname::text FROM pg_class WHERE relkind = 'r'"
    " AND relnamespace = 'public'::regnamespace ORDER BY relname"
)
_NUMBERS_ANEW = (
    "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence"
    " WHERE pg_sequence_last_value(seqrelid) IS NOT NULL"
)
_PRESENT = (
    "SELECT count(*) FILTER (WHERE application_name = %(us)s),"
    " count(*) FILTER (WHERE application_name <> %(us)s)"
    " FROM pg_stat_activity WHERE datname = current_database()"
    " AND backend_type = 'client backend'"
)
_IS_LOCKED = (
    "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON oid = database"
    " WHERE datname = current_database() AND pid <> pg_backend_pid())"
)
# Whoever has hung up a moment ago may still be there.
_LEAVING_SECONDS = 0.1


class Lent:
    """A database with nothing in it, and connections to it that outlive a test."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._us = f"kept {secrets.token_hex(4)}"
        self._borrowers = 0
        self._pools: dict[str, _AnyPool] = {}
        self.connection = psycopg.connect(
            url, autocommit=True, options=OPTIONS, application_name=self._us
        )
        tables = [name for (name,) in self.connection.execute(_TABLES).fetchall()]
        self._kinds = _kinds()
        self._filled = _filled(tables)
        self._beside = self._ask(self._kinds)
        self._measured = self.connection.execute(_MEASURED).fetchone()
        # What migrations have written.
        self._rows = {each: self._copy(each) for each in self._ask(self._filled)}

    def mortal_pool(self, mortal: Mortal) -> MortalPool:
        """The pool of a worker that dies as this says."""
        pool = self._keep(
            "mortal", lambda: MortalPool(self.url, mortal, application_name=self._us)
        )
        assert isinstance(pool, MortalPool)
        pool.mortal = mortal
        return pool

    def pool(self, *, size: int) -> _AnyPool:
        """A pool as workers have."""
        url = make_conninfo(self.url, application_name=self._us)
        return self._keep(f"of {size}", lambda: open_pool(url, size=size))

    def _keep(self, name: str, make: Callable[[], _AnyPool]) -> _AnyPool:
        if name not in self._pools:
            self._pools[name] = make()
        return self._pools[name]

    def is_as_new(self) -> bool:
        """Whether everything that was done to it could be taken back."""
        self._borrowers += 1
        if self._borrowers == _BORROWERS or not self._is_left():
            return False
        if self._ask(self._kinds) != self._beside:
            return False
        with self.connection.transaction():
            # Neither triggers nor references matter when all rows go.
            self.connection.execute("SET LOCAL session_replication_role = replica")
            for table in {*self._ask(self._filled), *self._rows}:
                self._empty(table)
            self.connection.execute(_NUMBERS_ANEW)
            self.connection.execute(_SAMPLED)
            self.connection.execute(_MEASURED_AS_BEFORE, self._measured)
        return True

    def _empty(self, table: str) -> None:
        before = self._rows.get(table)
        if before is not None and self._copy(table) == before:
            return
        name = sql.Identifier(table)
        self.connection.execute(sql.SQL("DELETE FROM {}").format(name))
        if before is not None:
            takes = sql.SQL("COPY {} FROM STDIN").format(name)
            with self.connection.cursor() as cursor, cursor.copy(takes) as copy:
                copy.write(before)

    def _copy(self, table: str) -> bytes:
        reads = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
        with self.connection.cursor() as cursor, cursor.copy(reads) as copy:
            return b"".join(map(bytes, copy))

    def _is_left(self) -> bool:
        """Whether nobody is in it but us, and none of us is in the midst of a thing."""
        if self.connection.info.transaction_status is not TransactionStatus.IDLE:
            return False
        ours = 1
        for pool in self._pools.values():
            stats = pool.get_stats()
            if pool.closed or stats["pool_size"] != stats["pool_available"]:
                return False
            ours += stats["pool_size"]
        until = time.monotonic() + _LEAVING_SECONDS
        present = self._present()
        while present[1] and time.monotonic() < until:
            time.sleep(0.002)
            present = self._present()
        return present == (ours, 0) and not self._is_locked()

    def _present(self) -> tuple[int, int]:
        found = self.connection.execute(_PRESENT, {"us": self._us}).fetchone()
        assert found is not None
        return found[0], found[1]

    def _is_locked(self) -> bool:
        found = self.connection.execute(_IS_LOCKED).fetchone()
        return found is None or bool(found[0])

    def _ask(self, query: str | sql.Composed) -> list[str]:
        found = self.connection.execute(query, prepare=True).fetchone()
        assert found is not None
        return list(found[0])

    def close(self) -> None:
        """Hang up."""
        for pool in self._pools.values():
            pool.close()
        self.connection.close()


class Lending:
    """The databases of one server that nobody has at the moment."""

    def __init__(self, admin: psycopg.Connection, admin_url: str, *, template: str):
        self._admin, self._url, self._template = admin, admin_url, template
        self._free: list[Lent] = []

    @contextmanager
    def lend(self) -> Iterator[Lent]:
        """A database as the template is, for as long as this block lasts."""
        lent = self._free.pop() if self._free else self._make()
        is_as_new = False
        try:
            yield lent
            is_as_new = lent.is_as_new()
        finally:
            if is_as_new:
                self._free.append(lent)
            else:
                self._drop(lent)

    def close(self) -> None:
        """Drop what is left."""
        while self._free:
            self._drop(self._free.pop())

    def _make(self) -> Lent:
        return Lent(new_database(self._admin, self._url, template=self._template))

    def _drop(self, lent: Lent) -> None:
        lent.close()
        drop_database(self._admin, lent.url)


def _kinds() -> sql.Composed:
    """The statement that tells what there is beside rows."""
    queries = [sql.SQL(_RELATIONS)] + [
        sql.SQL(_NEWEST).format(sql.Identifier(each)) for each in _CATALOGUES
    ]
    return sql.SQL("SELECT ARRAY[{}]").format(
        sql.SQL(", ").join(sql.SQL("({})").format(each) for each in queries)
    )


def _filled(tables: list[str]) -> sql.Composed:
    """The statement that tells which of these tables have rows."""
    each = sql.SQL("CASE WHEN EXISTS (SELECT FROM {}) THEN {} END")
    return sql.SQL("SELECT array_remove(ARRAY[{}], NULL)").format(
        sql.SQL(", ").join(
            each.format(sql.Identifier(name), sql.Literal(name)) for name in tables
        )
    )
