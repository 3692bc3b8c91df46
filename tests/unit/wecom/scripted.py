"""A real HTTP server on loopback that answers what a test tells it to."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it reached the server."""

    method: str
    endpoint: str
    query: dict[str, str]
    body: Any
    client_port: int
    authorization: str | None = None


class ScriptedServer:
    """Answers each request with the next reply; keeps what was asked."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[Asked] = []
        self.over = threading.Event()
        self._replies: deque[Reply] = deque()

    def will(self, *replies: Reply | dict[str, Any]) -> None:
        """Put replies into the queue; a dict is answered as JSON."""
        for reply in replies:
            self._replies.append(says(reply) if isinstance(reply, dict) else reply)

    def forget(self) -> None:
        """Drop what was asked and what was to be answered."""
        self.asked.clear()
        self._replies.clear()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        url = urlsplit(handler.path)
        size = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(size)
        self.asked.append(
            Asked(
                method=handler.command,
                endpoint=url.path.removeprefix("/cgi-bin/"),
                query=dict(parse_qsl(url.query, keep_blank_values=True)),
                body=_read(body, handler.headers.get("Content-Type", "")),
                client_port=handler.client_address[1],
                authorization=handler.headers.get("Authorization"),
            )
        )
        self._replies.popleft()(handler)


def _read(body: bytes, content_type: str) -> Any:
    if content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    return json.loads(body) if body else None


def says(
    payload: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Reply:
    """A whole answer in JSON."""
    return sends(json.dumps(payload).encode(), status=status, headers=headers)


def sends(
    body: bytes,
    *,
    status: int = 200,
    declared: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """These bytes as the body; `declared` is the length that is announced."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        length = len(body) if declared is None else declared
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = declared is not None

    return reply


def trickles(server: ScriptedServer, *, head: bytes) -> Reply:
    """These bytes, and then one more at a time for as long as anybody listens."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        # The wait only paces the bytes; the test's end is what ends it.
        while not server.over.wait(0.02):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    return reply


def stays_silent(server: ScriptedServer) -> Reply:
    """Nothing, until the test is over."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        server.over.wait()
        handler.close_connection = True

    return reply


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    """No answer but the end of the connection."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    """A running server; it stops with the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            scripted.answer(self)

        def do_POST(self) -> None:
            scripted.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Tests read `asked` instead of a log."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                # The client gave up, which is what many of these tests are about.
                self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        scripted = ScriptedServer(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield scripted
        finally:
            scripted.over.set()
            server.shutdown()
            thread.join()
