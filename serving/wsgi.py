"""A whole request as WSGI describes it, and the answer as the bytes to be sent."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from serving.parsing import Request

Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
SendPart = Callable[[bytes], None]

# When a request was whole, by the monotonic clock: its answer is owed from then on.
RECEIVED_AT = "front.received_at"

_TEMPLATE: Mapping[str, Any] = {
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
    "SCRIPT_NAME": "",
}
_BODILESS = (204, 304)


def environ_of(
    request: Request, *, peer: tuple[str, int], local: tuple[str, int]
) -> Environ:
    """What WSGI says of a request; of one that is too long only how long it is."""
    path, _, query = _origin_form(request.target).partition(b"?")
    environ: Environ = {
        **_TEMPLATE,
        "REQUEST_METHOD": request.method.decode("latin-1"),
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": request.target.decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "REMOTE_ADDR": peer[0],
        "REMOTE_PORT": str(peer[1]),
        "SERVER_NAME": local[0],
        "SERVER_PORT": str(local[1]),
        "wsgi.input": io.BytesIO(request.body),
    }
    for name, value in request.headers:
        # X_Forwarded_For would arrive as the header that only a proxy may set.
        if b"_" not in name:
            _add_header(environ, _key(name), value.decode("latin-1"))
    # Chunks are put together by now: what an application can trust is the sum.
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    if request.body_bytes or "CONTENT_LENGTH" in environ:
        environ["CONTENT_LENGTH"] = str(request.body_bytes)
    return environ


class Answer:
    """One answer on its way: small ones as a whole, streams part by part."""

    def __init__(self, request: Request, send_part: SendPart) -> None:
        self._request = request
        self._send_part = send_part
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._is_chunked = False
        self.has_begun = False
        self.is_last = not request.keeps_alive

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: Any = None,
    ) -> Callable[[bytes], None]:
        """What WSGI calls first; a second call only replaces what was not sent."""
        if exc_info and self.has_begun:
            raise exc_info[1].with_traceback(exc_info[2])
        self._status, self._headers = status, headers
        return self._write

    def finish(self, parts: Iterable[bytes], *, is_stopping: bool) -> bytes:
        """Take all parts, sending streams meanwhile; what remains to be sent."""
        self.is_last = self.is_last or is_stopping
        if self._is_sized(parts):
            body = b"".join(parts)
            return self._head(len(body)) + (b"" if self._is_bodiless() else body)
        for part in parts:
            self._write(part)
        if not self.has_begun:
            return self._head(0)
        return b"0\r\n\r\n" if self._is_chunked else b""

    def _is_sized(self, parts: Iterable[bytes]) -> bool:
        # A stream says neither how many parts it has nor how long it will be.
        announced = any(name.lower() == "content-length" for name, _ in self._headers)
        return not self.has_begun and (announced or isinstance(parts, list | tuple))

    def _write(self, part: bytes) -> None:
        if not part:
            return
        head = b""
        if not self.has_begun:
            self.has_begun = True
            self._is_chunked = self._request.version == "1.1"
            self.is_last = self.is_last or not self._is_chunked
            head = self._head(None)
        if self._is_bodiless():
            self._is_chunked = False
            self._send_part(head)
            return
        if self._is_chunked:
            part = b"%x\r\n%b\r\n" % (len(part), part)
        self._send_part(head + part)

    def _is_bodiless(self) -> bool:
        code = int(self._status[:3])
        return self._request.method == b"HEAD" or code in _BODILESS

    def _head(self, length: int | None) -> bytes:
        lines = [f"HTTP/1.1 {self._status}", _date(int(time.time()))]
        lines += [f"{name}: {value}" for name, value in self._headers]
        known = {name.lower() for name, _ in self._headers}
        if length is not None and "content-length" not in known:
            if not self._is_bodiless():
                lines.append(f"Content-Length: {length}")
        elif length is None and self._is_chunked:
            lines.append("Transfer-Encoding: chunked")
        if self.is_last:
            lines.append("Connection: close")
        elif self._request.version == "1.0":
            lines.append("Connection: keep-alive")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def refusal(status: int) -> bytes:
    """The empty answer to something that is no request, or that failed."""
    return (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"{_date(int(time.time()))}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode()


def _origin_form(target: bytes) -> bytes:
    if target.startswith(b"/"):
        return target.partition(b"#")[0]
    # A proxy may be asked for the whole address; the path is what matters here.
    _, _, rest = target.partition(b"://")
    _, slash, path = rest.partition(b"/")
    return slash + path.partition(b"#")[0]


def _add_header(environ: Environ, key: str, value: str) -> None:
    known = environ.get(key)
    if known is None:
        environ[key] = value
    elif key.startswith("HTTP_"):
        environ[key] = f"{known}{';' if key == 'HTTP_COOKIE' else ','}{value}"


@lru_cache(maxsize=256)
def _key(name: bytes) -> str:
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return f"Date: {formatdate(second, usegmt=True)}"
