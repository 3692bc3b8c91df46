"""The metrics of the stores: Postgres and Redis are asked when they are scraped."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import redis
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from domain.decisions import DecisionName
from domain.notices import NoticeState
from store.database import Connection, Pool, StoreUnavailable, transaction
from store.health.platform import is_clock_gone
from store.platform.metrics import (
    BATCH_EVENTS,
    CALLS,
    DECISIONS,
    DRAINS,
    EVENT_TO_EFFECT,
    HELD_BACK,
    NOTICES,
    WRONG_TOKENS,
    Drained,
    Histogram,
    read_counts,
    read_distribution,
)
from store.platform.presence import count_workers
from store.summaries.operations import gauges

log = logging.getLogger(__name__)

SPILL = "spill"
# A counter that upkeep keeps in Redis.
RINGS_BY_UPKEEP = "rings_by_upkeep"
QUEUES = ("events", "notices", "resync")
_RECEIVER_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCollector(Collector):
    """What /metrics shows; a store that is away shows as 0 in `sync_store_up`."""

    pool: Pool
    redis: redis.Redis
    suite_id: str

    def collect(self) -> Iterator[Metric]:
        """Every metric family, read now."""
        up = GaugeMetricFamily(
            "sync_store_up", "1 when the store answers", labels=["store"]
        )
        for name, read in (("postgres", self._postgres), ("redis", self._redis)):
            try:
                yield from read()
            except (StoreUnavailable, redis.RedisError) as error:
                log.warning(
                    "store not scraped",
                    extra={"store": name, "error": type(error).__name__},
                )
                up.add_metric([name], 0)
            else:
                up.add_metric([name], 1)
        yield up

    def _postgres(self) -> list[Metric]:
        with transaction(self.pool) as connection:
            return [
                *_mail(connection),
                *_corps(connection),
                *_health(connection, self.suite_id),
            ]

    def _redis(self) -> list[Metric]:
        queue = GaugeMetricFamily(
            "sync_queue_depth", "Messages in a queue", labels=["queue"]
        )
        alive = GaugeMetricFamily(
            "sync_workers_alive", "Worker processes by queue", labels=["queue"]
        )
        for name in QUEUES:
            queue.add_metric([name], _number(self.redis.llen(f"dramatiq:{name}")))
            alive.add_metric([name], count_workers(self.redis, name))
        return [
            queue,
            _gauge("sync_spill_depth", "Events in the spill", self.redis.llen(SPILL)),
            alive,
            *self._counters(),
            *self._work(),
        ]

    def _counters(self) -> Iterator[Metric]:
        made = CounterMetricFamily(
            "sync_wecom_calls", "Calls to WeCom", labels=["endpoint", "errcode"]
        )
        held_back = CounterMetricFamily(
            "sync_wecom_held_back",
            "Calls that we held back ourselves",
            labels=["endpoint", "reason"],
        )
        for family, name in ((made, CALLS), (held_back, HELD_BACK)):
            for field, number in read_counts(self.redis, name).items():
                family.add_metric(list(field.rpartition(":")[::2]), number)
            yield family
        rings = self.redis.get(RINGS_BY_UPKEEP)
        yield CounterMetricFamily(
            "sync_rings_by_upkeep",
            "Things due that nobody had rung for",
            value=float(rings) if isinstance(rings, bytes) else 0.0,
        )

    def _work(self) -> Iterator[Metric]:
        yield self._counted(
            "sync_decisions", "Differences applied", "decision", DECISIONS, DecisionName
        )
        yield self._counted(
            "sync_drains", "Drains by how they ended", "outcome", DRAINS, Drained
        )
        yield self._counted(
            "sync_notices",
            "Notices by what became of them",
            "outcome",
            NOTICES,
            (each for each in NoticeState if each is not NoticeState.QUEUED),
        )
        yield self._counted(
            "sync_wrong_tokens",
            "Wrong tokens, by the door at which they were brought",
            "door",
            WRONG_TOKENS,
            ("console", "api", "oidc"),
        )
        yield self._distributed("sync_batch_events", "Events per claim", BATCH_EVENTS)
        yield self._distributed(
            "sync_event_to_effect_seconds",
            "From the first word of a difference to its being applied by a drain",
            EVENT_TO_EFFECT,
        )

    def _counted(
        self, name: str, words: str, label: str, tally: str, known: Iterable[str]
    ) -> Metric:
        """A counter for each known name, from 0 on: a first rise is to be seen."""
        family = CounterMetricFamily(name, words, labels=[label])
        counts = dict.fromkeys(known, 0.0) | read_counts(self.redis, tally)
        for each, number in counts.items():
            family.add_metric([str(each)], number)
        return family

    def _distributed(self, name: str, words: str, histogram: Histogram) -> Metric:
        found = read_distribution(self.redis, histogram)
        return HistogramMetricFamily(
            name, words, buckets=list(found.at_most), sum_value=found.sum
        )


def _mail(connection: Connection) -> Iterator[Metric]:
    depth = GaugeMetricFamily(
        "sync_inbox_depth", "Unsettled mail by state", labels=["state"]
    )
    oldest = GaugeMetricFamily(
        "sync_inbox_oldest_seconds", "Age of the oldest of it", labels=["state"]
    )
    for row in gauges.list_inbox_depth(connection):
        depth.add_metric([row.state], row.rows)
        oldest.add_metric([row.state], row.oldest_seconds)
    yield depth
    yield oldest
    yield _labelled(
        "sync_mailboxes_waiting",
        "Mailboxes that wait, by reason",
        "reason",
        gauges.count_waiting_mailboxes(connection),
    )
    refused = CounterMetricFamily(
        "sync_callbacks_refused", "Callbacks refused, by reason", labels=["reason"]
    )
    for reason, number in gauges.count_refusals(connection).items():
        refused.add_metric([reason], number)
    yield refused


def _corps(connection: Connection) -> Iterator[Metric]:
    yield _labelled(
        "sync_corps", "Corps by state", "state", gauges.count_corps(connection)
    )
    yield _labelled(
        "sync_corp_stale_seconds",
        "Seconds since linked corps were in step, by quantile over corps",
        "quantile",
        gauges.list_staleness(connection),
    )
    yield _labelled(
        "sync_runs_open", "Runs by state", "state", gauges.count_runs(connection)
    )
    held = gauges.count_held_plans(connection)
    yield _gauge("sync_plans_held", "Removals that wait for approval", held)
    queued = gauges.count_queued_notices(connection)
    yield _gauge("sync_notices_queued", "Notices that wait to be sent", queued)


def _health(connection: Connection, suite_id: str) -> Iterator[Metric]:
    yield _labelled(
        "sync_backoffs",
        "Back-offs in force, by endpoint class",
        "endpoint_class",
        gauges.count_pauses(connection),
    )
    yield _labelled(
        "sync_gaps_open", "Open gaps", "reason", gauges.count_gaps(connection)
    )
    beating = gauges.count_receivers(connection, within_seconds=_RECEIVER_SECONDS)
    yield _gauge("sync_receivers_alive", "Receivers heard of within 60 s", beating)
    leads = 0 if is_clock_gone(connection) else 1
    yield _gauge("sync_clock_leads", "0 where a clock led once and none does", leads)
    age = gauges.find_ticket_age(connection, suite_id)
    if age is not None:
        yield _gauge("sync_ticket_age_seconds", "Age of the suite ticket", age)


def _gauge(name: str, words: str, value: object) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=_number(value))


def _labelled(
    name: str, words: str, label: str, values: dict[str, float]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _number(value: object) -> float:
    # redis-py types an answer as "awaitable or value"; a plain client gives values.
    return float(value) if isinstance(value, int | float) else 0.0
