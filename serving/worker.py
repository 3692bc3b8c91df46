"""A gunicorn worker whose threads are only ever given requests that came whole.

Clients that say nothing, stall or trickle are kept by one thread that waits for all of
them at once, and are cut off at a deadline. See docs/decisions/0110.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import socket
import time
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

from gunicorn.workers.base import Worker

from serving.connection import Connection
from serving.parsing import Request
from serving.wsgi import Answer, App, environ_of, refusal

_TICK_SECONDS = 0.1
# Thousands that come together shall not all be cut off, and come again, together.
_SPREAD_SECONDS = 1.0
# So many newcomers at a time: the others' bytes are not to wait for all of them.
_ACCEPTED_AT_ONCE = 16
_LINGER_SECONDS = 2.0
# Threads, listeners, stores: what else a process opens.
_OTHER_FILES = 128
_UNSENT_BYTES = 1024 * 1024

_Job = Connection | None


class ClientGone(Exception):
    """The client closed, or did not take a stream in time."""


class FrontWorker(Worker):
    """One event loop for the clients, `--threads` threads for whole requests.

    Units: a tick after these seconds a client is cut off that was silent in between,
        or whose request or answer was on its way. `memory_bytes` is what unfinished
        bodies may take together.
    """

    # Some ticks come before 5 s are over, even of a busy process.
    between_seconds = 4.5
    begun_seconds = 4.5
    body_bytes = 65_536
    memory_bytes = 64 * 1024 * 1024

    def body_limit(self, target: bytes, /) -> int:
        """How long the body of a request to this target may be."""
        return self.body_bytes

    def init_process(self) -> None:
        """What gunicorn calls after the fork."""
        self._connections: dict[Connection, float] = {}
        self._leaving: dict[Connection, float] = {}
        self._held = 0
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._limit = min(self.cfg.worker_connections, _files() - _OTHER_FILES)
        self._loop = asyncio.new_event_loop()
        self.alive = True
        super().init_process()

    def run(self) -> None:
        """Serve until told to stop, then finish what was begun."""
        threads = [
            Thread(target=self._work, daemon=True) for _ in range(self.cfg.threads)
        ]
        for each in threads:
            each.start()
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            for _ in threads:
                self._jobs.put(None)
            self._loop.close()

    # What connections call, in the loop's thread.

    def admit(self, connection: Connection) -> None:
        """A client more: when there are too many, the one that idles longest goes."""
        known = len(self._connections) + len(self._leaving)
        if known >= self._limit and not self._make_room():
            connection.drop()
            return
        self.await_request(connection)

    def await_request(self, connection: Connection) -> None:
        """From now on the client has its time for the next request."""
        self._connections.pop(connection, None)
        since = self._loop.time() - random.random() * _SPREAD_SECONDS  # noqa: S311 - no secret.
        self._connections[connection] = since

    def hand_over(self, connection: Connection) -> None:
        """Have a thread answer."""
        self._jobs.put(connection)

    def note_held(self, more_bytes: int) -> None:
        """What bodies take has changed; past the limit the largest holder goes."""
        self._held += more_bytes
        if self._held > self.memory_bytes:
            max(self._connections, key=lambda each: each.held_bytes).drop()

    def linger(self, connection: Connection) -> None:
        """Its last answer is sent; a moment for it to be read."""
        self._connections.pop(connection, None)
        self._leaving[connection] = self._loop.time()

    def let_go(self, connection: Connection) -> None:
        """The client is gone."""
        self._connections.pop(connection, None)
        self._leaving.pop(connection, None)

    def note_fault(self, reason: str) -> None:
        """Something came that is no request."""

    def is_serving(self, *, timeout_seconds: float) -> bool:
        """Whether a request would be answered now, found out by one: GET /healthz.

        Blocking: it goes the whole way of a request but for the network.
        """
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        with ours:
            ours.settimeout(timeout_seconds)
            asyncio.run_coroutine_threadsafe(
                self._loop.connect_accepted_socket(lambda: Connection(self), theirs),
                self._loop,
            )
            try:
                ours.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                return ours.recv(12).endswith(b"200")
            except OSError:
                return False

    async def _serve(self) -> None:
        listeners: list[Any] = self.sockets  # gunicorn's own, around a socket each.
        servers = [
            await self._loop.create_server(
                lambda: Connection(self), sock=each.sock, backlog=_ACCEPTED_AT_ONCE
            )
            for each in listeners
        ]
        for each in listeners:
            each.sock.listen(self.cfg.backlog)
        while self.alive and self.ppid == os.getppid():
            self.notify()
            self._cut_off()
            await asyncio.sleep(_TICK_SECONDS)
        self.alive = False
        for server in servers:
            server.close()
        await self._finish()

    async def _finish(self) -> None:
        # Whoever is silent may be about to send: it is told to go with an answer.
        deadline = self._loop.time() + self.cfg.graceful_timeout
        silence = self._loop.time() + 2 * _TICK_SECONDS
        while self._has_clients() and self._loop.time() < deadline:
            self.notify()
            self._cut_off()
            for each in list(self._connections):
                if each.is_between_requests and self._loop.time() >= silence:
                    each.drop()
            await asyncio.sleep(_TICK_SECONDS / 5)

    def _cut_off(self) -> None:
        now = self._loop.time()
        for each, since in list(self._connections.items()):
            idle = each.is_between_requests
            allowed = self.between_seconds if idle else self.begun_seconds
            if not each.is_busy and now - since > allowed:
                if not idle:
                    self.note_fault("slow")
                each.drop()
        for each, since in list(self._leaving.items()):
            unread = each.unsent_bytes() > 0
            if now - since > (self.begun_seconds if unread else _LINGER_SECONDS):
                each.drop()

    def _has_clients(self) -> bool:
        return bool(self._connections or self._leaving)

    def _make_room(self) -> bool:
        # In the order in which they began to wait; who is being answered never goes.
        for each in (*self._leaving, *self._connections):
            if not each.is_busy:
                each.drop()
                self.let_go(each)
                return True
        return False

    def _work(self) -> None:
        app: App = self.wsgi
        while (connection := self._jobs.get()) is not None:
            data, is_last = b"", True
            if (request := connection.take_request()) is not None:
                data, is_last = self._answer(app, connection, request)
            try:
                self._loop.call_soon_threadsafe(_send, connection, data, is_last)
            except RuntimeError:
                return  # The loop is closed: nobody waits for answers any more.

    def _answer(
        self, app: App, connection: Connection, request: Request
    ) -> tuple[bytes, bool]:
        answer = Answer(request, lambda part: self._send_part(connection, part))
        environ = environ_of(request, peer=connection.peer, local=connection.local)
        parts: Any = ()
        try:
            parts = app(environ, answer.start_response)
            data = answer.finish(parts, is_stopping=not self.alive)
        except ClientGone:
            return b"", True
        except Exception:
            self.log.exception("Error handling request %s", environ["PATH_INFO"])
            return (b"" if answer.has_begun else refusal(500)), True
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return data, answer.is_last

    def _send_part(self, connection: Connection, part: bytes) -> None:
        sent, found = Event(), [False, 0]

        def send() -> None:
            found[:] = [connection.send_part(part), connection.unsent_bytes()]
            sent.set()

        deadline = time.monotonic() + self.begun_seconds
        self._loop.call_soon_threadsafe(send)
        sent.wait()
        while found[0] and connection.unsent_bytes() > _UNSENT_BYTES:
            if time.monotonic() > deadline:
                raise ClientGone
            time.sleep(_TICK_SECONDS / 5)
        if not found[0]:
            raise ClientGone


def _send(connection: Connection, data: bytes, is_last: bool) -> None:
    connection.answer(data, is_last=is_last)


def _files() -> int:
    """How many files this process may open, after asking for as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):
        return soft  # macOS calls its hard limit endless and refuses it.
    return hard if hard != resource.RLIM_INFINITY else 1 << 20
