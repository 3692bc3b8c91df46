"""A call over a connection that is open already: a request, and the answer's bytes.

urllib3 opens it, through proxies and TLS, and sees to every answer that is not plain.
What it does beside that for each call, for callers of any kind, costs three times what
the call does.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator, Mapping
from http.client import HTTPException, HTTPMessage, HTTPResponse
from types import TracebackType
from typing import cast

import urllib3
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ProtocolError, ReadTimeoutError

_BROKEN = "Connection aborted."


class KeptLine:
    """The connection of a pool of one, while it is open and nobody else uses it."""

    def __init__(
        self, pool: HTTPConnectionPool, *, host: str, headers: Mapping[str, str]
    ) -> None:
        self._pool = pool
        told = {"Host": host, **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        self._head = lines.encode("latin-1")

    def send(
        self, method: str, target: str, *, data: bytes | None, seconds: float
    ) -> KeptReply | None:
        """The beginning of the answer; None where no connection is open.

        Shape: `target` is a path with its query, in which everything is quoted.
        Raises: urllib3's HTTPError.
        """
        connection = self._take()
        if connection is None:
            return None
        request = [f"{method} {target} HTTP/1.1\r\n".encode("ascii"), self._head]
        if data is not None:
            request.append(b"Content-Length: %d\r\n" % len(data))
        reply = KeptReply(self._pool, connection, method)
        reply.ask(b"".join([*request, b"\r\n", data or b""]), seconds=seconds)
        return reply

    def _take(self) -> HTTPConnection | None:
        """The connection, no longer in the pool; if it is not open, it stays there."""
        pool = self._pool.pool
        if self._pool.proxy is not None or pool is None:
            return None
        try:
            connection = pool.get(block=False)
        except queue.Empty:
            return None
        if connection is not None and connection.is_connected:
            return cast(HTTPConnection, connection)
        pool.put(connection, block=False)
        return None


class KeptReply:
    """An answer; whoever has read it whole leaves the connection to the next call."""

    status: int
    headers: HTTPMessage

    def __init__(
        self, pool: HTTPConnectionPool, connection: HTTPConnection, method: str
    ) -> None:
        self._pool = pool
        self._connection = connection
        self._method = method

    def ask(self, request: bytes, *, seconds: float) -> None:
        """Send this, and read the head of the answer.

        Raises: urllib3's HTTPError, with the connection closed.
        """
        try:
            self._connection.sock.settimeout(seconds)
            self._connection.send(request)
            self._raw: HTTPResponse = self._connection.response_class(
                self._connection.sock, method=self._method
            )
            self._raw.begin()
        except BaseException as error:
            self._end(keep=False)
            self._tell(error)
            raise
        self.status, self.headers = self._raw.status, self._raw.headers

    def stream(self, size: int, *, decode_content: bool) -> Iterator[bytes]:
        """The body in pieces of at most so many bytes, as they were sent.

        Raises: urllib3's HTTPError.
        """
        if decode_content and "Content-Encoding" in self.headers:
            yield from self._unpacked(size)
            return
        while True:
            owed = self._raw.length
            try:
                piece = self._raw.read(size)
            except Exception as error:
                self._tell(error)
                raise
            if not piece:
                break
            yield piece
        if owed:
            raise ProtocolError(_BROKEN)

    def _unpacked(self, size: int) -> Iterator[bytes]:
        unpacking = urllib3.HTTPResponse(
            body=self._raw,
            headers=dict(self.headers.items()),
            status=self.status,
            preload_content=False,
            original_response=self._raw,
            request_method=self._method,
        )
        yield from unpacking.stream(size, decode_content=True)

    def _tell(self, error: BaseException) -> None:
        """As urllib3 tells of it; anything else is for the caller to raise."""
        if isinstance(error, TimeoutError):
            raise ReadTimeoutError(self._pool, "", "Read timed out.") from None
        if isinstance(error, OSError | HTTPException):
            raise ProtocolError(_BROKEN, error) from None

    def _end(self, *, keep: bool) -> None:
        if not keep:
            self._connection.close()
        if self._pool.pool is not None:
            self._pool.pool.put(self._connection if keep else None, block=False)

    def __enter__(self) -> KeptReply:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(keep=self._raw.isclosed() and not self._raw.will_close)
