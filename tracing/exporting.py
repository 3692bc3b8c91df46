"""Makes spans of what is told, by OpenTelemetry; imported only when they are wanted."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

from tracing.ids import TraceIds, ids_of_event, ids_of_mail
from tracing.spans import MOST_EVENTS, Attributes, Span, Value

_SCOPE = "tapd-wecom-sync"
_CALLBACK = "callback"


class ChosenIds(RandomIdGenerator):
    """Ids by chance, but for a span whose ids follow from its event."""

    def __init__(self) -> None:
        self._chosen = threading.local()

    @contextmanager
    def choosing(self, ids: TraceIds) -> Iterator[None]:
        """Give these to the one span that this thread begins within the block."""
        self._chosen.ids = ids
        try:
            yield
        finally:
            self._chosen.ids = None

    def generate_trace_id(self) -> int:
        """The chosen trace, else one by chance."""
        ids = self._ids()
        return super().generate_trace_id() if ids is None else ids.trace_id

    def generate_span_id(self) -> int:
        """The chosen span, else one by chance."""
        ids = self._ids()
        return super().generate_span_id() if ids is None else ids.root_id

    def _ids(self) -> TraceIds | None:
        found: TraceIds | None = getattr(self._chosen, "ids", None)
        return found


class Spans:
    """The listener that exports; see tracing.spans.

    Shape: `provider` was made with ChosenIds.
    """

    def __init__(self, provider: TracerProvider, *, house: str) -> None:
        assert isinstance(provider.id_generator, ChosenIds)  # noqa: S101 - see Shape.
        self._provider = provider
        self._ids = provider.id_generator
        self._tracer = provider.get_tracer(_SCOPE)
        self._house = house

    def arrived(
        self, event_id: int, *, seconds: float, fresh: bool, attributes: Attributes
    ) -> None:
        """The root of an event's trace; a repeat stands below it."""
        ids = ids_of_event(self._house, event_id)
        attributes = {"event.id": event_id, **attributes}
        if fresh:
            self._root(_CALLBACK, ids, seconds, attributes)
            return
        self._brief(
            f"{_CALLBACK} repeated",
            parent=self._below(ids),
            seconds=seconds,
            kind=SpanKind.SERVER,
            attributes=attributes,
        )

    def spilled(self, digest: bytes, *, seconds: float, attributes: Attributes) -> None:
        """A trace of its own; that of the event will lead to it."""
        ids = ids_of_mail(self._house, digest)
        self._root(f"{_CALLBACK} spilled", ids, seconds, attributes)

    def moved(self, event_id: int, digest: bytes, *, fresh: bool) -> None:
        """The root of the event's trace: it was known before it had a number."""
        if not fresh:
            return
        came = self._context(ids_of_mail(self._house, digest))
        ids = ids_of_event(self._house, event_id)
        attributes: Attributes = {"event.id": event_id, "spilled": True}
        self._root(_CALLBACK, ids, 0.0, attributes, links=[Link(came)])

    @contextmanager
    def working(
        self, name: str, event_ids: Sequence[int], attributes: Attributes
    ) -> Iterator[Span]:
        """A span in the trace of the first event that is sampled."""
        began = time.time_ns()
        found = [ids_of_event(self._house, each) for each in event_ids[:MOST_EVENTS]]
        contexts = [self._context(each) for each in found]
        contexts.sort(key=lambda each: not each.trace_flags.sampled)
        numbers: Attributes = {"events": len(event_ids)} if event_ids else {}
        if len(event_ids) == 1:
            numbers = {"event.id": event_ids[0]}
        below = contexts[:1]
        with self._open(
            name,
            parent=_parent(below[0]) if below else Context(),
            kind=SpanKind.CONSUMER,
            attributes={**numbers, **attributes},
            links=[Link(each) for each in contexts[1:] if each.trace_flags.sampled],
        ) as span:
            yield span
        for each in contexts[1:]:
            self._brief(
                name,
                parent=_parent(each),
                seconds=(time.time_ns() - began) / 1e9,
                kind=SpanKind.CONSUMER,
                attributes={"folded": True, **attributes},
                links=[Link(span.context)],
            )

    @contextmanager
    def within(self, name: str, attributes: Attributes) -> Iterator[Span]:
        """A span below the one at hand."""
        with self._open(name, parent=None, attributes=attributes) as span:
            yield span

    def done(self, name: str, *, seconds: float, attributes: Attributes) -> None:
        """A span below the one at hand; none where nothing is at hand."""
        if trace.get_current_span().get_span_context().is_valid:
            self._brief(
                name,
                parent=None,
                seconds=seconds,
                kind=SpanKind.CLIENT,
                attributes=attributes,
            )

    @contextmanager
    def _open(
        self,
        name: str,
        *,
        parent: Context | None,
        attributes: Attributes,
        kind: SpanKind = SpanKind.INTERNAL,
        links: Sequence[Link] = (),
    ) -> Iterator["_Seen"]:
        # An error's words may hold what a log would not show: its kind is enough.
        with self._tracer.start_as_current_span(
            name,
            context=parent,
            kind=kind,
            attributes=attributes,
            links=links,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield _Seen(span)
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def _root(
        self,
        name: str,
        ids: TraceIds,
        seconds: float,
        attributes: Attributes,
        links: Sequence[Link] = (),
    ) -> None:
        with self._ids.choosing(ids):
            self._brief(
                name,
                parent=Context(),
                seconds=seconds,
                kind=SpanKind.SERVER,
                attributes=attributes,
                links=links,
            )

    def _brief(
        self,
        name: str,
        *,
        parent: Context | None,
        seconds: float,
        kind: SpanKind,
        attributes: Attributes,
        links: Sequence[Link] = (),
    ) -> None:
        ended = time.time_ns()
        span = self._tracer.start_span(
            name,
            context=parent,
            kind=kind,
            attributes=attributes,
            links=links,
            start_time=ended - int(seconds * 1e9),
        )
        span.end(ended)

    def _below(self, ids: TraceIds) -> Context:
        return _parent(self._context(ids))

    def _context(self, ids: TraceIds) -> SpanContext:
        """The root of an event's trace, which another process has told.

        Whether it is sampled follows from its id, for every process alike.
        """
        decided = self._provider.sampler.should_sample(
            Context(), ids.trace_id, _CALLBACK
        )
        sampled = decided.decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT
        return SpanContext(
            trace_id=ids.trace_id,
            span_id=ids.root_id,
            is_remote=True,
            trace_flags=TraceFlags(flags),
        )


class _Seen:
    """A span of OpenTelemetry as the house speaks of it."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def context(self) -> SpanContext:
        """By what others lead to it."""
        return self._span.get_span_context()

    def note(self, **attributes: Value) -> None:
        """Say more of it."""
        self._span.set_attributes(attributes)


def _parent(context: SpanContext) -> Context:
    return trace.set_span_in_context(NonRecordingSpan(context), Context())
