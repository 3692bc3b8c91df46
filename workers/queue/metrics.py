"""Counts what happens for the metrics, and writes it to Redis about once a second."""

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from redis import Redis, RedisError

from domain.decisions import Decision
from store.inbox.claims import ClaimedBatch, ClaimedMail
from store.platform.metrics import DECISIONS, EVENT_TO_EFFECT, Histogram

# In the place of an errcode when a call was not answered.
NO_ANSWER = "none"

_WRITE_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Tallies:
    """Adds up within the process, for Redis may sync its disk at each write."""

    def __init__(self, redis: Redis, *, write_seconds: float = _WRITE_SECONDS) -> None:
        self._redis = redis
        self._write_seconds = write_seconds
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, field: str) -> None:
        """Count one; it is in Redis about a second later."""
        self._add(name, {field: 1})

    def count(self, name: str, numbers: Mapping[str, int]) -> None:
        """Count several of each field."""
        self._add(name, {field: n for field, n in numbers.items() if n})

    def observe(self, histogram: Histogram, value: float) -> None:
        """Count a value into a distribution."""
        self._add(histogram.name, histogram.fields_of(value))

    def decided(self, decisions: Iterable[Decision]) -> None:
        """Count decisions that are committed."""
        self._add(DECISIONS, Counter(str(each.name) for each in decisions))

    def write(self) -> None:
        """Write what has been counted; it is only for show, so a failure drops it."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        pipeline = self._redis.pipeline(transaction=False)
        for (name, field), count in counts.items():
            pipeline.hincrby(name, field, count)
        try:
            pipeline.execute()
        except (RedisError, OSError) as error:
            _log.info("tallies dropped", extra={"error": type(error).__name__})

    def _add(self, name: str, numbers: Mapping[str, int]) -> None:
        if not numbers:
            return
        with self._lock:
            first = not self._counts
            for field, number in numbers.items():
                self._counts[name, field] += number
        if first:
            timer = threading.Timer(self._write_seconds, self.write)
            timer.daemon = True
            timer.start()


def tally_effects(
    tallies: Tallies,
    claim: ClaimedBatch,
    *,
    taken: Sequence[ClaimedMail],
    decisions: Sequence[Decision],
    seconds: float,
) -> None:
    """Count what a batch has changed, and how long after the first word of it.

    Units: seconds since the claim. Postgres' time throughout: clocks may differ.
    """
    tallies.decided(decisions)
    heard: dict[str, datetime] = {}
    for each in taken:
        heard.setdefault(each.key, each.received_at)
    applied_at = claim.claimed_at + timedelta(seconds=seconds)
    for key in {str(each.key) for each in decisions} & heard.keys():
        waited = (applied_at - heard[key]).total_seconds()
        tallies.observe(EVENT_TO_EFFECT, waited)
