"""A line of the table of budgets: what was measured, against what, the verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Sense(StrEnum):
    """On which side of its budget a ratio must lie."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Ours and theirs of the same run, and how their ratio stands to the budget.

    Shape: `name` is short and stays, because the baseline is kept under it; `others`
        says what else the run showed: CPU of the double, of the generator, and so on.
    """

    name: str
    what: str
    held_against: str
    ours: float
    theirs: float
    unit: str
    budget: float | None
    sense: Sense = Sense.AT_MOST
    others: dict[str, str] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs

    @property
    def kept(self) -> bool:
        """Whether the budget is kept; what has none is only shown."""
        if self.budget is None:
            return True
        if self.sense is Sense.AT_MOST:
            return self.ratio <= self.budget
        return self.ratio >= self.budget

    def worsened(self, baseline: float, *, share: float) -> bool:
        """Whether the ratio is worse than the baseline by this share of it.

        Shape: whatever still keeps half its budget has not worsened: tiny ratios jump.
        """
        if self.sense is Sense.AT_LEAST:
            return self.ratio * (1 + share) < baseline
        if self.budget is not None and self.ratio <= self.budget / 2:
            return False
        return self.ratio > baseline * (1 + share)


HEADER = ("What", "Held against", "Ours", "Theirs", "Ratio", "Budget", "")


def as_markdown(lines: Iterable[Line]) -> str:
    """The table as docs/benchmarks.md keeps it."""
    rows = [HEADER, ("---",) * len(HEADER), *(_cells(each) for each in lines)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def as_text(lines: Sequence[Line]) -> str:
    """The table for a terminal, with what else each run showed below it."""
    rows = [HEADER, *(_cells(each) for each in lines)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    shown = [
        "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) for r in rows
    ]
    shown.insert(1, "  ".join("-" * width for width in widths))
    for each in lines:
        shown += [f"  {each.name}: {k} {v}" for k, v in each.others.items()]
    return "\n".join(line.rstrip() for line in shown)


def _cells(line: Line) -> tuple[str, ...]:
    sign = "≤" if line.sense is Sense.AT_MOST else "≥"
    budget = "" if line.budget is None else f"{sign} {line.budget:g} ×"
    verdict = "" if line.budget is None else ("kept" if line.kept else "MISSED")
    return (
        line.what,
        line.held_against,
        f"{line.ours:,.4g} {line.unit}",
        f"{line.theirs:,.4g} {line.unit}",
        f"{line.ratio:.2f} ×",
        budget,
        verdict,
    )
