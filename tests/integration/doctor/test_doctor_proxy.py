"""Doctor says when nothing stands between the internet and the web."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from settings import Settings
from tests.support.receiving import settings_for
from tests.support.webclient import open_web
from web.operations.probes import HEADER as WEB_HEADER
from web.operations.probes import PROXY as WEB_PROXY
from workers.doctor.probe_proxy import HEADER, PROXY, examine
from workers.doctor.verdicts import Verdict


@pytest.fixture
def settings() -> Settings:
    return settings_for(database="postgresql:///x", redis_url="redis://127.0.0.1/0")


@contextmanager
def _answering(headers: dict[str, str]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        ({HEADER: "itself"}, Verdict.WARNING),
        ({HEADER: PROXY}, Verdict.OK),
        ({}, Verdict.OK),
    ],
)
def test_a_web_that_is_asked_directly_is_warned_of(
    settings: Settings, headers: dict[str, str], verdict: Verdict
) -> None:
    with _answering(headers) as address:
        [found] = examine(replace(settings, public_url=address))

    assert found.verdict is verdict
    if found.advice is not None:
        assert "proxy_request_buffering" in found.advice.en
        assert "proxy_request_buffering" in found.advice.zh


def test_an_address_where_nobody_answers_is_another_probes(settings: Settings) -> None:
    assert list(examine(replace(settings, public_url="http://127.0.0.1:1"))) == []


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_the_web_says_whether_a_proxy_asked(
    module_database: str, redis_url: str, name: str
) -> None:
    with open_web(database=module_database, redis_url=redis_url) as web:
        directly = web.client.get("/healthz")
        by_proxy = web.client.get("/healthz", headers={name: "203.0.113.7"})

    assert (WEB_HEADER, WEB_PROXY) == (HEADER, PROXY)
    assert directly.headers[HEADER] != PROXY
    assert by_proxy.headers[HEADER] == PROXY
