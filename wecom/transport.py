"""One HTTP call to WeCom: bounded in time and size, counted, and silent on secrets."""

from __future__ import annotations

import json
import logging
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol, TypeVar

from urllib3 import BaseHTTPResponse, exceptions
from urllib3.exceptions import HTTPError, ProtocolError

from wecom.deadline import DEADLINE
from wecom.errcodes import OK, error_for
from wecom.errors import Refused, Throttled, Unavailable, WeComError
from wecom.line import KeptReply, Line
from wecom.payload import Payload

CALL_SECONDS = 10.0
BODY_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
# WeCom answers with errcode 0 and this when it could not read our JSON.
NOT_PARSED = "wrong json format"
# More digits than any number of WeCom's has.
_LONGEST_NUMBER = 64
ERRCODE = re.compile(r"-?[0-9]{1,9}")
QUERY = re.compile(r"\?\S*")
PROXY_STATUS = re.compile(r"Tunnel connection failed: ([1-5][0-9]{2})\b")
_STATUS_WORDS = {
    407: "the proxy asks who we are",
    403: "forbidden",
    404: "no such page",
}
# The first that fits, the special before the general.
_BROKEN: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.ProxyError, "no way through the proxy"),
    (exceptions.SSLError, "no trusted TLS connection"),
    (exceptions.NewConnectionError, "no connection, or it broke off"),
    (exceptions.ConnectTimeoutError, "no connection in time"),
    (exceptions.TimeoutError, "no answer in time"),
    (TimeoutError, "no answer in time"),
    (exceptions.DecodeError, "the answer cannot be unpacked"),
    (ProtocolError, "no connection, or it broke off"),
    (exceptions.ClosedPoolError, "no connection, or it broke off"),
)

Answer = TypeVar("Answer")


class Meter(Protocol):
    """Counts calls and keeps the caller's own rates."""

    def before(self, endpoint: str, corp_id: str | None) -> float | None:
        """Called before a call; the seconds it may take, if fewer than the usual ones.

        Raises: Throttled when this call has to wait; it is then not made.
        """

    def after(
        self,
        endpoint: str,
        corp_id: str | None,
        errcode: int | None,
        seconds: float,
        *,
        came: str = "",
    ) -> None:
        """Called after each call that was made; errcode None means no answer.

        Shape: `came` says what came instead of one, in words of ours.
        """


class Unmetered:
    """Counts nothing and lets everything through."""

    def before(self, endpoint: str, corp_id: str | None) -> None:
        """Let the call through."""

    def after(
        self,
        endpoint: str,
        corp_id: str | None,
        errcode: int | None,
        seconds: float,
        *,
        came: str = "",
    ) -> None:
        """Forget the call."""


class Transport:
    """Calls WeCom's endpoints; safe to share between threads, retries nothing."""

    def __init__(
        self,
        base_url: str,
        *,
        meter: Meter | None = None,
        call_seconds: float = CALL_SECONDS,
        body_bytes: int = BODY_BYTES,
    ) -> None:
        self._base_url = base_url.rstrip("/") + "/cgi-bin/"
        self._meter = meter or Unmetered()
        self._call_seconds = call_seconds
        self._body_bytes = body_bytes
        self._threads = threading.local()

    def get(
        self,
        endpoint: str,
        read: Callable[[Payload], Answer],
        *,
        query: Mapping[str, str],
        corp_id: str | None = None,
        recognise: Callable[[bytes], Answer | None] | None = None,
    ) -> Answer:
        """What `read` makes of the answer to a GET.

        Shape: `recognise` is shown the bytes first. What it answers counts: it knows
            these very ones as those of a success.
        Raises: WeComError.
        """
        return self._call(
            "GET", endpoint, read, query=query, corp_id=corp_id, recognise=recognise
        )

    def post(
        self,
        endpoint: str,
        read: Callable[[Payload], Answer],
        *,
        body: Mapping[str, object],
        query: Mapping[str, str] | None = None,
        corp_id: str | None = None,
    ) -> Answer:
        """What `read` makes of the answer to a POST of JSON.

        Raises: WeComError.
        """
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return self._call(
            "POST", endpoint, read, query=query or {}, data=data, corp_id=corp_id
        )

    def _call(
        self,
        method: str,
        endpoint: str,
        read: Callable[[Payload], Answer],
        *,
        query: Mapping[str, str],
        corp_id: str | None,
        data: bytes | None = None,
        recognise: Callable[[bytes], Answer | None] | None = None,
    ) -> Answer:
        seconds = self._meter.before(endpoint, corp_id) or self._call_seconds
        started = time.monotonic()
        errcode, came = None, ""
        try:
            body = self._fetch(
                method, endpoint, query=query, data=data, seconds=seconds
            )
            if recognise is not None and (known := recognise(body)) is not None:
                errcode = OK
                return known
            payload = _decoded(body)
            errcode = _errcode(payload)
            if errcode == OK and NOT_PARSED not in _errmsg(payload):
                return read(payload)
        except (Unavailable, Throttled) as error:
            error.endpoint, error.corp_id, came = endpoint, corp_id, error.reason
            raise
        finally:
            seconds = time.monotonic() - started
            self._meter.after(endpoint, corp_id, errcode, seconds, came=came)
        raise _failure(payload, errcode, endpoint=endpoint, corp_id=corp_id)

    def _fetch(
        self,
        method: str,
        endpoint: str,
        *,
        query: Mapping[str, str],
        data: bytes | None,
        seconds: float,
    ) -> bytes:
        try:
            return self._exchange(
                method, endpoint, query=query, data=data, seconds=seconds
            )
        except (OSError, HTTPError) as error:
            failure = _told(error)
        # Raised out here because such an error, and whatever is chained to it, quotes
        # the URL and with it the token.
        raise Unavailable(failure)

    def _exchange(
        self,
        method: str,
        endpoint: str,
        *,
        query: Mapping[str, str],
        data: bytes | None,
        seconds: float,
    ) -> bytes:
        DEADLINE.start(seconds)
        # No redirect is followed: one would carry the token elsewhere.
        with self._line().send(
            method, endpoint, query=query, data=data, seconds=seconds
        ) as response:
            if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise Throttled("HTTP 429")
            if response.status != HTTPStatus.OK:
                raise Unavailable(_refusal(response))
            return self._body(response)

    def _body(self, response: BaseHTTPResponse | KeptReply) -> bytes:
        body, broken = bytearray(), ""
        try:
            for chunk in response.stream(CHUNK_BYTES, decode_content=True):
                body += chunk
                if len(body) > self._body_bytes:
                    raise Unavailable("the answer is too large to be one")
        except ProtocolError as error:
            broken = type(error).__name__
        if broken:
            # Out here, so that nothing is chained to it.
            raise Unavailable(f"the answer broke off ({broken})")
        return bytes(body)

    def _line(self) -> Line:
        line: Line | None = getattr(self._threads, "line", None)
        if line is None:
            line = self._threads.line = Line(self._base_url)
        return line


