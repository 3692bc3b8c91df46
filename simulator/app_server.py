"""A small threaded WSGI server that keeps connections open, which werkzeug's does not.

The product's client pools its connections as it would towards WeCom; a benchmark
against a server that closes each one would measure TCP handshakes.
"""

import sys
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

IDLE_SECONDS = 120.0


class AppServer(ThreadingHTTPServer):
    """Serves one WSGI application, a thread per connection."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], app: WSGIApplication) -> None:
        super().__init__(address, _Handler)
        self.app = app

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no error of ours; everything else is."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Buffered, so that headers and body leave in one packet.
    wbufsize = -1
    timeout = IDLE_SECONDS
    server: AppServer

    def _serve(self) -> None:
        if "Transfer-Encoding" in self.headers:
            self.send_error(411)
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        pieces = self.server.app(self._environ(body), self._start)
        try:
            self._send(pieces)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 — the names that http.server looks for.

    def _start(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            # The end of the connection is the end of such a body.
            self.send_header("Connection", "close")
        self.end_headers()

    def _send(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            if self.command != "HEAD":
                self.wfile.write(piece)
                self.wfile.flush()
        self.wfile.flush()

    def _environ(self, body: bytes) -> WSGIEnvironment:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return environ

    def log_message(self, format: str, *args: Any) -> None:
        """The call log has it already."""
