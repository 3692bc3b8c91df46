"""Alerts: a problem that began, told once, and that it is over, told once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection
from store.health.corps import MOST_TOLD
from store.health.kinds import Problem, ProblemKind

# What tells two problems of a kind apart, where it is not the corp and the reason:
# a plan, a day of the ledger, a queue without workers.
_BY_WHAT_IT_IS_ABOUT = {
    ProblemKind.PLAN_HELD,
    ProblemKind.LEDGER_OFF,
    ProblemKind.WORKER_DEAD,
}
# What began so often within an hour flaps: it is over once it stays away for a while,
# and what comes back meanwhile is the same alert.
_FLAPS_FROM = 3
_CALM_SECONDS = 600.0
# By how many rows the kept alerts are forgotten at once.
_KEPT_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A problem from its transition in to its transition out.

    Shape: `recovered_at` None while it lasts.
    """

    alert_id: int
    kind: str
    corp_id: str | None
    reason: str
    number: int
    raised_at: datetime
    recovered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An alert that has just begun, or is just over."""

    alert_id: int
    kind: str
    said: str


def subject_of(problem: Problem) -> str:
    """What tells a problem from others of its kind, as long as it lasts."""
    parts = [problem.corp_id or "", problem.reason]
    if problem.kind is ProblemKind.CORP_BLOCKED:
        # 45009 becomes 45033 in the middle of one and the same wait.
        parts = [problem.corp_id or problem.about]
    if problem.kind is ProblemKind.CORP_STALE:
        parts = [problem.corp_id or ""]
    if problem.kind in _BY_WHAT_IT_IS_ABOUT:
        parts.append(problem.about)
    return ":".join(parts)[:500]


def note(connection: Connection, problems: Sequence[Problem]) -> list[Transition]:
    """Keep which problems began and which are over; each transition once.

    Shape: over is what two looks in a row have not found; where a list was cut, what
        is beyond its end is not taken for over.
    """
    found = {(each.kind.value, subject_of(each)): each for each in problems}
    counts = Counter(each.kind for each in problems)
    cut = [kind.value for kind, number in counts.items() if number >= MOST_TOLD]
    raised = [
        transition
        for (kind, subject), each in found.items()
        if (transition := _raise(connection, kind, subject, each)) is not None
    ]
    return raised + _recover(connection, list(found), cut)


def list_alerts(
    connection: Connection,
    *,
    kind: str | None = None,
    before: int | None = None,
    limit: int,
    is_open: bool | None = None,
) -> list[Alert]:
    """Alerts, newest first: of a kind, those that last or are over."""
    with connection.cursor(row_factory=class_row(Alert)) as cursor:
        cursor.execute(
            """
            SELECT alert_id, kind, corp_id, reason, number, raised_at, recovered_at
            FROM alerts
            WHERE (%(kind)s::text IS NULL OR kind = %(kind)s)
                AND (%(before)s::bigint IS NULL OR alert_id < %(before)s)
                AND (%(is_open)s::boolean IS NULL
                    OR (recovered_at IS NULL) = %(is_open)s)
            ORDER BY alert_id DESC LIMIT %(limit)s
            """,
            {"kind": kind, "before": before, "is_open": is_open, "limit": limit},
        )
        return cursor.fetchall()


def find(connection: Connection, alert_id: int) -> Alert | None:
    """One alert."""
    with connection.cursor(row_factory=class_row(Alert)) as cursor:
        cursor.execute(
            "SELECT alert_id, kind, corp_id, reason, number, raised_at, recovered_at"
            " FROM alerts WHERE alert_id = %s",
            [alert_id],
        )
        return cursor.fetchone()


def prune(connection: Connection, *, limit: int = 5_000) -> int:
    """Forget alerts that were over long ago, with their deliveries."""
    return connection.execute(
        "DELETE FROM alerts WHERE alert_id IN (SELECT alert_id FROM alerts"
        " WHERE recovered_at < clock_timestamp() - make_interval(days => %s) LIMIT %s)",
        [_KEPT_DAYS, limit],
    ).rowcount


def _raise(
    connection: Connection, kind: str, subject: str, problem: Problem
) -> Transition | None:
    row = connection.execute(
        """
        INSERT INTO alerts (kind, subject, corp_id, reason, number)
        VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (kind, subject) WHERE recovered_at IS NULL
            DO UPDATE SET unseen_at = NULL WHERE alerts.unseen_at IS NOT NULL
        RETURNING alert_id, xmax = 0
        """,
        [kind, subject, problem.corp_id, problem.reason, problem.number],
    ).fetchone()
    if row is None or not row[1]:
        return None
    return Transition(alert_id=row[0], kind=kind, said="raised")


def _recover(
    connection: Connection, found: list[tuple[str, str]], cut: list[str]
) -> list[Transition]:
    """End what was not found before, either; note what is not found for the first."""
    over = connection.execute(
        """
        UPDATE alerts SET
            recovered_at = CASE WHEN unseen_at < clock_timestamp()
                - make_interval(secs => CASE WHEN (
                    SELECT count(*) FROM alerts AS lately
                    WHERE lately.kind = alerts.kind AND lately.subject = alerts.subject
                        AND lately.raised_at > clock_timestamp() - interval '1 hour'
                ) < %(flaps)s THEN 0 ELSE %(calm)s END) THEN clock_timestamp() END,
            unseen_at = coalesce(unseen_at, clock_timestamp())
        WHERE recovered_at IS NULL AND kind <> ALL(%(cut)s)
            AND kind || E'\n' || subject <> ALL(%(names)s)
        RETURNING alert_id, kind, recovered_at
        """,
        {
            "cut": cut,
            "names": [f"{kind}\n{subject}" for kind, subject in found],
            "calm": _CALM_SECONDS,
            "flaps": _FLAPS_FROM,
        },
    ).fetchall()
    return [
        Transition(alert_id=alert_id, kind=kind, said="recovered")
        for alert_id, kind, recovered_at in sorted(over)
        if recovered_at is not None
    ]
