"""The decisions of a plan or of a run as steps, to be told as groups."""

from collections.abc import Iterator
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from domain.decisions import DecisionName
from domain.grouping import Step
from domain.ids import Key
from store.database import Connection

_FETCH_ROWS = 5_000


def count_entries(connection: Connection, plan_id: str) -> dict[str, int]:
    """How many entries of a plan are in which state."""
    rows = connection.execute(
        "SELECT state, count(*) FROM plan_entries WHERE plan_id = %s GROUP BY state",
        [plan_id],
    ).fetchall()
    return dict(rows)


def read_plan_steps(connection: Connection, plan_id: str) -> Iterator[Step]:
    """What waits in a plan or was done of it; whoever returned is left out.

    Shape: without personal fields.
    """
    return _steps(
        connection,
        sql.SQL(
            "SELECT decision, key, before, after, reason FROM plan_entries"
            " WHERE plan_id = %s AND state <> 'returned' ORDER BY position"
        ),
        plan_id,
    )


def read_run_steps(connection: Connection, run_id: str) -> Iterator[Step]:
    """What a run has journalled; without personal fields."""
    return _steps(
        connection,
        sql.SQL(
            "SELECT decision, key, before, after, reason FROM journal"
            " WHERE run_id = %s ORDER BY line_id"
        ),
        run_id,
    )


def _steps(connection: Connection, query: sql.SQL, about: str) -> Iterator[Step]:
    with connection.cursor("steps", row_factory=dict_row) as cursor:
        cursor.itersize = _FETCH_ROWS
        cursor.execute(query, [about])
        for row in cursor:
            yield _step(row)


def _step(row: dict[str, Any]) -> Step:
    return Step(
        name=DecisionName(row["decision"]),
        key=Key(row["key"]),
        before=row["before"] or {},
        after=row["after"] or {},
        reason=row["reason"],
    )
