"""Turns the bytes of a connection into whole requests; no socket, no clock."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from httptools import (
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserUpgrade,
    HttpRequestParser,
)

HEAD_BYTES = 32_768
HEADERS = 100
# A chunk of one byte comes as six: more than this for a body is no body.
_WIRE_SHARE = 8
# So that somebody who asks for BREW hears that there is no such method.
_LOOKS_LIKE_HTTP = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ (/|\*|[A-Za-z]+:)")
_FIRST_BYTES = 64
_NOBODY = object()
_OF_UPGRADES = (b"upgrade", b"connection", b"http2-settings")

Headers = tuple[tuple[bytes, bytes], ...]
BodyLimit = Callable[[bytes], int]


class BadRequest(Exception):
    """Bytes that are no request we serve: the status, and why.

    Shape: reasons are http, method, head.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, read to its end.

    Shape: names of headers in lower case, values as sent. A body over the limit is
        left out; `body_bytes` is then how long it was said or seen to be.
    """

    method: bytes
    target: bytes
    version: str
    headers: Headers
    body: bytes = field(repr=False)
    body_bytes: int
    is_too_long: bool
    keeps_alive: bool


class RequestReader:
    """Takes bytes as they come and gives the requests that are whole by then."""

    _held: int
    _in_body: bool
    _given: bool
    _expects: bool

    def __init__(self, limit: BodyLimit) -> None:
        self._limit_of = limit
        self._is_garbage = False
        self._ready: list[Request] = []
        self.is_idle = True
        self._begin()

    @property
    def held_bytes(self) -> int:
        """How much of an unfinished body is kept."""
        return self._held

    def wants_go_ahead(self) -> bool:
        """Whether the client sends its body only when told to; so once for each."""
        wants = self._in_body and self._expects and not (self._held or self._given)
        self._expects = self._expects and not wants
        return wants

    def feed(self, data: bytes) -> list[Request]:
        """The requests that these bytes complete, in their order.

        Raises: BadRequest, after which the connection is of no use. What was whole
            before is then still to be taken: `take_ready`.
        """
        self.is_idle = False
        self._fed += len(data)
        self._first += data[: _FIRST_BYTES - len(self._first)]
        try:
            if not self._is_garbage:
                self._parse(data)
        except HttpParserInvalidMethodError:
            self._is_garbage = True
        except HttpParserError as error:
            # What our own methods raise comes wrapped.
            ours = error.__context__
            fault = ours if isinstance(ours, BadRequest) else BadRequest(400, "http")
            raise fault from None
        self._refuse_garbage()
        self._refuse_endless()
        return self.take_ready()

    def take_ready(self) -> list[Request]:
        """The requests that are whole and were not taken yet."""
        ready, self._ready = self._ready, []
        return ready

    def forget(self) -> None:
        """Let go of everything, the parser's hold on this reader too."""
        self._reset()
        self._parser = HttpRequestParser(_NOBODY)

    # What the parser calls; it knows these names.

    def on_message_begin(self) -> None:
        self.is_idle = False

    def on_url(self, part: bytes) -> None:
        self._target += part
        self._count_head(part)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_body:
            return  # A trailer: nothing of ours reads one, and none may be a header.
        self._headers.append((name.lower(), value))
        self._count_head(name, value)

    def on_headers_complete(self) -> None:
        if self._parser.get_http_version() not in ("1.0", "1.1"):
            raise BadRequest(400, "http")
        self._in_body = True
        self._fed = 0
        self._limit = self._limit_of(self._target)
        self._refuse_ambiguous()
        for name, value in self._headers:
            if name == b"content-length":
                self._announced = int(value)
            elif name == b"expect":
                self._expects = value.lower() == b"100-continue"
        if self._announced > self._limit:
            self._give_too_long(self._announced)

    def on_body(self, part: bytes) -> None:
        if self._given:
            return
        self._held += len(part)
        if self._held > self._limit:
            self._give_too_long(self._held)
        else:
            self._parts.append(part)

    def on_message_complete(self) -> None:
        if not self._given:
            self._give(b"".join(self._parts), length=self._held)
        self._reset()

    def _begin(self) -> None:
        self._parser = HttpRequestParser(self)
        self._reset()

    def _reset(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._in_body = self._given = self._expects = False
        self._announced = self._held = self._fed = self._head = self._limit = 0
        self._first = b""
        self._is_garbage = False
        self.is_idle = True

    def _give_too_long(self, length: int) -> None:
        self._parts = []
        self._given = True
        self._give(b"", length=length, is_too_long=True)

    def _give(self, body: bytes, *, length: int, is_too_long: bool = False) -> None:
        keeps_alive = self._parser.should_keep_alive() and not is_too_long
        if self._parser.get_http_version() == "1.0":
            # Older servers know no chunks, and would see the end elsewhere.
            names = {name for name, _ in self._headers}
            keeps_alive = keeps_alive and b"transfer-encoding" not in names
        self._ready.append(
            Request(
                method=self._parser.get_method(),
                target=self._target,
                version=self._parser.get_http_version(),
                headers=tuple(self._headers),
                body=body,
                body_bytes=length,
                is_too_long=is_too_long,
                keeps_alive=keeps_alive,
            )
        )

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            head = self._decline_upgrade()
            self._parser.feed_data(head + data[upgrade.args[0] :])

    def _decline_upgrade(self) -> bytes:
        # A client that would rather speak another protocol is served in this one. The
        # parser has left out its body, so the head is read again without the offer.
        refused = self._ready.pop()
        if refused.method == b"CONNECT":
            raise BadRequest(405, "method")
        self._begin()
        lines = [
            refused.method + b" " + refused.target + b" HTTP/1.1",
            *(n + b": " + v for n, v in refused.headers if n not in _OF_UPGRADES),
            b"connection: close",
        ]
        return b"\r\n".join([*lines, b"", b""])

    def _count_head(self, *parts: bytes) -> None:
        self._head += sum(map(len, parts))
        if self._head > HEAD_BYTES or len(self._headers) > HEADERS:
            raise BadRequest(431, "head")

    def _refuse_ambiguous(self) -> None:
        # What two readers could take for different requests is none.
        codings = [v.lower() for n, v in self._headers if n == b"transfer-encoding"]
        hosts = [value for name, value in self._headers if name == b"host"]
        if codings not in ([], [b"chunked"]) or len(hosts) > 1:
            raise BadRequest(400, "http")

    def _refuse_garbage(self) -> None:
        # As late as the words can be told apart, however the bytes were cut.
        if self._is_garbage and (
            b"\n" in self._first or len(self._first) == _FIRST_BYTES
        ):
            known = _LOOKS_LIKE_HTTP.match(self._first)
            raise BadRequest(405, "method") if known else BadRequest(400, "http")

    def _refuse_endless(self) -> None:
        if not self._in_body and self._fed > HEAD_BYTES:
            raise BadRequest(431, "head")
        if self._in_body and self._fed > HEAD_BYTES + _WIRE_SHARE * self._limit:
            raise BadRequest(400, "http")
