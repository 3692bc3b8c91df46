"""What the receiver counts, over all processes of one gunicorn."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

_OWN = CollectorRegistry()
CALLBACKS = Counter(
    "receiver_callbacks", "Callbacks kept.", ["kind", "outcome"], registry=_OWN
)
REFUSALS = Counter("receiver_refusals", "Requests refused.", ["reason"], registry=_OWN)
ACKNOWLEDGED = Histogram(
    "receiver_acknowledge_seconds",
    "Seconds until a callback was answered.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.8, 1.0),
    registry=_OWN,
)


class _Gauges(Collector):
    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = values

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, value in self._values.items():
            yield GaugeMetricFamily(name, "Asked at this moment.", value=value)


def exposition(gauges: Mapping[str, float]) -> bytes:
    """The text that Prometheus reads."""
    counted, asked = CollectorRegistry(), CollectorRegistry()
    asked.register(_Gauges(gauges))
    try:
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]  # As it comes.
    except ValueError:
        counted = _OWN  # Not under gunicorn: there is only this process.
    return generate_latest(counted) + generate_latest(asked)
