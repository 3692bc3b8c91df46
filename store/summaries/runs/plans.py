"""Held plans as the API and the console list them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from store.database import Connection

_SELECT = """
    SELECT p.plan_id, c.corp_pk, c.corp_id, p.kind, p.state, p.hash, p.created_at
    FROM plans AS p JOIN corps AS c USING (corp_pk)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """A plan without its entries."""

    plan_id: str
    corp_pk: int
    corp_id: str
    kind: str
    state: str
    hash: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPlan:
    """A held plan with how many of its removals still wait."""

    plan_id: str
    kind: str
    created_at: datetime
    removals: int


def list_plans(
    connection: Connection,
    *,
    corp_ids: list[str] | None,
    state: str | None,
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[PlanSummary]:
    """Plans older than `before` (created_at, plan_id), newest first."""
    created_at, plan_id = before or (None, None)
    with connection.cursor(row_factory=class_row(PlanSummary)) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE (%(corp_ids)s::text[] IS NULL OR c.corp_id = ANY(%(corp_ids)s))
                AND (%(state)s::text IS NULL OR p.state = %(state)s)
                AND (%(created_at)s::timestamptz IS NULL
                    OR (p.created_at, p.plan_id) < (%(created_at)s, %(plan_id)s))
            ORDER BY p.created_at DESC, p.plan_id DESC LIMIT %(limit)s
            """,
            {
                "corp_ids": corp_ids,
                "state": state,
                "created_at": created_at,
                "plan_id": plan_id,
                "limit": limit,
            },
        )
        return cursor.fetchall()


def find_plan(connection: Connection, plan_id: str) -> PlanSummary | None:
    """The plan of this id."""
    with connection.cursor(row_factory=class_row(PlanSummary)) as cursor:
        cursor.execute(f"{_SELECT} WHERE p.plan_id = %s", [plan_id])
        return cursor.fetchone()


def list_waiting(connection: Connection, corp_pk: int) -> list[WaitingPlan]:
    """The corp's plans that wait for a person, newest first."""
    with connection.cursor(row_factory=class_row(WaitingPlan)) as cursor:
        cursor.execute(
            """
            SELECT p.plan_id, p.kind, p.created_at, count(*) AS removals
            FROM plans AS p JOIN plan_entries AS e USING (plan_id)
            WHERE p.corp_pk = %s AND p.state = 'held' AND e.state = 'waiting'
            GROUP BY p.plan_id ORDER BY p.created_at DESC, p.plan_id DESC
            """,
            [corp_pk],
        )
        return cursor.fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingEntry:
    """A removal that was found and is not done: it is held, or was rejected."""

    reason: str
    after: dict[str, Any]
    found_at: datetime


def find_waiting_entry(
    connection: Connection, corp_pk: int, key: str
) -> WaitingEntry | None:
    """The newest removal of a key that a person keeps from being done."""
    with connection.cursor(row_factory=class_row(WaitingEntry)) as cursor:
        cursor.execute(
            """
            SELECT e.reason, e.after, p.created_at AS found_at
            FROM plan_entries AS e JOIN plans AS p USING (plan_id)
            WHERE e.corp_pk = %s AND e.key = %s AND e.state = 'waiting'
                AND p.state IN ('held', 'approved', 'rejected')
            ORDER BY p.created_at DESC LIMIT 1
            """,
            [corp_pk, key],
        )
        return cursor.fetchone()
