"""Takes WeCom's callbacks before Flask does: this is the way that has to be short."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from receiver.evidence import EvidenceKeeper
from receiver.keeping import keep
from receiver.meters import ACKNOWLEDGED, CALLBACKS
from receiver.posts import to_post
from receiver.refusals import Refusals
from receiver.routes import PATHS, UNDERSTUDY
from serving.wsgi import RECEIVED_AT
from store.inbox.record import Post
from store.intake.durable_write import ANSWER_SECONDS, Landing, NoStore
from store.sealing import Keyring
from wecom.callbacks import Callback
from wecom.intake import (
    BODY_BYTES,
    CallbackRefused,
    SuiteIdentity,
    open_callback,
    verify_url,
)
from wecom.kinds import UNKNOWN

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]

_SUCCESS = b"success"
# Where a request carries what was read of it.
_BODY = "sync.body"
_log = logging.getLogger(__name__)


class Lost(Exception):
    """Believed, and then not kept: the mail may never come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackDoor:
    """Answers callbacks on either URL, since both carry both families; the rest is
    the application's."""

    suite: SuiteIdentity
    keyring: Keyring
    landing: Landing
    refusals: Refusals
    evidence: EvidenceKeeper
    ring: Callable[[str], None]
    clock: Callable[[], float]
    rest: Wsgi

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """What WSGI calls."""
        if environ["PATH_INFO"] not in PATHS:
            return self.rest(environ, start_response)
        status, text = 200, b""
        try:
            text = self._answer(environ)
        except CallbackRefused as refused:
            status = refused.status
            self.refusals.count(refused.reason)
            self.evidence.note(environ, refused, environ.get(_BODY, b""))
        except Lost as lost:
            status = 503
            self.refusals.count_lost(str(lost))
        start_response(
            f"{status} {HTTPStatus(status).phrase}",
            [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", str(len(text))),
            ],
        )
        return [text]

    def _answer(self, environ: Environ) -> bytes:
        began = time.perf_counter()
        method, query = environ["REQUEST_METHOD"], environ["QUERY_STRING"]
        if method not in ("GET", "POST"):
            raise CallbackRefused(405, "method")
        body = read_body(
            announced=environ.get("CONTENT_LENGTH"),
            read=_reader(environ),
            limit=BODY_BYTES,
        )
        environ[_BODY] = body
        if method == "GET":
            return verify_url(self.suite, query=query, now=self.clock())
        callback, message = open_callback(
            self.suite, query=query, body=body, now=self.clock()
        )
        # Believed from here on: what fails now is our loss, and is made good.
        if environ.get(UNDERSTUDY):
            raise Lost("busy")
        waited = time.monotonic() - environ.get(RECEIVED_AT, time.monotonic())
        try:
            post = to_post(callback, message, self.keyring)
            self._keep(callback, post, began=began, seconds=ANSWER_SECONDS - waited)
        except NoStore:
            raise Lost("unavailable") from None
        except Exception:
            _log.exception("a believed callback could not be kept")
            raise Lost("broken") from None
        ACKNOWLEDGED.observe(time.perf_counter() - began)
        return _SUCCESS

    def _keep(
        self, callback: Callback, post: Post, *, began: float, seconds: float
    ) -> None:
        landed = keep(self.landing, post, began=began, seconds=seconds)
        kind = "unknown" if callback.rule is UNKNOWN else callback.kind
        CALLBACKS.labels(kind, landed.outcome).inc()
        for mailbox in landed.ring:
            self.ring(mailbox)


def _reader(environ: Environ) -> Callable[[int], bytes]:
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return lambda size: bytes(stream.read(size))
    # Of other servers it is the connection itself, which ends only with the client.
    said = environ.get("CONTENT_LENGTH") or "0"
    return lambda size: bytes(stream.read(min(size, int(said))))


def read_body(
    *, announced: str | None, read: Callable[[int], bytes], limit: int
) -> bytes:
    """The body, if it is no longer than the limit and can be read at all.

    Raises: CallbackRefused.
    """
    announced = announced or "0"
    if not (announced.isascii() and announced.isdigit()):
        raise CallbackRefused(400, "body")
    body = b""
    if int(announced) <= limit:
        try:
            body = read(limit + 1)
        except Exception:  # Whatever a server makes of a broken body or connection.
            raise CallbackRefused(400, "body") from None
    if max(int(announced), len(body)) > limit:
        raise CallbackRefused(413, "size")
    return body
