"""Whether the web process lives, can serve, and what the whole service looks like."""

import psycopg
from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from web.access import Audience, seen_by
from web.operations.gauges import StoreCollector
from web.services import services

_READY_SECONDS = 1.0
_OF_PROXIES = ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP")
HEADER = "Sync-Came-By"
PROXY = "proxy"


def register(app: Flask) -> None:
    """Add /healthz, /readyz and /metrics; none of them holds a secret or a name."""
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule("/metrics", view_func=metrics)


@seen_by(Audience.ANYONE)
def healthz() -> Response:
    """The process answers, and says to doctor whether it was asked by a proxy."""
    proxied = any(name in request.headers for name in _OF_PROXIES)
    return Response(
        "alive\n",
        content_type="text/plain",
        headers={HEADER: PROXY if proxied else "itself"},
    )


@seen_by(Audience.ANYONE)
def readyz() -> Response:
    """Pages and API can be served: Postgres answers. Redis is only a doorbell."""
    try:
        with services().pool.connection(timeout=_READY_SECONDS) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return Response("postgres unavailable\n", 503, content_type="text/plain")
    return Response("ready\n", content_type="text/plain")


@seen_by(Audience.ANYONE)
def metrics() -> Response:
    """Sums over the stores, read at this moment; no corp is named in them."""
    registry = CollectorRegistry(auto_describe=False)
    wired = services()
    registry.register(
        StoreCollector(pool=wired.pool, redis=wired.redis, suite_id=wired.suite_id)
    )
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
