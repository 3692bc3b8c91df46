"""Runs: full reads that are wanted, under way or done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from domain.ids import CorpPk, RunId
from domain.states import RunState
from store.database import Connection
from store.rows import stated

# The cause of a run after an event about the scope, and of a look at the scope alone.
SCOPE = "scope"
SCOPE_PROBE = "scope_probe"
# The cause of a run that only finds out what a resync would do, and changes nothing.
PLAN = "plan"

# A worker that has not said anything for this long is taken for dead.
SILENT_SECONDS = 15

_COLUMNS = (
    "run_id, corp_pk, cause, deep, state, created_at, started_at, read_started_at,"
    " read_ended_at, strikes, own_faults, snapshot, pages_read, pages_of,"
    " decisions, calls, calls_least, worker, restarts,"
    " event_id"
)


class RunTaken(Exception):
    """Another worker works on the run, or it has ended: nothing may be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One full read and what came of it so far."""

    run_id: RunId
    corp_pk: CorpPk
    cause: str
    deep: bool
    state: RunState
    created_at: datetime
    started_at: datetime | None
    read_started_at: datetime | None
    read_ended_at: datetime | None
    strikes: int
    own_faults: int
    snapshot: dict[str, Any] | None
    pages_read: int
    pages_of: int | None
    decisions: dict[str, int]
    calls: int
    calls_least: int
    worker: UUID | None
    restarts: int = 0
    event_id: int | None = None

    @property
    def event_ids(self) -> list[int]:
        """The mail that opened it, if any did."""
        return [] if self.event_id is None else [self.event_id]


def was_overtaken(connection: Connection, run: Run) -> bool:
    """Whether another run has changed the corp since this one began to read."""
    row = connection.execute(
        """
        SELECT 1 FROM runs
        WHERE corp_pk = %s AND cause <> %s AND (state = 'running'
            OR ended_at > (SELECT read_started_at FROM runs WHERE run_id = %s))
        """,
        [run.corp_pk, PLAN, run.run_id],
    ).fetchone()
    return row is not None


def take(connection: Connection, run_id: RunId, worker: UUID) -> Run | None:
    """The run, now worked on by `worker`; None if ended, waiting or another's."""
    with connection.cursor(row_factory=stated(Run, RunState)) as cursor:
        cursor.execute(
            f"""
            UPDATE runs SET state = 'running', worker = %(worker)s,
                worker_until = clock_timestamp() + make_interval(secs => %(silent)s),
                started_at = coalesce(started_at, clock_timestamp())
            WHERE run_id = (
                SELECT run_id FROM runs AS wanted
                WHERE run_id = %(run_id)s AND not_before <= clock_timestamp()
                    AND (state = 'queued' AND NOT EXISTS (
                            SELECT 1 FROM runs AS other
                            WHERE other.corp_pk = wanted.corp_pk
                                AND other.state = 'running'
                                AND (other.cause <> 'plan' OR wanted.cause = 'plan'))
                        OR state = 'running' AND (
                            worker IS NULL OR worker_until < clock_timestamp()))
                FOR UPDATE SKIP LOCKED
            )
            RETURNING {_COLUMNS}
            """,  # noqa: S608 - constants of this module
            {"worker": worker, "silent": SILENT_SECONDS, "run_id": run_id},
        )
        return cursor.fetchone()


def get(connection: Connection, run_id: RunId) -> Run:
    """The run as it is now.

    Raises: LookupError.
    """
    with connection.cursor(row_factory=stated(Run, RunState)) as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM runs WHERE run_id = %s",  # noqa: S608 - a constant
            [run_id],
        )
        run = cursor.fetchone()
    if run is None:
        raise LookupError(f"no run {run_id}")
    return run


