"""The receiver: believes nothing unchecked, keeps what it believes, answers, rings."""

import atexit
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

import logs
from configuration.suite_identity import identity_of
from receiver.callbacks import CallbackDoor, read_body
from receiver.evidence import open_keeper
from receiver.guessers import Guessers
from receiver.items import is_proved, to_item_post
from receiver.keeping import keep
from receiver.meters import CALLBACKS, exposition
from receiver.refusals import Refusals
from serving.addresses import TrustedProxies, visitor_of
from settings import Settings, load
from store.database import StoreUnavailable
from store.intake.durable_write import NoStore
from store.intake.receiver_stores import Shore, open_shore
from store.sealing import Keyring
from tapd.webhooks import BODY_BYTES as ITEM_BYTES
from tapd.webhooks import ItemEvent, UnreadableItem, read_item_event
from tracing.start import start
from wecom.intake import CallbackRefused
from workers.queue.bell import open_ringer


def create_app(
    settings: Settings | None = None, *, clock: Callable[[], float] | None = None
) -> Flask:
    """The receiver's WSGI application; make it after a server has forked its workers.

    A given clock replaces both the own one and Postgres'.
    """
    settings = settings or _begin()
    start(settings, "receiver")
    keyring = Keyring(settings.secret_keys)
    shore = open_shore(settings.database_url, settings.redis_url, keyring)
    atexit.register(shore.close)
    ringer = open_ringer(settings.redis_url)
    refusals = Refusals(shore=shore)
    receiver = Receiver(
        keyring=keyring,
        shore=shore,
        refusals=refusals,
        guessers=Guessers(),
        ring=ringer.ring,
    )
    app = Flask(__name__, static_folder=None)
    app.extensions["shore"] = shore
    app.extensions["refusals"] = refusals
    app.register_error_handler(HTTPException, receiver.refuse)
    app.register_error_handler(CallbackRefused, receiver.refuse)
    for rule, view, method in (
        ("/tapd/events/<company_id>", receiver.item_event, "POST"),
        ("/healthz", lambda: _plain(b"alive\n"), "GET"),
        ("/readyz", receiver.ready, "GET"),
        ("/metrics", lambda: _plain(exposition(shore.depths())), "GET"),
    ):
        app.add_url_rule(rule, rule, view, False, methods=[method])
    now = clock or shore.pulse.now
    suite = identity_of(settings.wecom)
    evidence = open_keeper(settings.redis_url, keyring, suite=suite, clock=now)
    atexit.register(evidence.close)
    app.extensions["evidence"] = evidence
    app.wsgi_app = CallbackDoor(  # type: ignore[method-assign]  # Flask's way.
        suite=suite,
        keyring=keyring,
        landing=shore.landing,
        refusals=refusals,
        evidence=evidence,
        ring=ringer.ring,
        clock=now,
        rest=TrustedProxies(app.wsgi_app, count=settings.trusted_proxies),
    )
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Flask's views, with what they need at hand."""

    keyring: Keyring
    shore: Shore
    refusals: Refusals
    guessers: Guessers
    ring: Callable[[str], None]

    def item_event(self, company_id: str) -> Response:
        """An item event of TAPD."""
        began = time.perf_counter()
        body = read_body(
            announced=request.headers.get("Content-Length"),
            read=request.stream.read,
            limit=ITEM_BYTES,
        )
        try:
            secret = self.shore.find_event_secret(company_id)
        except StoreUnavailable:
            raise CallbackRefused(503, "unavailable") from None
        if secret is None:
            raise CallbackRefused(404, "company")
        event = self._read_proved(company_id, body, secret)
        post = to_item_post(event, company_id=company_id, keyring=self.keyring)
        try:
            landed = keep(self.shore.landing, post, began=began)
        except NoStore:
            raise CallbackRefused(503, "unavailable") from None
        CALLBACKS.labels("item", landed.outcome).inc()
        for mailbox in landed.ring:
            self.ring(mailbox)
        return _plain(b"")

    def _read_proved(self, company_id: str, body: bytes, secret: str) -> ItemEvent:
        visitor, size = visitor_of(request.remote_addr), len(body)
        if not self.guessers.may_be_read(company_id, visitor, size_bytes=size):
            raise CallbackRefused(403, "guesses")
        try:
            event = read_item_event(body)
        except UnreadableItem:
            self.guessers.note_vain(company_id, visitor, size_bytes=size)
            raise CallbackRefused(400, "item") from None
        if not is_proved(event, secret):
            self.guessers.note_vain(company_id, visitor, size_bytes=size)
            # What is no text cannot be told from a wrong secret, and is not believed.
            garbled = event.garbled
            raise CallbackRefused(*((400, "item") if garbled else (403, "secret")))
        return event

    def ready(self) -> Response:
        """Whether mail could be made durable now."""
        return _plain(b"", status=200 if self.shore.landing.is_ready() else 503)

    def refuse(self, error: CallbackRefused | HTTPException) -> Response:
        """An empty answer, and one counter for its reason."""
        if isinstance(error, CallbackRefused):
            status, reason = error.status, error.reason
        else:
            status = error.code or 500
            reason = "method" if status == 405 else f"http_{status}"
        if request.path.startswith(("/wecom/", "/tapd/")):
            self.refusals.count(reason)
        return _plain(b"", status=status)


def _begin() -> Settings:
    """The settings of a process that a server has started."""
    logs.write_json()
    return load()


def _plain(text: bytes, *, status: int = 200) -> Response:
    return Response(text, status=status, mimetype="text/plain")
