"""Tells in Redis that this worker process is there, for as long as it is."""

import logging
import threading
from collections.abc import Iterable
from typing import Protocol
from uuid import uuid4

from dramatiq import Broker
from dramatiq.middleware import Middleware
from dramatiq.worker import Worker
from redis import Redis, RedisError

from store.platform import presence

_REPORT_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Tell(Protocol):
    """One of the two things to say."""

    def __call__(
        self, redis: Redis, process_id: str, *, queues: Iterable[str]
    ) -> None: ...


class Presence(Middleware):
    """Reports the queues of a worker; dramatiq's own heartbeats count whoever rings."""

    def __init__(
        self, redis: Redis, *, report_seconds: float = _REPORT_SECONDS
    ) -> None:
        self._redis = redis
        self._report_seconds = report_seconds
        self._stopping = threading.Event()

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Begin to report."""
        threading.Thread(
            target=self._report, args=(worker,), name="presence", daemon=True
        ).start()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Report no longer; what is worked on now is the last."""
        self._stopping.set()

    def _report(self, worker: Worker) -> None:
        process_id = str(uuid4())
        while not self._stopping.is_set():
            self._tell(presence.report, process_id, worker)
            self._stopping.wait(self._report_seconds)
        self._tell(presence.leave, process_id, worker)

    def _tell(self, tell: Tell, process_id: str, worker: Worker) -> None:
        try:
            tell(self._redis, process_id, queues=list(worker.consumers))
        except (RedisError, OSError) as error:
            _log.info("presence not told", extra={"error": type(error).__name__})
