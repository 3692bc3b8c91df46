"""Time passes for every row that there is."""

from tests.support.workbench import Workbench


def tables(bench: Workbench) -> list[str]:
    """Our tables, without their partitions and those of the migrations' tool."""
    rows = bench.rows(
        "SELECT relname::text AS name FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND relnamespace = 'public'::regnamespace AND NOT relispartition"
        " AND relname NOT LIKE '%yoyo%' ORDER BY 1"
    )
    return [row["name"] for row in rows]


def grow_old(bench: Workbench) -> None:
    """Let three years pass for every row that there is."""
    columns = bench.rows(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_name = ANY(%s)"
        " AND data_type IN ('date', 'timestamp with time zone')",
        tables(bench),
    )
    for each in columns:
        table, column = each["table_name"], each["column_name"]
        bench.rows(f"UPDATE {table} SET {column} = {column} - interval '3 years'")  # noqa: S608 - names of our schema
