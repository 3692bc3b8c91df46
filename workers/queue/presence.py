"""Tells in Redis that this worker process is there, and what its threads do."""

import logging
import os
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

import dramatiq
from dramatiq import Broker
from dramatiq.middleware import Middleware
from dramatiq.worker import Worker
from redis import Redis, RedisError

from store.health import workers
from store.platform import presence

# What this process is called wherever it leaves its name; a restart is another one.
WORKER = f"{socket.gethostname()[:32]}-{os.getpid()}-{uuid4().hex[:8]}"

_REPORT_SECONDS = 5.0
_SHOWN_ARGUMENT = 80

_log = logging.getLogger(__name__)


class Tell(Protocol):
    """One of the two things to say."""

    def __call__(
        self, redis: Redis, process_id: str, *, queues: Iterable[str]
    ) -> None: ...


@dataclass(slots=True, kw_only=True)
class _Busy:
    """What a thread does, or did last."""

    doing: str = ""
    since: float = 0.0
    done: int = 0


class Presence(Middleware):
    """Reports the queues and threads of a worker, and heeds the wish to drain it.

    dramatiq's own heartbeats count whoever rings, too.
    """

    def __init__(
        self, redis: Redis, *, report_seconds: float = _REPORT_SECONDS
    ) -> None:
        self._redis = redis
        self._report_seconds = report_seconds
        self._stopping = threading.Event()
        self._started_at = time.time()
        self._threads: dict[str, _Busy] = {}
        self._is_drained = False

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Begin to report."""
        threading.Thread(
            target=self._report, args=(worker,), name="presence", daemon=True
        ).start()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Report no longer; what is worked on now is the last."""
        self._stopping.set()

    def before_process_message(
        self, broker: Broker, message: dramatiq.MessageProxy
    ) -> None:
        """Note what this thread begins."""
        busy = self._threads.setdefault(threading.current_thread().name, _Busy())
        argument = str(message.args[0]) if message.args else ""
        busy.doing = f"{message.actor_name} {argument[:_SHOWN_ARGUMENT]}".strip()
        busy.since = time.monotonic()

    def after_process_message(
        self,
        broker: Broker,
        message: dramatiq.MessageProxy,
        *,
        result: Any | None = None,
        exception: BaseException | None = None,
    ) -> None:
        """Note that this thread is idle again."""
        busy = self._threads.setdefault(threading.current_thread().name, _Busy())
        busy.doing, busy.since, busy.done = "", time.monotonic(), busy.done + 1

    def _report(self, worker: Worker) -> None:
        while not self._stopping.is_set():
            self._tell(presence.report, worker)
            self._tell_more(worker)
            self._stopping.wait(self._report_seconds)
        self._tell(presence.leave, worker)
        try:
            workers.leave(self._redis, WORKER)
        except (RedisError, OSError) as error:
            _log.info("leaving not told", extra={"error": type(error).__name__})

    def _tell(self, tell: Tell, worker: Worker) -> None:
        try:
            tell(self._redis, WORKER, queues=list(worker.consumers))
        except (RedisError, OSError) as error:
            _log.info("presence not told", extra={"error": type(error).__name__})

    def _tell_more(self, worker: Worker) -> None:
        try:
            is_wanted = workers.tell(self._redis, WORKER, self._about(worker))
        except (RedisError, OSError) as error:
            _log.info("presence not told", extra={"error": type(error).__name__})
            return
        if is_wanted != self._is_drained:
            self._is_drained = is_wanted
            _log.warning("worker drained" if is_wanted else "worker resumed")
            # Not worker.pause(): that waits for threads which may be busy for minutes.
            for consumer in worker.consumers.values():
                consumer.pause() if is_wanted else consumer.resume()

    def _about(self, worker: Worker) -> dict[str, Any]:
        now = time.monotonic()
        known = {thread.name: _Busy() for thread in worker.workers} | self._threads
        return {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "queues": sorted(worker.consumers),
            "started_at": self._started_at,
            "threads": [
                [name, busy.doing, _seconds(busy, now), busy.done]
                for name, busy in sorted(known.items())
            ],
        }


def _seconds(busy: _Busy, now: float) -> float:
    return round(now - busy.since, 1) if busy.since else 0.0
