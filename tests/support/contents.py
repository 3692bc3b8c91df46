"""What is in a whole database, so that a test can say that nothing was written."""

from collections.abc import Collection
from typing import Any

import psycopg


def list_tables(rows: psycopg.Connection[Any]) -> list[str]:
    """Our tables, partitions by their parents alone."""
    found = rows.execute(
        "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND relnamespace = 'public'::regnamespace AND NOT relispartition"
        " AND relname NOT LIKE '%yoyo%' ORDER BY 1"
    )
    return [name for (name,) in found]


def contents(
    rows: psycopg.Connection[Any], *, but: Collection[str] = ()
) -> dict[str, str]:
    """What each table holds, told apart by a digest of all its rows."""
    return {
        table: rows.execute(
            f"SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '')"  # noqa: S608 - names of our schema
            f" FROM {table} AS t".encode()
        ).fetchall()[0][0]
        for table in list_tables(rows)
        if table not in but
    }
