"""A thread's way to WeCom: what all its calls have in common is worked out once."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Mapping
from http.client import HTTPException, HTTPMessage, HTTPResponse
from types import TracebackType
from typing import cast
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Retry, Timeout
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from wecom.deadline import CONNECT_SECONDS, DeadlineAdapter

# An error comes as it is, and a redirect is an answer like another.
_ONCE = Retry(total=False)
_BROKEN = "Connection aborted."


class Line:
    """One connection, kept alive, with the environment's proxy and certificates.

    `requests` says once what the environment asks for: headers, proxy, certificates.
    For each call it would merge all that anew, look into .netrc, find the pool by the
    address, and wrap answer and errors: more than the call itself. So each call goes to
    the pool that it has chosen, or over the connection that is open there.
    """

    def __init__(self, base_url: str) -> None:
        session = requests.Session()
        session.headers["Content-Type"] = "application/json"
        found = session.merge_environment_settings(base_url, {}, None, None, None)
        proxies = dict(found["proxies"])
        given: bool | str | None = found["verify"]
        verify = True if given is None else given
        session.trust_env = False
        prepared = session.prepare_request(requests.Request("GET", base_url))
        self._headers = {
            str(name): str(each) for name, each in prepared.headers.items()
        }
        adapter = DeadlineAdapter()
        pool = adapter.get_connection_with_tls_context(
            prepared, verify, proxies=proxies
        )
        # What is given with it has no types in the library.
        adapter.cert_verify(pool, prepared.url, verify, None)  # type: ignore[no-untyped-call]  # see above
        self._pool = cast(HTTPConnectionPool, pool)
        # A path, or for a proxy that is no tunnel the whole address.
        self._target = adapter.request_url(prepared, proxies)
        host = urlsplit(prepared.url or base_url).netloc.rpartition("@")[2]
        self._kept = KeptLine(self._pool, host=host, headers=self._headers)

    def send(
        self,
        method: str,
        endpoint: str,
        *,
        query: Mapping[str, str],
        data: bytes | None,
        seconds: float,
    ) -> BaseHTTPResponse | KeptReply:
        """The beginning of the answer; its body is still to be read.

        Raises: OSError, urllib3's HTTPError.
        """
        target = f"{self._target}{endpoint}?{urlencode(query)}"
        reply = self._kept.send(method, target, data=data, seconds=seconds)
        return reply or self._pool.urlopen(
            method,
            target,
            body=data,
            headers=self._headers,
            retries=_ONCE,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
            preload_content=False,
            decode_content=False,
        )


class KeptLine:
    """The connection of a pool of one, while it is open and nobody else uses it.

    urllib3 opens it, through proxies and TLS, and unpacks what is packed. What it does
    beside that for each call, for callers of any kind, costs three times what the call
    does.
    """

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
