"""A gunicorn worker whose threads are only ever given requests that came whole.

Clients that say nothing, stall or trickle are kept by one thread that waits for all of
them at once, and are cut off at a deadline. See docs/decisions/0110 and 0175.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import socket
import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

import uvloop
from gunicorn.workers.base import Worker

from serving.clients import Bounds, Clients
from serving.connection import Connection
from serving.parsing import Request
from serving.threads import Threads
from serving.wsgi import Environ

HEALTH = "/healthz"

_HEALTH = HEALTH.encode()
_TICK_SECONDS = 0.1
# Without clients there is nothing to be late for; gunicorn wants to hear of us, and
# whether it is gone itself we want to know.
_CALM_SECONDS = 1.0
# So many go at a time: the others' bytes are not to wait for all of them.
_DROPPED_AT_ONCE = 16
# A thread that computes hands the interpreter to the loop after so long.
_SWITCH_SECONDS = 0.001
# Young objects that are looked through for garbage; Python's own 700 make it look all
# the time while clients come and go.
_YOUNG_OBJECTS = 10_000
# Threads, listeners, stores: what else a process opens.
_OTHER_FILES = 128


class FrontWorker(Worker):
    """One event loop for the clients, `--threads` threads for whole requests.

    Units: a tick after these seconds a client is cut off that was silent in between,
        or whose request or answer was on its way. `memory_bytes` is what unfinished
        bodies may take together. A request for which no thread comes is answered by
        the understudy after `patience_seconds`, whoever asks for health much sooner.
    """

    # Some ticks come before 5 s are over, even of a busy process.
    between_seconds = 4.5
    begun_seconds = 4.5
    patience_seconds = 2.5
    health_seconds = 0.2
    body_bytes = 65_536
    memory_bytes = 64 * 1024 * 1024

    def body_limit(self, target: bytes, /) -> int:
        """How long the body of a request to this target may be."""
        return self.body_bytes

    def answer_late(
        self, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """The understudy: says that the process lives, of all else that it is busy."""
        plain = ("Content-Type", "text/plain; charset=utf-8")
        if environ["PATH_INFO"] == HEALTH:
            start_response("200 OK", [plain])
            return [b"alive\n"]
        start_response("503 Service Unavailable", [plain, ("Retry-After", "5")])
        return [b""]

    def init_process(self) -> None:
        """What gunicorn calls after the fork."""
        self._loop = uvloop.new_event_loop()
        bounds = Bounds(
            places=min(self.cfg.worker_connections, _files() - _OTHER_FILES),
            memory_bytes=self.memory_bytes,
            between_seconds=self.between_seconds,
            begun_seconds=self.begun_seconds,
        )
        self._clients = Clients(bounds=bounds, now=self._loop.time)
        self._is_stirred = asyncio.Event()
        self.alive = True
        super().init_process()

    def run(self) -> None:
        """Serve until told to stop, then finish what was begun."""
        _keep_pauses_short()
        self._threads = Threads(
            loop=self._loop,
            count=self.cfg.threads,
            app=self.wsgi,
            understudy=self.answer_late,
            patience=self._patience,
            taking_seconds=self.begun_seconds,
            is_stopping=lambda: not self.alive,
        )
        self._threads.start()
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._threads.stop()
            self._loop.close()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """What gunicorn calls when we are to stop: now, not when the calm is over."""
        super().handle_exit(sig, frame)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._is_stirred.set)

    # What connections call, in the loop's thread.

    def admit(self, connection: Connection) -> None:
        """A client more: when there are too many, the one that idles longest goes."""
        self._is_stirred.set()
        if not self._clients.admit(connection):
            connection.drop()

    def await_request(self, connection: Connection) -> None:
        """From now on the client has its time for the next request."""
        self._clients.await_request(connection)

    def hand_over(self, connection: Connection) -> None:
        """Have a thread answer."""
        self._threads.take(connection)

    def note_held(self, more_bytes: int) -> None:
        """What bodies take has changed."""
        self._clients.note_held(more_bytes)

    def linger(self, connection: Connection) -> None:
        """Its last answer is sent; a moment for it to be read."""
        self._clients.linger(connection)

    def let_go(self, connection: Connection) -> None:
        """The client is gone."""
        self._clients.let_go(connection)

    def note_fault(self, reason: str) -> None:
        """Something came that is no request."""

    def is_serving(self, *, timeout_seconds: float) -> bool:
        """Whether a request would be answered now, found out by one: GET /healthz.

        Blocking: it goes the whole way of a request but for the network, and no
        understudy answers it.
        """
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        with ours:
            ours.settimeout(timeout_seconds)
            asyncio.run_coroutine_threadsafe(
                self._loop.connect_accepted_socket(
                    lambda: Connection(self, must_wait=True), theirs
                ),
                self._loop,
            )
            try:
                ours.sendall(f"GET {HEALTH} HTTP/1.0\r\n\r\n".encode())
                return ours.recv(12).endswith(b"200")
            except OSError:
                return False

    async def _serve(self) -> None:
        listeners: list[Any] = self.sockets  # gunicorn's own, around a socket each.
        servers = [
            await self._loop.create_server(
                lambda: Connection(self), sock=each.sock, backlog=self.cfg.backlog
            )
            for each in listeners
        ]
        while self.alive and self.ppid == os.getppid():
            await self._tick()
            await self._rest()
        self.alive = False
        for server in servers:
            server.close()
        await self._finish()

    async def _rest(self) -> None:
        """Sleep until the next tick, which may be far off while nobody is there."""
        if not len(self._clients):
            self._is_stirred.clear()
            # Whoever was told to stop before that is stirred no more.
            if not self.alive:
                return
            try:
                async with asyncio.timeout(_CALM_SECONDS):
                    await self._is_stirred.wait()
            except TimeoutError:
                return
        # At once would be a tick for each client that comes alone.
        if self.alive:
            await asyncio.sleep(_TICK_SECONDS)

    async def _finish(self) -> None:
        # Whoever is silent may be about to send: it is told to go with an answer.
        deadline = self._loop.time() + self.cfg.graceful_timeout
        silence = self._loop.time() + 2 * _TICK_SECONDS
        while len(self._clients) and self._loop.time() < deadline:
            await self._tick()
            if self._loop.time() >= silence:
                for each in self._clients.silent():
                    each.drop()
            await asyncio.sleep(_TICK_SECONDS / 5)

    async def _tick(self) -> None:
        self.notify()
        self._threads.rescue_the_late()
        for number, each in enumerate(self._clients.late(), start=1):
            if not each.is_between_requests:
                self.note_fault("slow")
            each.drop()
            if number % _DROPPED_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _patience(self, request: Request) -> float:
        path = request.target.partition(b"?")[0]
        return self.health_seconds if path == _HEALTH else self.patience_seconds


def _keep_pauses_short() -> None:
    # A full collection would look at the whole program, 80 ms long, each time some
    # hundred clients have come; what is loaded by now stays for good.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
    sys.setswitchinterval(_SWITCH_SECONDS)


def _files() -> int:
    """How many files this process may open, after asking for as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):
        return soft  # macOS calls its hard limit endless and refuses it.
    return hard if hard != resource.RLIM_INFINITY else 1 << 20
