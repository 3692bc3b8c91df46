"""Full reads with their progress, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run; `corp_id` is the corpid as it is stored."""

    run_id: str
    corp_id: str
    cause: str
    state: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    pages_read: int
    pages_of: int | None
    decisions: dict[str, Any]
    calls: int
    calls_least: int
    plan_id: str | None
    error: str | None


_SELECT = """
    SELECT r.run_id, c.corp_id, r.cause, r.state, r.created_at, r.started_at,
        r.ended_at, r.pages_read, r.pages_of, r.decisions, r.calls, r.calls_least,
        r.plan_id, r.error
    FROM runs AS r JOIN corps AS c USING (corp_pk)
"""


def list_runs(
    connection: Connection,
    *,
    corp_ids: list[str] | None,
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[RunSummary]:
    """Runs older than `before` (created_at, run_id), newest first."""
    created_at, run_id = before or (None, None)
    with connection.cursor(row_factory=class_row(RunSummary)) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE (%(corp_ids)s::text[] IS NULL OR r.corp_pk IN (
                    SELECT corp_pk FROM corps WHERE corp_id = ANY(%(corp_ids)s)))
                AND (%(created_at)s::timestamptz IS NULL
                    OR (r.created_at, r.run_id) < (%(created_at)s, %(run_id)s))
            ORDER BY r.created_at DESC, r.run_id DESC LIMIT %(limit)s
            """,  # noqa: S608 - the inserted text is a constant of this module
            {
                "corp_ids": corp_ids,
                "created_at": created_at,
                "run_id": run_id,
                "limit": limit,
            },
        )
        return cursor.fetchall()


def find_run(connection: Connection, run_id: str) -> RunSummary | None:
    """The run of this id."""
    with connection.cursor(row_factory=class_row(RunSummary)) as cursor:
        cursor.execute(
            f"{_SELECT} WHERE r.run_id = %s",
            [run_id],
        )
        return cursor.fetchone()


def find_latest_plan(connection: Connection, corp_pk: int) -> RunSummary | None:
    """The newest run that found out what a resync would do, while that is kept."""
    with connection.cursor(row_factory=class_row(RunSummary)) as cursor:
        cursor.execute(
            f"""
            {_SELECT} JOIN rehearsals USING (run_id) WHERE r.corp_pk = %s
            ORDER BY rehearsals.made_at DESC LIMIT 1
            """,
            [corp_pk],
        )
        return cursor.fetchone()


def find_latest_of_corp(connection: Connection, corp_pk: int) -> RunSummary | None:
    """The run that reads now, else the newest of a corp; plans aside."""
    with connection.cursor(row_factory=class_row(RunSummary)) as cursor:
        cursor.execute(
            f"""
            {_SELECT} WHERE r.corp_pk = %s AND r.cause <> 'plan'
            ORDER BY (r.state = 'running') DESC, r.created_at DESC, r.run_id DESC
            LIMIT 1
            """,
            [corp_pk],
        )
        return cursor.fetchone()
