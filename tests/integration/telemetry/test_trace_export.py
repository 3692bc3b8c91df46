"""Traces leave by OTLP where an endpoint is set; nothing is even imported elsewhere."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from settings import SettingsError, load
from tests.support.receiving import wait_until
from tests.support.tracing import HOUSE
from tests.support.workbench import environment_for
from tracing import start
from tracing.ids import ids_of_event

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

REPOSITORY = Path(__file__).resolve().parents[3]
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
# What a process of ours does with one event, as far as its traces go.
PROCESS = """
import json, os, sys
from settings import load
from tracing import spans
from tracing.start import start

settings = load(json.loads(sys.argv[1]))
start(settings, "worker")
spans.arrived(7, seconds=0.01, attributes={"event.kind": "change_contact"})
with spans.working("drain", [7], {}):
    with spans.within("ask"):
        pass
sys.stdin.readline()
print(json.dumps({
    "heard": spans.is_heard(),
    # redis looks for the library by itself, where it is installed.
    "imported": "tracing.exporting" in sys.modules
    or any(name.startswith("opentelemetry.exporter") for name in sys.modules),
}))
"""


class Collector:
    """A collector of OTLP over HTTP, as far as a test looks."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[str, str, ExportTraceServiceRequest]] = []

    def serve(
        self, environ: dict[str, Any], start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """What WSGI calls."""
        request = Request(environ)
        sent = ExportTraceServiceRequest.FromString(request.get_data())
        self.got.append((request.path, request.headers.get("X-Key", ""), sent))
        return Response(b"", status=self.status)(environ, start_response)

    @property
    def names(self) -> list[str]:
        """The spans that came."""
        return [
            span.name
            for _, _, sent in self.got
            for resource in sent.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@contextmanager
def listening(collector: Collector) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, collector.serve)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(
    until: Callable[[], bool] = lambda: True, /, **settings: str
) -> tuple[dict[str, bool], str]:
    """What a process says that was started with these settings.

    Shape: it ends once `until` holds, so that a busy machine has its time.
    """
    environment = environment_for(
        database="postgresql://sync@127.0.0.1:9/sync",
        redis_url="redis://127.0.0.1:8",
        **settings,
    )
    with subprocess.Popen(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", PROCESS, json.dumps(environment)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OTEL_BSP_SCHEDULE_DELAY": "50"},
    ) as process:
        assert wait_until(until, seconds=60.0)
        said, told = process.communicate("\n", timeout=60)
    assert process.returncode == 0, told
    return json.loads(said), told


def test_without_an_endpoint_nothing_is_imported_and_nobody_listens() -> None:
    said, _ = run()

    assert said == {"heard": False, "imported": False}


@pytest.mark.parametrize(
    "switched_off", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}]
)
def test_nor_where_it_is_switched_off(switched_off: dict[str, str]) -> None:
    said, _ = run(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", **switched_off)

    assert said == {"heard": False, "imported": False}


def test_spans_reach_the_endpoint() -> None:
    collector = Collector()
    with listening(collector) as address:
        said, _ = run(
            lambda: len(collector.names) == 3,
            OTEL_EXPORTER_OTLP_ENDPOINT=address,
            OTEL_EXPORTER_OTLP_HEADERS="X-Key=synthetic",
        )

    assert said["heard"]
    assert sorted(collector.names) == ["ask", "callback", "drain"]
    assert {(path, key) for path, key, _ in collector.got} == {
        ("/v1/traces", "synthetic")
    }
    resources = [each for _, _, sent in collector.got for each in sent.resource_spans]
    resource = resources[0]
    own = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert own["service.name"] == "tapd-wecom-sync"
    assert own["process.kind"] == "worker"
    ids = ids_of_event(HOUSE, 7)
    spans = [
        span for each in resources for scope in each.scope_spans for span in scope.spans
    ]
    assert {each.trace_id for each in spans} == {ids.trace_id.to_bytes(16)}


def test_a_name_of_the_operators_for_the_service_wins() -> None:
    collector = Collector()
    with listening(collector) as address:
        run(
            lambda: len(collector.names) == 3,
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{address}/in",
            OTEL_SERVICE_NAME="ours",
        )

    path, _, sent = collector.got[0]
    [resource] = sent.resource_spans
    own = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert (path, own["service.name"]) == ("/in", "ours")


def test_an_endpoint_that_refuses_or_is_away_hurts_nothing_and_shows_no_header() -> (
    None
):
    collector = Collector()
    collector.status = 400
    with listening(collector) as address:
        _, refused = run(
            lambda: len(collector.got) > 0,
            OTEL_EXPORTER_OTLP_ENDPOINT=address,
            OTEL_EXPORTER_OTLP_HEADERS="X-Key=synthetic-secret",
        )
    said, away = run(
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
        OTEL_EXPORTER_OTLP_HEADERS="X-Key=synthetic-secret",
    )

    assert said["heard"]
    assert "Traceback" not in refused
    assert "synthetic-secret" not in refused + away


def test_a_missing_extra_is_told_and_the_work_goes_on() -> None:
    blocked = PROCESS.replace(
        "import json, os, sys",
        "import json, os, sys; sys.modules['opentelemetry'] = None",
    )
    environment = environment_for(
        database="postgresql://sync@127.0.0.1:9/sync",
        redis_url="redis://127.0.0.1:8",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", blocked, json.dumps(environment)],
        cwd=REPOSITORY,
        input="\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["heard"] is False
    assert "extra `otel` is not installed" in done.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (ENDPOINT, "collector:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_TRACES_EXPORTER", "jaeger"),
        ("OTEL_SDK_DISABLED", "yes"),
    ],
)
def test_what_cannot_be_meant_stops_the_start(name: str, text: str) -> None:
    environment = environment_for(
        database="postgresql://sync@db/sync", redis_url="redis://redis", **{name: text}
    )

    with pytest.raises(SettingsError, match=name):
        load(environment)


class Stuck:
    """A provider whose collector does not answer."""

    def __init__(self) -> None:
        self.flushing = threading.Event()
        self.answer = threading.Event()

    def force_flush(self) -> None:
        """Wait for whoever does not answer."""
        self.flushing.set()
        self.answer.wait()


def test_the_end_of_a_process_does_not_wait_for_a_collector_that_is_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck = Stuck()
    monkeypatch.setattr(start, "_END_SECONDS", 0.01)

    start._end(stuck)  # type: ignore[arg-type]  # As much of a provider as is asked.

    assert stuck.flushing.wait(60.0)
    stuck.answer.set()