def _decoded(body: bytes) -> Payload:
    payload = _parsed(body)
    if type(payload) is not dict:
        raise Unavailable(f"HTTP 200 with {_kind_of(body)} instead of a JSON object")
    return payload


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        # Not raised in here: the decoder's error holds the text, perhaps a token's.
        pass
    try:
        # One broken byte, raw control character or endless number costs its own field.
        text = body.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
        return json.loads(text, strict=False, parse_int=_bounded)
    except (ValueError, RecursionError):
        return None


def _refusal(response: BaseHTTPResponse | KeptReply) -> str:
    """Which status came, with what: never an address or a body, they may quote."""
    status = response.status
    what = _STATUS_WORDS.get(status) or ("a redirect" if status // 100 == 3 else None)
    html = "html" in response.headers.get("Content-Type", "").lower()
    parts = [what, "an HTML page" if html else None]
    came = ", ".join(part for part in parts if part)
    return f"HTTP {status} ({came})" if came else f"HTTP {status}"


def _told(error: Exception) -> str:
    """What became of the connection; of the error's own words only a proxy's status."""
    proxied = PROXY_STATUS.search(str(error))
    if proxied:
        status = int(proxied[1])
        what = _STATUS_WORDS.get(status)
        return f"the proxy answered HTTP {status}" + (f" ({what})" if what else "")
    words = next((said for kind, said in _BROKEN if isinstance(error, kind)), None)
    name = type(error).__name__
    return f"{words} ({name})" if words else name


def _bounded(digits: str) -> int | float:
    # Python refuses to read integers of thousands of digits; no field is a float.
    return int(digits) if len(digits) <= _LONGEST_NUMBER else math.inf


def _kind_of(body: bytes) -> str:
    """What came, in words of ours: never a piece of it."""
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not body:
        return "an empty body"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "an HTML page"
    if start.startswith(b"<"):
        return "markup"
    if start.startswith((b"{", b"[")):
        return f"{len(body)} bytes of broken JSON"
    return f"{len(body)} bytes"


def _errcode(payload: Payload) -> int:
    # The token endpoints leave it out when all is well.
    value = payload.get("errcode", OK)
    if type(value) is str and ERRCODE.fullmatch(value):
        value = int(value)
    if type(value) is not int:
        raise Unavailable("errcode is not a number")
    return value


def _errmsg(payload: Payload) -> str:
    errmsg = payload.get("errmsg")
    return errmsg if type(errmsg) is str else ""


def _failure(
    payload: Payload, errcode: int, *, endpoint: str, corp_id: str | None
) -> WeComError:
    if errcode == OK:
        return Refused("the body was not parsed", endpoint=endpoint, corp_id=corp_id)
    return error_for(
        errcode, endpoint=endpoint, corp_id=corp_id, errmsg=_errmsg(payload)
    )


def _without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(
            QUERY.sub("?...", str(arg)) if "?" in str(arg) else arg
            for arg in record.args
        )
    return True


# urllib3 logs each URL, and WeCom wants its tokens there.
for _name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_without_query)
