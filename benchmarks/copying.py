"""The yardstick of applying: COPY of the very rows, into the very tables."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from store.connecting import connect

# What a run writes on its way and takes out again, and what it says of itself.
_PASSING = (
    "audit_head",
    "known_answers",
    "staging",
    "run_pages",
    "runs",
    "touched",
    "tokens",
    "pauses",
    "leases",
)
_CHANGED = """
    SELECT relname::text FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition
        AND relnamespace = 'public'::regnamespace
        AND relname NOT LIKE '%%yoyo%%' AND relname <> ALL(%s)
"""
_REFERENCES = """
    SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f' AND conparentid = 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table's rows as a sync left them."""

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


def load_tables(url: str) -> list[Table]:
    """Every table that holds something, those that others refer to first."""
    with connect(url) as connection, connection.transaction():
        names = {row[0] for row in connection.execute(_CHANGED, [list(_PASSING)])}
        tables = [_load(connection, name) for name in _in_order(connection, names)]
    return [each for each in tables if each.rows]


def copy_seconds(url: str, tables: Sequence[Table]) -> float:
    """How long COPY takes to put these rows into an empty database, and to commit."""
    with connect(url) as connection:
        began = time.monotonic()
        connection.execute("BEGIN")
        for table in tables:
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
                sql.Identifier(table.name),
                sql.SQL(", ").join(map(sql.Identifier, table.columns)),
            )
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.set_types(table.types)
                for row in table.rows:
                    copy.write_row(row)
        connection.execute("COMMIT")
        return time.monotonic() - began


def _in_order(connection: psycopg.Connection, names: set[str]) -> list[str]:
    graph: dict[str, set[str]] = {name: set() for name in names}
    for source, target in connection.execute(_REFERENCES).fetchall():
        if source in names and target in names and source != target:
            graph[source].add(target)
    return list(TopologicalSorter(graph).static_order())


def _load(connection: psycopg.Connection, name: str) -> Table:
    described = connection.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = '' ORDER BY attnum",
        [name],
    ).fetchall()
    columns = tuple(column for column, _ in described)
    types = tuple(kind for _, kind in described)
    query = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(name)
    )
    jsons = {i for i, kind in enumerate(types) if kind == "jsonb"}
    rows = [
        tuple(
            Jsonb(value) if i in jsons and value is not None else value
            for i, value in enumerate(row)
        )
        for row in connection.execute(query)
    ]
    return Table(name=name, columns=columns, types=types, rows=rows)
