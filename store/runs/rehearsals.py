"""What rehearsals of a resync found out: each decision, and what it would cost."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from domain.decisions import DecisionName
from domain.grouping import Step, StepGroup
from domain.ids import CorpPk, Key, RunId
from store.database import Connection
from store.runs.awaited_links import AwaitedLinks
from store.runs.runs import Run
from store.sealing import DataKey

_FETCH_ROWS = 5_000
KEPT_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A plan that the guard would make, or has made already: then with its id."""

    kind: str
    hash: str
    count: int
    plan_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What came of a rehearsal, its decisions aside."""

    run_id: str
    corp_pk: int
    hash: str
    calls_resync: int
    holds: list[dict[str, Any]]
    groups: list[dict[str, Any]]
    awaited: dict[str, Any]
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """One decision of a rehearsal, personal fields opened."""

    position: int
    name: str
    key: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    held: bool


def list_holds(connection: Connection) -> list[Hold]:
    """The plans that wait in the shadow, the newest first."""
    with connection.cursor(row_factory=class_row(Hold)) as cursor:
        cursor.execute(
            """
            SELECT plan.kind, plan.hash, (
                    SELECT count(*) FROM pg_temp.plan_entries AS entry
                    WHERE entry.plan_id = plan.plan_id AND entry.state = 'waiting'
                ) AS count, real.plan_id
            FROM pg_temp.plans AS plan
            LEFT JOIN public.plans AS real ON real.plan_id = plan.plan_id
            WHERE plan.state = 'held'
            ORDER BY plan.created_at DESC, plan.plan_id
            """
        )
        return cursor.fetchall()


def get_least_calls(connection: Connection, run_id: RunId) -> int:
    """The least calls of the run in the shadow: with which it could have found out."""
    rows = connection.execute(
        "SELECT calls_least FROM pg_temp.runs WHERE run_id = %s", [run_id]
    ).fetchall()
    return int(rows[0][0])


def keep(
    connection: Connection,
    run: Run,
    *,
    digest: str,
    calls_resync: int,
    holds: Sequence[Hold],
    groups: Sequence[StepGroup],
    awaited: AwaitedLinks,
) -> None:
    """Keep what the shadow's journal and plans say, under the run that rehearsed.

    Repeats: a rehearsal that is done once more replaces the one before.
    """
    connection.execute("DELETE FROM public.rehearsals WHERE run_id = %s", [run.run_id])
    connection.execute(
        """
        INSERT INTO public.rehearsals
            (run_id, corp_pk, hash, calls_resync, holds, groups, awaited)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        """,
        [
            run.run_id,
            run.corp_pk,
            digest,
            calls_resync,
            Jsonb([asdict(each) for each in holds]),
            Jsonb([asdict(each) for each in groups]),
            Jsonb(asdict(awaited)),
        ],
    )
    connection.execute(
        f"""
        INSERT INTO public.rehearsed (run_id, position, corp_pk, decision, key, before,
            after, personal, reason, held)
        SELECT %(run_id)s, row_number() OVER (ORDER BY held, plan_id, place), %(corp)s,
            decision, key, before, after, personal, reason, held
        FROM ({_STEPS}) AS steps
        """,  # noqa: S608 - the inserted text is a constant of this module
        {"run_id": run.run_id, "corp": run.corp_pk},
    )


# What the shadow's run has journalled, then what waits in the shadow's plans.
_STEPS = """
    SELECT decision, key, before, CASE
            -- The account that will be made has no id before it is made.
            WHEN decision = 'CreateAccount'
                THEN jsonb_set(after, '{link,account_id}', 'null')
            ELSE after END AS after, personal, reason, false AS held,
        '' AS plan_id, line_id AS place
    FROM pg_temp.journal WHERE run_id = %(run_id)s
    UNION ALL
    SELECT decision, entry.key, before, after, personal, reason, true,
        plan_id, position
    FROM pg_temp.plan_entries AS entry JOIN pg_temp.plans AS plan USING (plan_id)
    WHERE plan.state = 'held' AND entry.state = 'waiting'
"""


def read_steps(
    connection: Connection, run_id: RunId, *, data_key: DataKey | None
) -> Iterator[Step]:
    """What the shadow's run has decided, and what waits; a few thousand at a time.

    Shape: without the data key the personal fields are missing.
    """
    with connection.cursor("rehearsed_steps", row_factory=dict_row) as cursor:
        cursor.itersize = _FETCH_ROWS
        cursor.execute(f"{_STEPS} ORDER BY held, plan_id, place", {"run_id": run_id})
        for row in cursor:
            before, after = _open(row, data_key)
            yield Step(
                name=DecisionName(row["decision"]),
                key=Key(row["key"]),
                before=before,
                after=after,
                reason=row["reason"],
                held=row["held"],
            )


def groups_of(rehearsal: Rehearsal) -> list[StepGroup]:
    """The groups again as values."""
    return [
        StepGroup(
            names=tuple(each["names"]),
            reasons=tuple(each["reasons"]),
            before=each["before"],
            after=each["after"],
            held=each["held"],
            count=each["count"],
            keys=tuple(map(Key, each["keys"])),
        )
        for each in rehearsal.groups
    ]


def find(connection: Connection, run_id: str) -> Rehearsal | None:
    """The rehearsal of a run; None before it is over, and a week later."""
    with connection.cursor(row_factory=class_row(Rehearsal)) as cursor:
        cursor.execute(
            "SELECT run_id, corp_pk, hash, calls_resync, holds, groups, awaited,"
            " made_at FROM rehearsals WHERE run_id = %s",
            [run_id],
        )
        return cursor.fetchone()


def list_rehearsed(
    connection: Connection,
    run_id: str,
    *,
    after: int,
    limit: int,
    data_key: DataKey | None,
) -> list[Rehearsed]:
    """The decisions behind `after` in the order of the rehearsal, held ones last.

    Raises: SealBroken.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """
            SELECT position, decision, key, before, after, personal, reason, held
            FROM rehearsed WHERE run_id = %s AND position > %s
            ORDER BY position LIMIT %s
            """,
            [run_id, after, limit],
        )
        return [_rehearsed(row, data_key) for row in cursor]


def prune(connection: Connection) -> int:
    """Drop rehearsals that are a week old; how many there were."""
    return connection.execute(
        "DELETE FROM rehearsals"
        " WHERE made_at < clock_timestamp() - make_interval(days => %s)",
        [KEPT_DAYS],
    ).rowcount


def forget(connection: Connection, corp_pk: CorpPk) -> None:
    """Drop all rehearsals of a corp that withdrew: they name people."""
    connection.execute("DELETE FROM rehearsals WHERE corp_pk = %s", [corp_pk])


def _rehearsed(row: dict[str, Any], data_key: DataKey | None) -> Rehearsed:
    before, after = _open(row, data_key)
    return Rehearsed(
        position=row["position"],
        name=row["decision"],
        key=row["key"],
        before=before,
        after=after,
        reason=row["reason"],
        held=row["held"],
    )


def _open(
    row: dict[str, Any], data_key: DataKey | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    sealed = row["personal"]
    if sealed is None or data_key is None:
        return row["before"], row["after"]
    personal = data_key.open(sealed)
    return row["before"] | personal["before"], row["after"] | personal["after"]
