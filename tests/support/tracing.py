"""Spans that a test looks at instead of a collector."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler

from tracing.exporting import ChosenIds, Spans
from tracing.ids import ids_of_event
from tracing.spans import heard_by

HOUSE = "https://sync.example.com"


class Traced:
    """What was told, as a collector would have it."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def all(self) -> list[ReadableSpan]:
        """Every span that has ended, in the order of their ends."""
        return list(self._exporter.get_finished_spans())

    def of_event(self, event_id: int) -> list[ReadableSpan]:
        """The spans in the trace of an event."""
        trace_id = ids_of_event(HOUSE, event_id).trace_id
        return [each for each in self.all() if trace_of(each) == trace_id]

    def names(self, event_id: int) -> list[str]:
        """What they are called."""
        return [each.name for each in self.of_event(event_id)]


@contextmanager
def traced(*, sampler: Sampler = ALWAYS_ON) -> Iterator[Traced]:
    """Everything that this process does within the block."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(
        sampler=sampler, id_generator=ChosenIds(), shutdown_on_exit=False
    )
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with heard_by(Spans(provider, house=HOUSE)):
        yield Traced(exporter)
    provider.shutdown()


def trace_of(span: ReadableSpan) -> int:
    """The trace that a span is in."""
    context = span.get_span_context()
    assert context is not None
    return context.trace_id


def span_id_of(span: ReadableSpan) -> int:
    """What others name as their parent."""
    context = span.get_span_context()
    assert context is not None
    return context.span_id


def is_a_tree(spans: list[ReadableSpan]) -> bool:
    """Whether all of these hang below one of them."""
    known = {span_id_of(each) for each in spans}
    roots = [each for each in spans if each.parent is None]
    below = [each.parent.span_id for each in spans if each.parent is not None]
    return len(roots) == 1 and set(below) <= known
