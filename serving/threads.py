"""The threads that answer whole requests, and one more for those that wait too long."""

from __future__ import annotations

import logging
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

from serving.connection import Connection
from serving.parsing import Request
from serving.wsgi import RECEIVED_AT, Answer, App, environ_of, refusal

_UNSENT_BYTES = 1024 * 1024
_LOOK_AGAIN_SECONDS = 0.02

_log = logging.getLogger(__name__)


class ClientGone(Exception):
    """The client closed, or did not take a stream in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """Something to be answered, and by what."""

    app: App
    connection: Connection
    request: Request | None = None


@dataclass(slots=True, kw_only=True)
class Threads:
    """Answers requests by the application; what waits in vain, by its understudy.

    Shape: `understudy` must not wait for anything that the application waits for. It
        has a thread of its own.
    Units: `patience` says how many seconds a request may wait for a thread.
    """

    loop: AbstractEventLoop
    count: int
    app: App
    understudy: App
    patience: Callable[[Request], float]
    taking_seconds: float
    is_stopping: Callable[[], bool]
    _jobs: SimpleQueue[_Job | None] = field(default_factory=SimpleQueue)
    _late: SimpleQueue[_Job | None] = field(default_factory=SimpleQueue)
    _queued: dict[Connection, float] = field(default_factory=dict)

    def start(self) -> None:
        """Begin to answer."""
        for queue in (*[self._jobs] * self.count, self._late):
            Thread(target=self._work, args=(queue,), daemon=True).start()

    def stop(self) -> None:
        """End each thread after what it does now."""
        for _ in range(self.count):
            self._jobs.put(None)
        self._late.put(None)

    def take(self, connection: Connection) -> None:
        """Have a thread answer; called by the loop's thread."""
        self._queued.pop(connection, None)
        self._queued[connection] = time.monotonic()
        self._jobs.put(_Job(app=self.app, connection=connection))

    def rescue_the_late(self) -> None:
        """Have those answered for whom no thread came; called by the loop's thread."""
        now = time.monotonic()
        for connection, since in list(self._queued.items()):
            request = connection.request
            if request is None:
                del self._queued[connection]
            elif now - since > self.patience(request) and not connection.must_wait:
                del self._queued[connection]
                taken = connection.take_request()
                job = _Job(app=self.understudy, connection=connection, request=taken)
                self._late.put(job)

    def _work(self, jobs: SimpleQueue[_Job | None]) -> None:
        while (job := jobs.get()) is not None:
            request = job.request or job.connection.take_request()
            if request is None:
                continue  # Its client is gone, or the understudy took it.
            data, is_last = self._answer(job.app, job.connection, request)
            try:
                self.loop.call_soon_threadsafe(_send, job.connection, data, is_last)
            except RuntimeError:
                return  # The loop is closed: nobody waits for answers any more.

    def _answer(
        self, app: App, connection: Connection, request: Request
    ) -> tuple[bytes, bool]:
        answer = Answer(request, lambda part: self._send_part(connection, part))
        environ = environ_of(request, peer=connection.peer, local=connection.local)
        environ[RECEIVED_AT] = connection.asked_at
        parts: Any = ()
        try:
            parts = app(environ, answer.start_response)
            data = answer.finish(parts, is_stopping=self.is_stopping())
        except ClientGone:
            return b"", True
        except Exception:
            _log.exception("Error handling request %s", environ["PATH_INFO"])
            return (b"" if answer.has_begun else refusal(500)), True
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return data, answer.is_last

    def _send_part(self, connection: Connection, part: bytes) -> None:
        sent, found = Event(), [False]

        def send() -> None:
            found[:] = [connection.send_part(part)]
            sent.set()

        deadline = time.monotonic() + self.taking_seconds
        self.loop.call_soon_threadsafe(send)
        sent.wait()
        while found[0] and connection.unsent_bytes() > _UNSENT_BYTES:
            if time.monotonic() > deadline:
                raise ClientGone
            time.sleep(_LOOK_AGAIN_SECONDS)
        if not found[0]:
            raise ClientGone


def _send(connection: Connection, data: bytes, is_last: bool) -> None:
    connection.answer(data, is_last=is_last)
