"""Charts of what the product keeps of itself, with a table beneath each."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from store.database import Connection, transaction
from store.health import pace
from store.health.marks import Mark, list_marks
from store.health.samples import Sample, list_samples
from web.access import Audience, seen_by
from web.console.blueprint import console
from web.http.problems import Problem
from web.services import services

RANGES = {
    "15m": 900.0,
    "1h": 3_600.0,
    "6h": 21_600.0,
    "24h": 86_400.0,
    "7d": 604_800.0,
    "30d": 2_592_000.0,
    "90d": 7_776_000.0,
}
# A table of more rows is read by nobody; each row stands for several samples.
_TABLE_ROWS = 5

Value = float | None
Line = Callable[[Sample, Sample], Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRow:
    """A row of a chart's table: the worst of each line within its time."""

    at: datetime
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart: the names of its lines, and its table."""

    name: str
    unit: str
    lines: tuple[str, ...]
    rows: tuple[ChartRow, ...]

    @property
    def has_values(self) -> bool:
        """Whether anything is drawn at all: an empty frame says nothing."""
        return any(each is not None for row in self.rows for each in row.values)


@console.get("/history")
@seen_by(Audience.OPERATOR)
def show_history() -> ResponseReturnValue:
    """The points of every chart and the marks on their axis, for `range`."""
    wanted = request.args.get("range", "1h")
    if wanted not in RANGES:
        raise Problem(400, f"range: one of {', '.join(RANGES)}.")
    with transaction(services().pool) as connection:
        found = list_samples(connection, seconds=RANGES[wanted])
        marks = list_marks(connection, seconds=RANGES[wanted])
    return jsonify(points_of(found, marks))


def points_of(found: Sequence[Sample], marks: Sequence[Mark]) -> dict[str, Any]:
    """The charts as numbers: one axis of seconds, and a list for each line."""
    pairs = list(itertools.pairwise(found))
    return {
        "at": [round(later.at.timestamp()) for _, later in pairs],
        "charts": {
            name: [[line(*pair) for pair in pairs] for _, line in lines]
            for name, (_, lines) in _CHARTS.items()
        },
        "marks": [
            {
                "kind": mark.kind,
                "about": mark.about,
                "from": round(mark.began_at.timestamp()),
                "to": round((mark.ended_at or mark.began_at).timestamp()),
            }
            for mark in marks
        ],
    }


def charts_of(connection: Connection, wanted: str) -> list[Chart]:
    """The charts of a range with the rows of their tables, newest first."""
    found = list_samples(connection, seconds=RANGES[wanted])
    pairs = list(itertools.pairwise(found))
    return [
        Chart(
            name=name,
            unit=unit,
            lines=tuple(each for each, _ in lines),
            rows=tuple(_rows(pairs, [line for _, line in lines])),
        )
        for name, (unit, lines) in _CHARTS.items()
    ]


def _rows(
    pairs: Sequence[tuple[Sample, Sample]], lines: Sequence[Line]
) -> list[ChartRow]:
    size = max(1, -(-len(pairs) // _TABLE_ROWS))
    groups = [pairs[i : i + size] for i in range(0, len(pairs), size)]
    return [
        ChartRow(
            at=group[-1][1].at,
            values=tuple(_worst(line(*pair) for pair in group) for line in lines),
        )
        for group in reversed(groups)
    ]


def _worst(values: Any) -> Value:
    known = [each for each in values if each is not None]
    return max(known) if known else None


def _gauge(name: str) -> Line:
    def line(_: Sample, later: Sample) -> Value:
        value = later.figures.get(name)
        return float(value) if isinstance(value, int | float) else None

    return line


def _rate(name: str) -> Line:
    def line(earlier: Sample, later: Sample) -> Value:
        grown = pace.difference(earlier, later, name)
        minutes = pace.minutes_between(earlier, later)
        return None if grown is None else round(grown / minutes, 1)

    return line


def _left(earlier: Sample, later: Sample) -> Value:
    flow = pace.events_flow(earlier, later)
    return round(flow.left, 1) if flow else None


def _quantile(part: float) -> Line:
    def line(earlier: Sample, later: Sample) -> Value:
        found = pace.quantiles(earlier, later)
        # JSON has no infinity: beyond the last bound the last bound is shown.
        return min(found[part], 3_600.0) if found else None

    return line


_CHARTS: dict[str, tuple[str, tuple[tuple[str, Line], ...]]] = {
    "waiting": (
        "count",
        tuple((name, _gauge(name)) for name in ("events", "notices", "resync")),
    ),
    "oldest": ("seconds", (("oldest", _gauge("events_oldest")),)),
    "flow": ("rate", (("in", _rate("arrived")), ("out", _left))),
    "effect": (
        "seconds",
        (("p50", _quantile(0.5)), ("p95", _quantile(0.95)), ("p99", _quantile(0.99))),
    ),
    "calls": (
        "rate",
        (
            ("calls", _rate("calls")),
            ("throttled", _rate("throttled")),
            ("unavailable", _rate("unavailable")),
        ),
    ),
    "stale": ("seconds", (("stale", _gauge("stale")),)),
}
