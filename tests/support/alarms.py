"""Alerts as a test follows them: who judges, who is told, and what they heard."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import redis as redis_client

from settings import AlertChannels
from tests.support.webclient import add_corp, web_settings
from workers.alerts import judge, tell
from workers.queue.broker import make_broker
from workers.runtime import Runtime, build

SECRET = "whsec_" + "c2VjcmV0LW9mLTI0LWJ5dGVzLWF0LWxlYXN0LTAx"
LONG_AGO = datetime.now(UTC) - timedelta(days=3)
KEY_IN_URL = "robot-key-that-nobody-may-see"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the clock and workers have, and a connection for rows."""

    runtime: Runtime
    rows: psycopg.Connection[Any]


@dataclass(slots=True, kw_only=True)
class Listener:
    """Somebody who is told: what came, and what it answers."""

    url: str
    status: int = 204
    bodies: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def said(self) -> list[tuple[str, str]]:
        """Type and kind of each that came."""
        rows = [json.loads(each) for each in self.bodies]
        return [(row["type"], row["data"]["kind"]) for row in rows]


@contextmanager
def listening() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.bodies.append(body)
            heard.headers.append({k.lower(): v for k, v in self.headers.items()})
            self.send_response(heard.status)
            self.send_header("Location", heard.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard = Listener(url=f"http://127.0.0.1:{server.server_port}/{KEY_IN_URL}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def watching(*, database: str, redis_url: str, listener: Listener) -> Iterator[Watch]:
    """Workers that tell by a webhook, and a worker that is alive on every queue."""
    with redis_client.Redis.from_url(redis_url) as redis:
        tell_worker(redis)
    settings = web_settings(
        database=database,
        redis_url=redis_url,
        ALERT_WEBHOOK_URL=listener.url,
        ALERT_WEBHOOK_SECRET=SECRET,
    )
    broker = make_broker(redis_url, receiver=False)
    runtime = build(settings, broker=broker, pool_size=2)
    with psycopg.connect(database, autocommit=True) as rows:
        rows.execute(
            "INSERT INTO suite_tickets (suite_id, ticket, sent_at)"
            " VALUES ('wwsuite', '', clock_timestamp())"
        )
        yield Watch(runtime=runtime, rows=rows)
    runtime.pool.close()
    runtime.redis.close()
    broker.close()


def with_channels(bench: Watch, channels: AlertChannels) -> Watch:
    settings = replace(bench.runtime.settings, alerts=channels)
    return replace(bench, runtime=replace(bench.runtime, settings=settings))


def tell_worker(redis: redis_client.Redis) -> None:
    seen = int(redis.time()[0]) + 600
    about = {
        "host": "here",
        "pid": 1,
        "queues": ["events", "notices", "resync"],
        "started_at": seen - 100,
        "threads": [],
    }
    redis.hset("workers:known", "alive-1", f"{seen}:{json.dumps(about)}")


def stale(bench: Watch, corp_id: str = "wwcorp") -> int:
    return add_corp(
        bench.rows, corp_id, last_synced_at=LONG_AGO, authorised_at=LONG_AGO
    )


def look(bench: Watch, *, times: int = 1) -> None:
    """Judge, and tell whatever is due."""
    for _ in range(times):
        judge.judge(bench.runtime)
    tell_all(bench)


def tell_all(bench: Watch) -> None:
    """What a worker does that is rung for."""
    for (delivery_id,) in bench.rows.execute(
        "SELECT delivery_id FROM alert_deliveries ORDER BY delivery_id"
    ).fetchall():
        tell.tell(bench.runtime, delivery_id)
