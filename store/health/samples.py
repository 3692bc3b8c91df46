"""History that the product keeps of itself: fine for hours, coarse for months."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from store.database import Connection

# Numbers that only grow; of a longer step the last one stands, of others the worst.
COUNTERS = frozenset(
    {"arrived", "calls", "throttled", "unavailable", "sent", "runs", "rings"}
)
HISTOGRAM = "effects"
LEDGER = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleStep:
    """How far apart samples stand, and how long they are kept."""

    seconds: int
    kept: timedelta


# About 2 400 rows in all, whatever happens.
STEPS = (
    SampleStep(seconds=15, kept=timedelta(hours=3)),
    SampleStep(seconds=120, kept=timedelta(hours=26)),
    SampleStep(seconds=1_800, kept=timedelta(days=8)),
    SampleStep(seconds=14_400, kept=timedelta(days=92)),
)
FINEST = STEPS[0].seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Figures by name as they were at the end of a step."""

    at: datetime
    figures: Mapping[str, Any]


def keep(connection: Connection, figures: Mapping[str, Any]) -> None:
    """Store the finest sample of now, and coarser ones whose step is full.

    Repeats: a second one within the same step replaces the first.
    """
    row = connection.execute(
        """
        INSERT INTO samples (step_seconds, at, figures)
        VALUES (%(step)s, date_bin(make_interval(secs => %(step)s),
            clock_timestamp(), 'epoch'), %(figures)s)
        ON CONFLICT (step_seconds, at) DO UPDATE SET figures = excluded.figures
        RETURNING (
            SELECT EXISTS (SELECT FROM samples AS finer
                WHERE finer.step_seconds = %(step)s AND finer.at <= ends_at
                    AND finer.at > ends_at - make_interval(secs => %(coarser)s))
                AND NOT EXISTS (SELECT FROM samples AS made
                    WHERE made.step_seconds = %(coarser)s AND made.at = ends_at)
            FROM date_bin(make_interval(secs => %(coarser)s),
                clock_timestamp(), 'epoch') AS ends_at)
        """,
        {
            "step": FINEST,
            "figures": Jsonb(dict(figures)),
            "coarser": STEPS[1].seconds,
        },
    ).fetchone()
    if row is None or not row[0]:
        return
    for finer, coarser in itertools.pairwise(STEPS):
        if not _fold(connection, finer, coarser):
            break


def _fold(connection: Connection, finer: SampleStep, coarser: SampleStep) -> bool:
    """Make the coarser sample that ends now, if there is none yet and it is time."""
    rows = connection.execute(
        """
        SELECT samples.at, samples.figures, step.ends_at
        FROM (SELECT date_bin(make_interval(secs => %(coarser)s),
            clock_timestamp(), 'epoch') AS ends_at) AS step
        JOIN samples ON step_seconds = %(finer)s AND samples.at <= step.ends_at
            AND samples.at > step.ends_at - make_interval(secs => %(coarser)s)
        WHERE NOT EXISTS (SELECT FROM samples AS made
            WHERE made.step_seconds = %(coarser)s AND made.at = step.ends_at)
        ORDER BY samples.at
        """,
        {"finer": finer.seconds, "coarser": coarser.seconds},
    ).fetchall()
    if not rows:
        return False
    connection.execute(
        "INSERT INTO samples (step_seconds, at, figures) VALUES (%s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [coarser.seconds, rows[0][2], Jsonb(fold([figures for _, figures, _ in rows]))],
    )
    return True


def fold(figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One sample for many: counters as they stood last, gauges at their worst."""
    folded: dict[str, Any] = {}
    for each in figures:
        for name, value in each.items():
            known = folded.get(name)
            is_gauge = isinstance(value, int | float) and name not in COUNTERS
            if is_gauge and isinstance(known, int | float):
                folded[name] = max(known, value)
            elif value is not None:
                folded[name] = value
    folded.pop(LEDGER, None)
    return folded


def prune(connection: Connection) -> int:
    """Forget samples that a coarser step stands for, and old marks."""
    gone = 0
    for step in STEPS:
        gone += connection.execute(
            "DELETE FROM samples WHERE step_seconds = %s"
            " AND at < clock_timestamp() - %s",
            [step.seconds, step.kept],
        ).rowcount
    return (
        gone
        + connection.execute(
            "DELETE FROM marks WHERE began_at < clock_timestamp() - %s"
            " AND ended_at IS NOT NULL",
            [STEPS[-1].kept],
        ).rowcount
    )


def list_samples(connection: Connection, *, seconds: float) -> list[Sample]:
    """The samples of so many last seconds, oldest first, as fine as is kept.

    Shape: one more at the front where there is one, so that a first difference can
        be told.
    """
    step = step_for(seconds)
    rows = connection.execute(
        "SELECT at, figures FROM samples WHERE step_seconds = %s"
        " AND at >= clock_timestamp() - make_interval(secs => %s) ORDER BY at",
        [step.seconds, seconds + step.seconds],
    ).fetchall()
    return [Sample(at=at, figures=figures) for at, figures in rows]


def find_newest(connection: Connection) -> Sample | None:
    """The newest sample, if it is not older than some steps."""
    row = connection.execute(
        "SELECT at, figures FROM samples WHERE step_seconds = %s"
        " AND at > clock_timestamp() - interval '2 minutes' ORDER BY at DESC LIMIT 1",
        [FINEST],
    ).fetchone()
    return Sample(at=row[0], figures=row[1]) if row else None


def step_for(seconds: float) -> SampleStep:
    """The finest step that is kept for so long and gives at most 400 points."""
    for step in STEPS:
        if step.kept.total_seconds() >= seconds and seconds / step.seconds <= 400:
            return step
    return STEPS[-1]
