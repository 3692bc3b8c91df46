"""Begins to export, in a process that was told where to; others import nothing."""

import atexit
import logging
import os
import threading
from typing import TYPE_CHECKING, Protocol

from tracing import spans

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_NAME = "tapd-wecom-sync"
# A collector that does not answer must not keep a process from ending.
_END_SECONDS = 2.0

_log = logging.getLogger(__name__)


class TraceSettings(Protocol):
    """What it needs to know of the settings."""

    @property
    def exports_traces(self) -> bool: ...
    @property
    def otel(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def public_url(self) -> str: ...


def start(settings: TraceSettings, process: str) -> None:
    """Export what this process does; call it once, after a fork.

    Raises: nothing: whatever is wrong with it is told by a line in the log, and the
        work goes on.
    """
    if not settings.exports_traces or spans.is_heard():
        return
    # The library reads the environment alone, and `.env` means the same.
    for name, value in settings.otel:
        os.environ.setdefault(name, value)
    try:
        _start(settings, process)
    except ImportError:
        _log.error("traces not exported, extra `otel` is not installed")
    except Exception as error:
        _log.error("traces not exported", extra={"error": type(error).__name__})


def _start(settings: TraceSettings, process: str) -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from tracing.exporting import ChosenIds, Spans

    named = Resource.create({"process.kind": process})
    own = Resource({"service.name": _NAME})
    # OTEL_SERVICE_NAME wins over our own name for it.
    unnamed = str(named.attributes.get("service.name", "")).startswith("unknown")
    provider = TracerProvider(
        resource=named.merge(own) if unnamed else named,
        id_generator=ChosenIds(),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    spans.tell(Spans(provider, house=settings.public_url))
    atexit.register(_end, provider)


def _end(provider: "TracerProvider") -> None:
    """Send what is left, for a moment."""
    flushing = threading.Thread(
        target=provider.force_flush, name="last-spans", daemon=True
    )
    flushing.start()
    flushing.join(_END_SECONDS)
