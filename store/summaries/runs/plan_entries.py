"""The removals of a plan one by one: who, where they are now, and why they would go."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row

from store.database import Connection
from store.summaries.org.corps import list_corp_pks


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """One removal; of a member with name, departments and link as they are now."""

    position: int
    key: str
    reason: str
    state: str
    before: dict[str, Any]
    name: str | None
    departments: list[str]
    link_state: str | None
    account_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseCount:
    """How many removals have the same cause and state."""

    reason: str
    state: str
    number: int


def count_causes(connection: Connection, plan_id: str) -> list[CauseCount]:
    """The causes of a plan, most removals first."""
    with connection.cursor(row_factory=class_row(CauseCount)) as cursor:
        cursor.execute(
            "SELECT reason, state, count(*) AS number FROM plan_entries"
            " WHERE plan_id = %s GROUP BY reason, state"
            " ORDER BY number DESC, reason, state",
            [plan_id],
        )
        return cursor.fetchall()


_ENTRIES = """
    SELECT e.position, e.key, e.reason, e.state, e.before,
        coalesce(m.name, (
            SELECT name FROM departments WHERE corp_pk = e.corp_pk
                AND department_id = CASE WHEN e.key LIKE 'department:%%'
                    THEN substr(e.key, length('department:') + 1)::bigint END
        )) AS name, l.state AS link_state, l.account_id,
        ARRAY(SELECT coalesce(place.name, place.department_id::text)
            FROM unnest(m.department_ids) AS own (department_id)
            CROSS JOIN LATERAL (SELECT name, department_id FROM departments
                WHERE corp_pk = e.corp_pk
                    AND departments.department_id = own.department_id
                LIMIT 1) AS place
            ORDER BY place.department_id) AS departments
    FROM (
        SELECT position, corp_pk, key, reason, state, before
        FROM plan_entries
        WHERE plan_id = %(plan)s AND position > %(after)s
            AND (%(reason)s::text IS NULL OR reason = %(reason)s)
        ORDER BY position LIMIT %(limit)s
    ) AS e
    LEFT JOIN LATERAL (
        -- Each state has an index of its own.
        (SELECT member_pk, name, department_ids FROM members
        WHERE corp_pk = e.corp_pk AND state = 'active'
            AND userid = substr(e.key, length('member:') + 1))
        UNION ALL
        (SELECT member_pk, name, department_ids FROM members
        WHERE corp_pk = e.corp_pk AND state = 'removed'
            AND userid = substr(e.key, length('member:') + 1)
        ORDER BY member_pk DESC LIMIT 1)
        LIMIT 1
    ) AS m ON e.key LIKE 'member:%%'
    LEFT JOIN links AS l ON l.corp_pk = e.corp_pk
        AND l.member_pk = m.member_pk
    ORDER BY e.position
"""


def list_entries(
    connection: Connection,
    plan_id: str,
    *,
    reason: str | None,
    after: int,
    limit: int,
) -> list[EntryRow]:
    """Removals behind a position, those that wait and those that do not."""
    with connection.cursor(row_factory=class_row(EntryRow)) as cursor:
        cursor.execute(
            _ENTRIES,
            {"plan": plan_id, "reason": reason, "after": after, "limit": limit},
        )
        return cursor.fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Who decided about a plan, if anybody has."""

    decided_by: str | None
    run_id: str | None


def find_decided(connection: Connection, plan_id: str) -> Decided:
    """The decision about a plan.

    Raises: LookupError.
    """
    with connection.cursor(row_factory=class_row(Decided)) as cursor:
        cursor.execute(
            "SELECT decided_by, run_id FROM plans WHERE plan_id = %s", [plan_id]
        )
        found = cursor.fetchone()
    if found is None:
        raise LookupError(f"plan {plan_id}")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """A plan in the list, with how many of its removals are in which state."""

    plan_id: str
    corp_id: str
    corp_name: str | None
    kind: str
    state: str
    created_at: Any
    waiting: int
    decided_by: str | None


def list_rows(
    connection: Connection,
    *,
    corp_ids: list[str] | None,
    state: str | None,
    before: tuple[Any, str] | None,
    limit: int,
) -> list[PlanRow]:
    """Plans older than `before` (created_at, plan_id), newest first."""
    created_at, plan_id = before or (None, None)
    with connection.cursor(row_factory=class_row(PlanRow)) as cursor:
        cursor.execute(
            """
            SELECT p.plan_id, c.corp_id, c.name AS corp_name, p.kind, p.state,
                p.created_at, p.decided_by, (
                    SELECT count(*) FROM (SELECT FROM plan_entries AS e
                        WHERE e.plan_id = p.plan_id AND e.state = 'waiting'
                        LIMIT 10000) AS few) AS waiting
            FROM (
                SELECT plan_id, corp_pk, kind, state, created_at, decided_by FROM plans
                WHERE (%(corps)s::bigint[] IS NULL OR corp_pk = ANY(%(corps)s))
                    AND (%(state)s::text IS NULL OR state = %(state)s)
                    AND (%(created_at)s::timestamptz IS NULL
                        OR (created_at, plan_id) < (%(created_at)s, %(plan_id)s))
                ORDER BY created_at DESC, plan_id DESC LIMIT %(limit)s
            ) AS p JOIN corps AS c USING (corp_pk)
            ORDER BY p.created_at DESC, p.plan_id DESC
            """,
            {
                "corps": list_corp_pks(connection, corp_ids),
                "state": state,
                "created_at": created_at,
                "plan_id": plan_id,
                "limit": limit,
            },
        )
        return cursor.fetchall()