def renew(connection: Connection, run: Run) -> bool:
    """Whether the run is still this worker's; says that the worker is alive.

    A row that a commit of ours has locked is left alone: the next renewal finds it.
    """
    values = {"seconds": SILENT_SECONDS, "run": run.run_id, "worker": run.worker}
    row = connection.execute(
        """
        WITH renewed AS (
            UPDATE runs
            SET worker_until = clock_timestamp() + make_interval(secs => %(seconds)s)
            WHERE run_id = (
                SELECT run_id FROM runs
                WHERE run_id = %(run)s AND worker = %(worker)s AND state = 'running'
                FOR UPDATE SKIP LOCKED
            )
            RETURNING run_id
        )
        SELECT run_id FROM renewed UNION ALL
        SELECT run_id FROM runs
        WHERE run_id = %(run)s AND worker = %(worker)s AND state = 'running'
        """,
        values,
    ).fetchone()
    return row is not None


def check(connection: Connection, run: Run) -> None:
    """Lock the run for this transaction, so that nobody takes it before the commit.

    The commit says that the worker is alive, too: pages that follow each other closely
    leave the renewal no moment in which the row is free.

    Raises: RunTaken.
    """
    held = connection.execute(
        """
        UPDATE runs
        SET worker_until = clock_timestamp() + make_interval(secs => %s)
        WHERE run_id = %s AND worker = %s AND state = 'running'
        """,
        [SILENT_SECONDS, run.run_id, run.worker],
    )
    if held.rowcount != 1:
        raise RunTaken(run.run_id)


def note_decisions(
    connection: Connection, run_id: RunId, counts: Mapping[str, int]
) -> None:
    """Add to the count of each decision that the run has made."""
    connection.execute(
        """
        UPDATE runs SET decisions = (
            SELECT coalesce(jsonb_object_agg(name, total), '{}') FROM (
                SELECT name, sum(count::bigint) AS total FROM (
                    SELECT key AS name, value AS count FROM jsonb_each_text(decisions)
                    UNION ALL
                    SELECT key, value FROM jsonb_each_text(%s)
                ) AS every GROUP BY name
            ) AS summed
        ) WHERE run_id = %s
        """,
        [Jsonb(dict(counts)), run_id],
    )


def end(
    connection: Connection,
    run_id: RunId,
    *,
    state: RunState,
    error: str | None = None,
    plan_id: str | None = None,
) -> None:
    """Record how the run ended; what it read is no longer needed."""
    connection.execute(
        "UPDATE runs SET state = %s, error = %s, plan_id = %s, worker = NULL,"
        " ended_at = clock_timestamp() WHERE run_id = %s",
        [state, error, plan_id, run_id],
    )
    connection.execute("DELETE FROM staging WHERE run_id = %s", [run_id])
    connection.execute("DELETE FROM run_pages WHERE run_id = %s", [run_id])


def put_off(
    connection: Connection,
    run_id: RunId,
    *,
    seconds: float,
    error: str | None,
    own_fault: bool = False,
) -> None:
    """Let the run wait after a failure; it keeps what it has read and goes on later."""
    connection.execute(
        """
        UPDATE runs SET worker = NULL, strikes = strikes + 1, error = %(error)s,
            own_faults = own_faults + %(own)s,
            not_before = clock_timestamp() + make_interval(secs => %(seconds)s)
        WHERE run_id = %(run_id)s
        """,
        {
            "seconds": seconds,
            "error": error,
            "own": int(own_fault),
            "run_id": run_id,
        },
    )


def make_due(connection: Connection, corp_pk: CorpPk) -> None:
    """Let the corp's queued runs be taken up now, whatever they wait for."""
    connection.execute(
        "UPDATE runs SET not_before = clock_timestamp() WHERE corp_pk = %s"
        " AND state IN ('queued', 'running') AND worker IS NULL"
        " AND not_before > clock_timestamp()",
        [corp_pk],
    )


def yield_turn(
    connection: Connection,
    run_id: RunId,
    *,
    seconds: float,
    said: str | None = None,
) -> None:
    """Let others work for a while; nothing has failed, so this is no strike.

    Shape: `said` is what the run waits for, if operators should know.
    """
    connection.execute(
        "UPDATE runs SET worker = NULL, error = %s,"
        " not_before = clock_timestamp() + make_interval(secs => %s)"
        " WHERE run_id = %s",
        [said, seconds, run_id],
    )
