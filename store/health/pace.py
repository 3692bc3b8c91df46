"""How fast things come and go, by the difference of two samples."""

from collections.abc import Sequence
from dataclasses import dataclass

from store.health.samples import HISTOGRAM, Sample
from store.platform.metrics import EVENT_TO_EFFECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What came into a queue and went out of it.

    Units: things a minute; `eta_seconds` until nothing waits, None while it grows.
    """

    arrived: float
    left: float
    eta_seconds: float | None


def events_flow(earlier: Sample, later: Sample) -> Flow | None:
    """Mail: ids only grow, and what came and does not wait has gone."""
    arrived = difference(earlier, later, "arrived")
    if arrived is None:
        return None
    waiting = _number(later, "events")
    return _flow(arrived, waiting - _number(earlier, "events"), waiting, earlier, later)


def notices_flow(earlier: Sample, later: Sample) -> Flow | None:
    """Notices: what was sent, and what waits more or less than before."""
    return _by_output(earlier, later, output="sent", waiting="notices")


def runs_flow(earlier: Sample, later: Sample) -> Flow | None:
    """Full reads that were wanted and that ended."""
    return _by_output(earlier, later, output="runs", waiting="resync")


def difference(earlier: Sample, later: Sample, name: str) -> float | None:
    """How much a counter grew; None where it began anew or is not known."""
    before, after = earlier.figures.get(name), later.figures.get(name)
    if not isinstance(before, int | float) or not isinstance(after, int | float):
        return None
    return after - before if after >= before else None


def quantiles(earlier: Sample, later: Sample) -> dict[float, float] | None:
    """Event-to-effect seconds between two samples: p50, p95 and p99.

    Shape: each the upper bound of the interval in which it lies; the last one open,
        so that it stands for "more than the one before".
    """
    before, after = earlier.figures.get(HISTOGRAM), later.figures.get(HISTOGRAM)
    if not isinstance(before, list) or not isinstance(after, list):
        return None
    counts = [now - then for then, now in zip(before, after, strict=False)]
    total = sum(counts)
    if total <= 0 or any(each < 0 for each in counts):
        return None
    return {part: _bound(counts, part * total) for part in (0.5, 0.95, 0.99)}


def minutes_between(earlier: Sample, later: Sample) -> float:
    """Never nothing, and never less than nothing."""
    return max((later.at - earlier.at).total_seconds(), 1.0) / 60.0


def _by_output(
    earlier: Sample, later: Sample, *, output: str, waiting: str
) -> Flow | None:
    left = difference(earlier, later, output)
    if left is None:
        return None
    waits = _number(later, waiting)
    grown = waits - _number(earlier, waiting)
    return _flow(max(0.0, left + grown), grown, waits, earlier, later)


def _flow(
    arrived: float, grown: float, waiting: float, earlier: Sample, later: Sample
) -> Flow:
    minutes = minutes_between(earlier, later)
    left = max(0.0, arrived - grown)
    net = (left - arrived) / minutes
    eta = waiting / net * 60.0 if net > 0 and waiting else None
    return Flow(
        arrived=arrived / minutes,
        left=left / minutes,
        eta_seconds=eta if waiting else 0.0,
    )


def _bound(counts: Sequence[float], rank: float) -> float:
    seen = 0.0
    for bound, count in zip(EVENT_TO_EFFECT.bounds, counts, strict=False):
        seen += count
        if seen >= rank:
            return float(bound)
    return float("inf")


def _number(sample: Sample, name: str) -> float:
    value = sample.figures.get(name)
    return float(value) if isinstance(value, int | float) else 0.0
