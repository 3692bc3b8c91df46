"""Held plans: removals that wait for a person, and what became of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from domain.decisions import Decision
from domain.ids import CorpPk, DepartmentId, Key, RunId, department_key
from domain.reasons import Reason
from domain.reconcile.guard import HeldPlan, RemovalKind, Window
from domain.reconcile.rejections import Rejected
from domain.states import PlanState
from store.database import Connection
from store.org.journal import split_personal
from store.rows import stated
from store.sealing import DataKey

_REMOVALS = {
    RemovalKind.MEMBERS: "RemoveMember",
    RemovalKind.DEPARTMENTS: "RemoveDepartment",
}
_RETURNS = {
    RemovalKind.MEMBERS: ["AddMember", "RestoreMember"],
    RemovalKind.DEPARTMENTS: ["AddDepartment"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan without its entries."""

    plan_id: str
    corp_pk: CorpPk
    kind: str
    state: PlanState
    hash: str
    created_at: datetime
    run_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEntry:
    """One removal of a plan, personal fields opened."""

    name: str
    key: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    state: str


def add(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    held: HeldPlan,
    decisions: Sequence[Decision],
    data_key: DataKey,
    event_id: int | None = None,
) -> str:
    """Freeze removals as a plan; its id.

    Shape: `event_id` is the mail by which they were found.
    """
    plan_id = str(uuid4())
    connection.execute(
        "INSERT INTO plans (plan_id, corp_pk, kind, hash, event_id)"
        " VALUES (%s, %s, %s, %s, %s)",
        [plan_id, corp_pk, held.kind, held.hash, event_id],
    )
    statement = (
        "COPY plan_entries (plan_id, position, corp_pk, key, decision, before, after,"
        " personal, reason) FROM STDIN"
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for position, each in enumerate(sorted(decisions, key=lambda one: one.key)):
            before, after, personal = split_personal(each)
            sealed = data_key.seal(personal) if personal else None
            copy.write_row((
                plan_id, position, corp_pk, each.key, str(each.name), Jsonb(before),
                Jsonb(after), sealed, str(each.reason),
            ))  # fmt: skip
    return plan_id


def find_corp(connection: Connection, plan_id: str) -> CorpPk | None:
    """Whose plan it is."""
    row = connection.execute(
        "SELECT corp_pk FROM plans WHERE plan_id = %s", [plan_id]
    ).fetchone()
    return CorpPk(row[0]) if row else None


def lock(connection: Connection, plan_id: str) -> Plan | None:
    """The plan, locked for this transaction."""
    with connection.cursor(row_factory=stated(Plan, PlanState)) as cursor:
        cursor.execute(
            "SELECT plan_id, corp_pk, kind, state, hash, created_at, run_id"
            " FROM plans WHERE plan_id = %s FOR UPDATE",
            [plan_id],
        )
        return cursor.fetchone()


def decide(
    connection: Connection,
    plan_id: str,
    *,
    state: str,
    by: str,
    run_id: RunId | None = None,
) -> None:
    """Record what a person decided."""
    connection.execute(
        "UPDATE plans SET state = %s, decided_by = %s, run_id = %s,"
        " decided_at = clock_timestamp() WHERE plan_id = %s",
        [state, by, run_id, plan_id],
    )


def list_entries(
    connection: Connection, plan_id: str, *, data_key: DataKey | None
) -> list[PlanEntry]:
    """What a plan would remove; without the data key personal fields stay away."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "SELECT decision AS name, key, before, after, personal, reason, state"
            " FROM plan_entries WHERE plan_id = %s ORDER BY position",
            [plan_id],
        )
        return [_opened(row, data_key) for row in cursor]


def states_of(
    connection: Connection, corp_pk: CorpPk, keys: Iterable[Key]
) -> dict[Key, dict[str, Rejected]]:
    """For each key that plans wait for: in which states, and what each rests on."""
    rows = connection.execute(
        """
        SELECT entry.key, plan.state, entry.reason, entry.after
        FROM plan_entries AS entry
        JOIN plans AS plan ON plan.plan_id = entry.plan_id
        WHERE entry.corp_pk = %s AND entry.key = ANY(%s) AND entry.state = 'waiting'
            AND plan.state IN ('held', 'approved', 'rejected')
        ORDER BY plan.created_at
        """,
        [corp_pk, list(keys)],
    ).fetchall()
    found: dict[Key, dict[str, Rejected]] = {}
    for key, state, reason, after in rows:
        rests_on = Rejected(reason=reason, after=after)
        found.setdefault(Key(key), {})[state] = rests_on
    return found


def find_open(
    connection: Connection, corp_pk: CorpPk, keys: Iterable[Key]
) -> str | None:
    """The newest held plan that one of the keys waits in."""
    row = connection.execute(
        """
        SELECT plan.plan_id FROM plans AS plan
        JOIN plan_entries AS entry ON entry.plan_id = plan.plan_id
        WHERE plan.corp_pk = %s AND plan.state = 'held'
            AND entry.key = ANY(%s) AND entry.state = 'waiting'
        ORDER BY plan.created_at DESC LIMIT 1
        """,
        [corp_pk, list(keys)],
    ).fetchone()
    return str(row[0]) if row else None


def close_entries(
    connection: Connection, corp_pk: CorpPk, keys: Iterable[Key], *, state: str
) -> None:
    """Note that these were removed, or are shown again; plans left empty are over."""
    wanted = list(keys)
    if not wanted:
        return
    closed = connection.execute(
        "UPDATE plan_entries SET state = %s"
        " WHERE corp_pk = %s AND key = ANY(%s) AND state = 'waiting'",
        [state, corp_pk, wanted],
    )
    if closed.rowcount:
        connection.execute(
            """
            UPDATE plans SET state = 'superseded', decided_at = clock_timestamp()
            WHERE corp_pk = %s AND state = 'held' AND NOT EXISTS (
                SELECT 1 FROM plan_entries AS entry
                WHERE entry.plan_id = plans.plan_id AND entry.state = 'waiting')
            """,
            [corp_pk],
        )


def close_staged(
    connection: Connection,
    corp_pk: CorpPk,
    run_id: RunId,
    *,
    but: Collection[Key] = (),
) -> None:
    """Note as returned whomever a full read has shown again.

    Shape: `but` are keys that somebody else bears now.
    """
    rows = connection.execute(
        """
        SELECT entry.key FROM plan_entries AS entry
        WHERE entry.corp_pk = %(corp_pk)s AND entry.state = 'waiting' AND EXISTS (
            SELECT 1 FROM staging WHERE run_id = %(run_id)s AND kind = 'member'
                AND 'member:' || staging.key = entry.key)
        """,
        {"corp_pk": corp_pk, "run_id": run_id},
    ).fetchall()
    shown = {Key(row[0]) for row in rows}.difference(but)
    close_entries(connection, corp_pk, sorted(shown), state="returned")


def close_listed(
    connection: Connection, corp_pk: CorpPk, departments: Iterable[DepartmentId]
) -> None:
    """Note as returned which of these departments waited to be removed."""
    rows = connection.execute(
        "SELECT DISTINCT key FROM plan_entries WHERE corp_pk = %s"
        " AND state = 'waiting' AND key LIKE 'department:%%'",
        [corp_pk],
    ).fetchall()
    if rows:
        waiting = {row[0] for row in rows}
        listed = {department_key(each) for each in departments}
        close_entries(connection, corp_pk, sorted(listed & waiting), state="returned")


def find_held(connection: Connection, corp_pk: CorpPk) -> str | None:
    """The newest plan of the corp that waits for a person."""
    row = connection.execute(
        "SELECT plan_id FROM plans WHERE corp_pk = %s AND state = 'held'"
        " ORDER BY created_at DESC LIMIT 1",
        [corp_pk],
    ).fetchone()
    return str(row[0]) if row else None


def count_window(
    connection: Connection, corp_pk: CorpPk, *, kind: RemovalKind, hours: int
) -> Window:
    """What the guard counts of one kind; from the journal, which misses nothing.

    Shape: whoever returned is told by the journal as well, for they may bear another
        userid by now, and the old one another person.
    """
    there = {
        RemovalKind.MEMBERS: "members WHERE corp_pk = %(corp_pk)s AND state = 'active'",
        RemovalKind.DEPARTMENTS: "departments WHERE corp_pk = %(corp_pk)s",
    }[kind]
    row = connection.execute(
        f"""
        WITH removed AS (
            SELECT DISTINCT ON (key) key, line_id, reason,
                before ->> 'open_userid' AS person FROM journal
            WHERE corp_pk = %(corp_pk)s AND decision = %(decision)s
                AND at > clock_timestamp() - make_interval(hours => %(hours)s)
            ORDER BY key, line_id DESC
        ), gone AS (
            SELECT reason FROM removed WHERE NOT EXISTS (
                SELECT 1 FROM journal AS later
                WHERE later.corp_pk = %(corp_pk)s AND later.key = removed.key
                    AND later.line_id > removed.line_id
                    AND later.at > clock_timestamp() - make_interval(hours => %(hours)s)
                    AND later.decision = ANY(%(returns)s)
                    -- Whoever is known to be another has not returned.
                    AND coalesce(later.after ->> 'open_userid' = person, true))
        )
        SELECT (SELECT count(*) FROM {there}), (SELECT count(*) FROM gone),
            (SELECT count(*) FROM gone WHERE reason <> %(approved)s)
        """,  # noqa: S608 - the inserted text is one of two constants above
        {
            "corp_pk": corp_pk,
            "decision": _REMOVALS[kind],
            "returns": _RETURNS[kind],
            "hours": hours,
            "approved": str(Reason.APPROVED),
        },
    ).fetchone()
    present, removed, unapproved = row if row else (0, 0, 0)
    return Window(present=present, removed=removed, unapproved=unapproved)


def find_guard_overrides(connection: Connection, corp_pk: CorpPk) -> Mapping[str, Any]:
    """What the corp's company sets differently from the defaults."""
    row = connection.execute(
        "SELECT companies.guard FROM corps JOIN companies USING (company_id)"
        " WHERE corp_pk = %s",
        [corp_pk],
    ).fetchone()
    return dict(row[0]) if row and row[0] else {}


def _opened(row: dict[str, Any], data_key: DataKey | None) -> PlanEntry:
    sealed = row.pop("personal")
    before, after = dict(row.pop("before")), dict(row.pop("after"))
    if sealed is not None and data_key is not None:
        personal = data_key.open(sealed)
        before |= personal["before"]
        after |= personal["after"]
    return PlanEntry(**row, before=before, after=after)
