"""The receiver: believes nothing unchecked, keeps what it believes, answers, rings."""

import atexit
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from receiver.items import is_proved, to_item_post
from receiver.meters import ACKNOWLEDGED, CALLBACKS, REFUSALS, exposition
from receiver.posts import to_post
from settings import Settings, load
from store.database import StoreUnavailable
from store.inbox.record import Post
from store.intake.durable_write import NoStore
from store.intake.receiver_stores import Shore, open_shore
from store.sealing import Keyring
from tapd.webhooks import read_item_event
from wecom.crypto import AesKey
from wecom.intake import (
    BODY_BYTES,
    CallbackRefused,
    SuiteIdentity,
    open_callback,
    verify_url,
)
from wecom.kinds import UNKNOWN
from workers.queue.bell import Ringer, open_ringer


def create_app(
    settings: Settings | None = None, *, clock: Callable[[], float] | None = None
) -> Flask:
    """The receiver's WSGI application; make it after a server has forked its workers.

    A given clock replaces both the own one and Postgres'.
    """
    settings = settings or load()
    keyring = Keyring(settings.secret_keys)
    shore = open_shore(settings.database_url, settings.redis_url, keyring)
    atexit.register(shore.close)
    receiver = Receiver(
        suite=_suite(settings),
        keyring=keyring,
        shore=shore,
        ringer=open_ringer(settings.redis_url),
        clock=clock or shore.pulse.now,
    )
    app = Flask(__name__, static_folder=None)
    app.extensions["shore"] = shore
    app.register_error_handler(HTTPException, receiver.refuse)
    app.register_error_handler(CallbackRefused, receiver.refuse)
    for rule, view, methods in (
        ("/wecom/command", receiver.callback, ["GET", "POST"]),
        ("/wecom/data", receiver.callback, ["GET", "POST"]),
        ("/tapd/events/<company_id>", receiver.item_event, ["POST"]),
        ("/healthz", lambda: _plain(b"alive\n"), ["GET"]),
        ("/readyz", receiver.ready, ["GET"]),
        ("/metrics", lambda: _plain(exposition(shore.depths())), ["GET"]),
    ):
        app.add_url_rule(rule, rule, view, False, methods=methods)
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """The views, with what they need at hand."""

    suite: SuiteIdentity
    keyring: Keyring
    shore: Shore
    ringer: Ringer
    clock: Callable[[], float]

    def callback(self) -> Response:
        """A callback of WeCom, on either URL: both carry both families."""
        began = time.perf_counter()
        if request.method == "HEAD":
            raise CallbackRefused(405, "method")
        body, query = _body(), request.query_string.decode(errors="replace")
        now = self.clock()
        if request.method == "GET":
            return _plain(verify_url(self.suite, query=query, now=now))
        callback, message = open_callback(self.suite, query=query, body=body, now=now)
        kind = "unknown" if callback.rule is UNKNOWN else callback.kind
        self._keep(to_post(callback, message, self.keyring), kind=kind)
        ACKNOWLEDGED.observe(time.perf_counter() - began)
        return _plain(b"success")

    def item_event(self, company_id: str) -> Response:
        """An item event of TAPD."""
        body = _body()
        try:
            secret = self.shore.find_event_secret(company_id)
        except StoreUnavailable:
            raise CallbackRefused(503, "unavailable") from None
        if secret is None:
            raise CallbackRefused(404, "company")
        event = read_item_event(body)
        if not is_proved(event, secret):
            raise CallbackRefused(403, "secret")
        post = to_item_post(event, body, company_id=company_id, keyring=self.keyring)
        self._keep(post, kind="item")
        return _plain(b"")

    def ready(self) -> Response:
        """Whether mail could be made durable now."""
        return _plain(b"", status=200 if self.shore.landing.is_ready() else 503)

    def refuse(self, error: CallbackRefused | HTTPException) -> Response:
        """An empty answer, one counter for its reason, and a gap where mail is lost."""
        status = (
            error.status if isinstance(error, CallbackRefused) else error.code or 500
        )
        reason = (
            error.reason if isinstance(error, CallbackRefused) else f"http_{status}"
        )
        reason = "method" if status == 405 else reason
        if request.path.startswith(("/wecom/", "/tapd/")):
            REFUSALS.labels(reason).inc()
            lost_mail = status >= 500 and request.path.startswith("/wecom/")
            self.shore.count_refusal(reason, lost_mail=lost_mail)
        return _plain(b"", status=status)

    def _keep(self, post: Post, *, kind: str) -> None:
        try:
            landed = self.shore.landing.take(post)
        except NoStore:
            raise CallbackRefused(503, "unavailable") from None
        CALLBACKS.labels(kind, landed.outcome).inc()
        for mailbox in landed.ring:
            self.ringer.ring(mailbox)


def _body() -> bytes:
    announced = request.content_length or 0
    body = b"" if announced > BODY_BYTES else request.stream.read(BODY_BYTES + 1)
    if max(announced, len(body)) > BODY_BYTES:
        raise CallbackRefused(413, "size")
    return body


def _plain(text: bytes, *, status: int = 200) -> Response:
    return Response(text, status=status, mimetype="text/plain")


def _suite(settings: Settings) -> SuiteIdentity:
    wecom = settings.wecom
    return SuiteIdentity(
        token=wecom.token,
        key=AesKey.parse(wecom.encoding_aes_key),
        suite_id=wecom.suite_id,
        suite_ids=frozenset(filter(None, (wecom.suite_id, wecom.login_suite_id))),
        provider_corp_id=wecom.provider_corp_id,
    )
