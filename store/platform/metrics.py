"""What all processes count together for /metrics: names, and their shape in Redis."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from redis import Redis

# Hashes of counters, with what their fields name.
CALLS = "calls"  # <endpoint>:<errcode>
HELD_BACK = "calls:held_back"  # <endpoint>:<error>
DECISIONS = "decisions"  # <decision>
DRAINS = "drains"  # <how it ended>
NOTICES = "notices"  # <what became of it>
WRONG_TOKENS = "wrong_tokens"  # <console, api or oidc>

_SUM = "sum"
_OVER = "+Inf"
# Redis adds whole numbers exactly and for ever, fractions not.
_PER_UNIT = 1_000


class Drained(StrEnum):
    """How a drain ended."""

    WORKED = "worked"
    FAILED = "failed"
    IDLE = "idle"
    BUSY = "busy"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """A distribution in a hash of its own.

    Shape: a field per upper bound with the values between it and the bound below, and
        `sum` in thousandths of the unit.
    """

    name: str
    bounds: tuple[float, ...]

    def fields_of(self, value: float) -> dict[str, int]:
        """What one value adds to which fields."""
        place = bisect_left(self.bounds, value)
        bound = _label(self.bounds[place]) if place < len(self.bounds) else _OVER
        return {bound: 1, _SUM: round(value * _PER_UNIT)}

    @property
    def labels(self) -> tuple[str, ...]:
        """The bounds as Prometheus writes them, the last one open."""
        return (*map(_label, self.bounds), _OVER)


def _label(bound: float) -> str:
    return str(float(bound))


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """What was observed: how many values up to each bound, and their sum."""

    at_most: tuple[tuple[str, float], ...]
    sum: float


# Events: claims are limited to 20 000.
BATCH_EVENTS = Histogram(
    name="batch_events",
    bounds=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000),
)
# Seconds: the budget is one, a late answer is asked for again after 3 and 30.
EVENT_TO_EFFECT = Histogram(
    name="event_to_effect_seconds",
    bounds=(0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0),
)


def read_counts(redis: Redis, name: str) -> dict[str, float]:
    """The counters of a hash by field.

    Raises: redis.RedisError.
    """
    answer = redis.hgetall(name)
    # redis-py types an answer as "awaitable or value"; a plain client gives values.
    found = answer if isinstance(answer, Mapping) else {}
    return {_text(field): float(number) for field, number in sorted(found.items())}


def read_distribution(redis: Redis, histogram: Histogram) -> Distribution:
    """What was observed so far.

    Raises: redis.RedisError.
    """
    counts = read_counts(redis, histogram.name)
    total, at_most = 0.0, []
    for bound in histogram.labels:
        total += counts.get(bound, 0.0)
        at_most.append((bound, total))
    return Distribution(at_most=tuple(at_most), sum=counts.get(_SUM, 0.0) / _PER_UNIT)


def _text(field: bytes | str) -> str:
    return field.decode() if isinstance(field, bytes) else field
