"""What a first read leaves in an empty database, kept for tests that begin with one.

A thousand tests begin with the same few corps in step. To read one takes a tenth of a
second; to put what came of it into another database a tenth of that.
"""

import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

_Connection = psycopg.Connection[tuple[Any, ...]]

# Partitions are written through their table; migrations are what templates have.
_TABLES = """
    SELECT relname, array_agg(attname::text ORDER BY attnum),
        array_agg(atttypid = 'timestamptz'::regtype ORDER BY attnum)
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relkind IN ('r', 'p') AND NOT relispartition
        AND relnamespace = 'public'::regnamespace AND relname NOT LIKE '%yoyo%'
        AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    GROUP BY relname
"""
_COUNTED = "SELECT sequencename, last_value FROM pg_sequences WHERE last_value > 0"
# Times further away than this were given, not noted.
_NOTED_WITHIN = timedelta(hours=1)
_WORTH_KEEPING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, and which of its columns are moments."""

    name: str
    columns: tuple[str, ...]
    moments: tuple[bool, ...]

    def reads(self) -> sql.Composed:
        """The statement that tells its rows as text."""
        return sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
            sql.SQL(", ").join(map(sql.Identifier, self.columns)),
            sql.Identifier(self.name),
        )

    def takes(self) -> sql.Composed:
        """The statement that takes them in again."""
        return sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(self.name),
            sql.SQL(", ").join(map(sql.Identifier, self.columns)),
        )

    def later(self, rows: str, *, since: datetime, now: datetime) -> str:
        """The same rows as if what was noted had been noted just now."""
        lines = (line.split("\t") for line in rows.split("\n")[:-1])
        return "".join(
            "\t".join(
                _later(value, since=since, now=now) if is_moment else value
                for value, is_moment in zip(line, self.moments, strict=True)
            )
            + "\n"
            for line in lines
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All that is in a database at a moment."""

    rows: dict[Table, str]
    counted: dict[str, int]
    at: datetime

    @classmethod
    def of(cls, connection: _Connection) -> "Contents":
        """What is in there now."""
        found = connection.execute(_TABLES).fetchall()
        tables = [
            Table(name=name, columns=tuple(columns), moments=tuple(moments))
            for name, columns, moments in found
        ]
        counted = connection.execute(_COUNTED).fetchall()
        return cls(
            rows={each: _read(connection, each) for each in tables},
            counted=dict(counted),
            at=_now(),
        )

    def since(self, before: "Contents") -> "Contents | None":
        """What has come into it; None where something that was there has changed."""
        changed = {
            table: rows
            for table, rows in self.rows.items()
            if rows != before.rows[table]
        }
        if any(before.rows[table] for table in changed):
            return None
        return Contents(rows=changed, counted=self.counted, at=self.at)

    def put(self, connection: _Connection) -> None:
        """Put this into a database in which nothing is, as of now."""
        now = _now()
        with connection.transaction():
            # No trigger and no reference is looked at: they were when this was made.
            connection.execute("SET LOCAL session_replication_role = replica")
            for table, rows in self.rows.items():
                with connection.cursor() as cursor, cursor.copy(table.takes()) as copy:
                    copy.write(table.later(rows, since=self.at, now=now))
            connection.execute(
                "SELECT setval(name::regclass, last)"
                " FROM unnest(%s::text[], %s::bigint[]) AS counted (name, last)",
                [list(self.counted), list(self.counted.values())],
            )


class KeptCorps:
    """What first reads of some corps have left, by what WeCom showed of them.

    Shape: kept is what is read for the second time; most is read once.
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._kept: dict[str, Contents | None] = {}

    def find(self, shown: str) -> Contents | None:
        """What such a read leaves, if it is known."""
        return self._kept.get(shown)

    def wants(self, shown: str) -> bool:
        """Whether it is worth looking at what such a read leaves."""
        self._seen[shown] += 1
        return self._seen[shown] == _WORTH_KEEPING

    def keep(self, shown: str, *, before: Contents, after: Contents) -> None:
        """Remember what one has left, if that is all that it has changed."""
        self._kept[shown] = after.since(before)


def is_blank(connection: _Connection) -> bool:
    """Whether nobody has worked in this database yet."""
    row = connection.execute(
        "SELECT NOT EXISTS (SELECT FROM companies) AND NOT EXISTS (SELECT FROM pauses)"
        " AND NOT EXISTS (SELECT FROM mailboxes) AND NOT EXISTS (SELECT FROM tokens)"
    ).fetchone()
    return row is not None and bool(row[0])


def _read(connection: _Connection, table: Table) -> str:
    with connection.cursor() as cursor, cursor.copy(table.reads()) as copy:
        return b"".join(map(bytes, copy)).decode()


def _later(value: str, *, since: datetime, now: datetime) -> str:
    # Neither NULL nor infinity is a moment.
    with suppress(ValueError):
        moment = datetime.fromisoformat(value)
        if abs(moment - since) < _NOTED_WITHIN:
            return (moment + (now - since)).isoformat()
    return value


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
