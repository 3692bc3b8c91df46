"""What Postgres does for each statement of ours: read from its plans, not its clock."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.abc import Params, Query
from psycopg.rows import TupleRow
from psycopg.sql import Composable

from store.database import Connection, Pool

_PLANNED = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement as it was sent."""

    query: str
    parameters: Params | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How a statement was carried out: tables read row by row, and pages touched."""

    query: str
    scanned: frozenset[str]
    pages: int


class WatchedPool:
    """Lends a pool's connections and remembers what is sent over them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.sent: list[Statement] = []

    @contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[Connection]:
        """A connection that tells."""
        sent = self.sent

        class Telling(psycopg.Cursor[TupleRow]):
            def execute(
                self, query: Query, params: Params | None = None, **options: Any
            ) -> "Telling":
                text = query if isinstance(query, str) else _text(query, self)
                sent.append(Statement(query=text, parameters=params))
                return super().execute(text.encode(), params, **options)

        with self._pool.connection(timeout) as connection:
            before = connection.cursor_factory
            connection.cursor_factory = Telling
            try:
                yield connection
            finally:
                connection.cursor_factory = before

    def close(self, timeout: float = 5.0) -> None:
        """The pool stays its owner's."""


def carry_out(connection: Connection, statement: Statement) -> Execution | None:
    """Do a statement once more, look at its plan, and take it back; None: has none.

    What only puts in a row whose key is taken by then has none either.
    """
    if not statement.query.lstrip(" \n(").upper().startswith(_PLANNED):
        return None
    explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.query}"
    try:
        with connection.transaction(force_rollback=True):
            cursor = connection.execute(explained.encode(), statement.parameters)
            row = cursor.fetchone()
    except psycopg.errors.UniqueViolation:
        if "SELECT" in statement.query.upper():
            raise
        return None
    assert row is not None  # noqa: S101 - EXPLAIN always answers.
    plan = (row[0] if isinstance(row[0], list) else json.loads(row[0]))[0]["Plan"]
    nodes = list(_nodes(plan))
    return Execution(
        query=" ".join(statement.query.split()),
        scanned=frozenset(
            node["Relation Name"]
            for node in nodes
            if node["Node Type"] == "Seq Scan" and node["Actual Loops"]
        ),
        pages=plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _text(query: Query, cursor: psycopg.Cursor[TupleRow]) -> str:
    if isinstance(query, Composable):
        return query.as_string(cursor)
    return query.decode() if isinstance(query, bytes) else str(query)
