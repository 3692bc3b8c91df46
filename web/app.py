"""The web process: console, JSON API and probes in one Flask application."""

import hashlib
import hmac
from collections.abc import Callable
from functools import cache
from zoneinfo import ZoneInfo

from flask_openapi3.openapi import OpenAPI
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

import logs
from configuration.suite_identity import identity_of
from configuration.tapd_access import open_pace, open_tapd
from serving.addresses import TrustedProxies
from settings import Settings, load
from store.database import open_pool
from store.sealing import Keyring
from tapd.envelope import Envelope
from tapd.oauth import TapdOAuth
from tracing.start import start
from web import access, gate, limits, services
from web.account import setup as account
from web.api import document
from web.company import setup as company
from web.console import setup
from web.http import cookies, headers, inputs, languages, names, patience, problems
from web.http.cursors import Cursors, derive
from web.install import setup as install
from web.oidc import setup as oidc
from web.operations import probes
from web.worker import BODY_BYTES
from workers.alerts.channels import open_channels
from workers.calls.client import open_reach
from workers.queue.bell import open_bell

POOL_SIZE = 8
REDIS_SECONDS = 1.0
# A page says within three seconds that the database is away.
STORE_SECONDS = 1.5


def create_app(settings: Settings | None = None) -> OpenAPI:
    """The application that `gunicorn "web.app:create_app()"` serves.

    Raises: SettingsError.
    """
    if settings is None:
        logs.write_json()
    settings = settings or load()
    start(settings, "web")
    app = document.make_app(__name__)
    names.add_to(app)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES
    if settings.trusted_proxies:
        app.wsgi_app = TrustedProxies(  # type: ignore[method-assign]  # Flask's way.
            app.wsgi_app, count=settings.trusted_proxies
        )
    cookies.configure(app, public_url=settings.public_url)
    services.install(app.extensions, _wire(settings))
    problems.handle_errors(app)
    headers.protect(app)
    inputs.guard(app)
    document.register(app)
    probes.register(app)
    languages.register(app)
    setup.register(app, settings)
    account.register(app)
    company.register(app)
    install.register(app)
    oidc.register(app)
    access.seen_by(access.Audience.ANYONE)(app.view_functions["static"])
    patience.limit(app)
    gate.enforce(app)
    return app


def _wire(settings: Settings) -> services.Services:
    bell = open_bell(settings.redis_url)
    pool = open_pool(settings.database_url, size=POOL_SIZE, wait_seconds=STORE_SECONDS)
    redis = _open_redis(settings.redis_url)
    keyring = Keyring(settings.secret_keys)
    reach = open_reach(settings, pool=pool, redis=redis, keyring=keyring)
    return services.Services(
        pool=pool,
        redis=redis,
        limiter=limits.open_limiter(redis, redis_url=settings.redis_url),
        keyring=keyring,
        cursors=Cursors(derive(settings.secret_keys, b"cursors")),
        ring=bell.ring,
        ring_run=bell.ring_run,
        ring_notices=bell.ring_notices,
        ring_accounts=bell.ring_accounts,
        ring_logouts=bell.ring_logouts,
        ring_preview=bell.ring_preview,
        api_token=settings.api_token,
        operator_marks=_operator_marks(settings),
        wecom=reach.suite,
        login_wecom=reach.login,
        corp_api=reach.corp_api,
        suite_id=settings.wecom.suite_id,
        login_suite_id=settings.wecom.login_suite_id or settings.wecom.suite_id,
        tapd=_tapd(settings),
        tapd_api=open_tapd(
            settings.tapd,
            pace=open_pace(settings.tapd, redis, redis_url=settings.redis_url),
        ),
        addresses=_addresses(settings),
        time_zone=ZoneInfo(settings.time_zone),
        item_notices=settings.item_notices,
        resync_cron=settings.resync_cron,
        suite_identity=identity_of(settings.wecom),
        calls_per_minute=settings.wecom.provider_calls_per_minute,
        alert_channels=_channels(settings),
    )


def _channels(settings: Settings) -> Callable[[], list[str]]:
    # At the first look: what knows all services is large.
    return cache(lambda: list(open_channels(settings.alerts)))


def _tapd(settings: Settings) -> TapdOAuth | None:
    if not settings.tapd.client_id:
        return None
    return TapdOAuth(
        Envelope(settings.tapd.api_url),
        url=settings.tapd.url,
        client_id=settings.tapd.client_id,
        client_secret=settings.tapd.client_secret,
    )


def _addresses(settings: Settings) -> services.Addresses:
    return services.Addresses(
        public=settings.public_url,
        wecom_open=settings.wecom.open_url,
        wecom_oauth=settings.wecom.oauth_url,
        wecom_login=settings.wecom.login_url,
        tapd=settings.tapd.url,
    )


def _open_redis(redis_url: str) -> Redis:
    return Redis.from_url(
        redis_url,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def _operator_marks(settings: Settings) -> tuple[bytes, ...]:
    # Under keys of ours, so that a copy of the database lets nobody check a token.
    token = settings.api_token.encode()
    keys = derive(settings.secret_keys, b"operator sessions")
    return tuple(hmac.digest(key, token, hashlib.sha256) for key in keys)
