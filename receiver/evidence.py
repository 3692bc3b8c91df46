"""Keeps some of what was refused, so that operators see which setting is wrong."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from store.intake import refused
from store.intake.refused import MOST_BYTES, RefusedCallback
from store.sealing import Keyring
from wecom.forensics import Evidence, diagnose
from wecom.intake import CallbackRefused, SuiteIdentity

# Too long, or no method of ours: nothing in it says which setting is wrong.
_TELLING = frozenset(
    {
        "arguments", "timestamp", "envelope_xml", "signature", "envelope", "receiver",
        "message_xml",
    }
)  # fmt: skip
# So many within a second are kept; a flood costs no more than that.
_MOST_WAITING = 20
_WRITE_SECONDS = 1.0
_REDIS_SECONDS = 0.5

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Noted:
    evidence: Evidence
    path: str
    status: int
    reason: str


class EvidenceKeeper:
    """Notes refused callbacks in memory; a thread of its own looks into them."""

    def __init__(
        self,
        redis: Redis,
        keyring: Keyring,
        *,
        suite: SuiteIdentity,
        clock: Callable[[], float],
    ) -> None:
        self._redis = redis
        self._keyring = keyring
        self._suite = suite
        self._clock = clock
        # Full, it drops what comes: the first of a flood tells as much as the last.
        self._waiting: deque[_Noted] = deque()
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def note(
        self, environ: dict[str, Any], error: CallbackRefused, body: bytes
    ) -> None:
        """Remember a request for a moment; the answer waits for nothing here."""
        if error.reason not in _TELLING or len(self._waiting) >= _MOST_WAITING:
            return
        evidence = Evidence(
            method=str(environ["REQUEST_METHOD"]),
            query=str(environ["QUERY_STRING"])[:MOST_BYTES],
            body=body[:MOST_BYTES],
            at=self._clock(),
        )
        self._waiting.append(
            _Noted(
                evidence=evidence,
                path=str(environ["PATH_INFO"]),
                status=error.status,
                reason=error.reason,
            )
        )
        self._begin()
        self._news.set()

    def close(self) -> None:
        """Look into what is noted still, and end."""
        self._stopping.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(timeout=2 * _WRITE_SECONDS)
        self._redis.close()

    def _begin(self) -> None:
        # Only now: most processes never refuse anything, and a fork takes no thread.
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="evidence", daemon=True
            )
            self._thread.start()

    def _run(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            while self._waiting:
                self._keep(self._waiting.popleft())
            if self._stopping.wait(_WRITE_SECONDS):
                return

    def _keep(self, noted: _Noted) -> None:
        fault = diagnose(self._suite, noted.evidence)
        kept = RefusedCallback(
            refused_id=uuid4().hex,
            at=datetime.fromtimestamp(noted.evidence.at, UTC),
            path=noted.path,
            method=noted.evidence.method,
            status=noted.status,
            reason=noted.reason,
            query=noted.evidence.query,
            body=noted.evidence.body.decode("utf-8", "replace"),
        )
        try:
            refused.keep(self._redis, self._keyring, kept, fault=fault)
        except (RedisError, OSError) as error:
            _log.info("refused not kept", extra={"error": type(error).__name__})


def open_keeper(
    redis_url: str,
    keyring: Keyring,
    *,
    suite: SuiteIdentity,
    clock: Callable[[], float],
) -> EvidenceKeeper:
    """The keeper of this process."""
    redis = Redis.from_url(
        redis_url,
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    return EvidenceKeeper(redis, keyring, suite=suite, clock=clock)
