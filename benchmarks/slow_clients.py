"""Clients that stall before, in and after the head, trickle, or say nothing at all."""

import multiprocessing
import resource
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from multiprocessing.synchronize import Event

from demo.machine.ports import LOOPBACK

STALLED = 512
IDLE = 2_000
_HEAD = b"POST /wecom/command?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n"
_TRICKLE = _HEAD + b"x" * 899
_TRICKLE_SECONDS = 0.5
_AGAIN_SECONDS = 0.1
_READY_SECONDS = 60
_OTHER_FILES = 64
# What each sends before it stalls; None trickles on, byte by byte.
_STALLS = (b"", _HEAD[:30], _HEAD, _HEAD + b"x" * 800, None)


@contextmanager
def slow_clients(
    port: int, *, stalled: int = STALLED, idle: int = IDLE
) -> Iterator[None]:
    """So many of each while the block runs; who is cut off comes again."""
    ready, over = multiprocessing.Event(), multiprocessing.Event()
    process = multiprocessing.Process(
        target=_besiege, args=(port, stalled, idle, ready, over), daemon=True
    )
    process.start()
    try:
        assert ready.wait(_READY_SECONDS), "the slow clients found no way in"  # noqa: S101 - a siege of nobody measures nothing
        yield
    finally:
        over.set()
        process.join(10)
        process.kill()


def _besiege(port: int, stalled: int, idle: int, ready: Event, over: Event) -> None:
    _allow_files(stalled + idle + _OTHER_FILES)
    kinds = [_STALLS[number % len(_STALLS)] for number in range(stalled)]
    crowd = _Crowd(port)
    for kind in kinds + [b""] * idle:
        crowd.connect(kind)
    ready.set()
    while not over.is_set():
        crowd.turn()


def _allow_files(most: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@dataclass(slots=True)
class _Crowd:
    """One thread that mostly sleeps: its own work is not to be what is measured."""

    port: int
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def connect(self, kind: bytes | None) -> None:
        """One client more, which has said what its kind says."""
        client = socket.create_connection((LOOPBACK, self.port), timeout=10)
        client.setblocking(False)
        self.selector.register(client, selectors.EVENT_READ, kind)
        if kind is None:
            self._trickle(client, 0)
        elif kind:
            client.send(kind)

    def turn(self) -> None:
        """Do what is due, then wait for whoever is cut off."""
        while self.due and self.due[0][0] <= time.monotonic():
            heappop(self.due)[2]()
        wait = self.due[0][0] - time.monotonic() if self.due else _AGAIN_SECONDS
        for key, _ in self.selector.select(min(max(wait, 0.0), _AGAIN_SECONDS)):
            self._hear(key.fileobj, key.data)  # type: ignore[arg-type]  # a socket.

    def _hear(self, client: socket.socket, kind: bytes | None) -> None:
        with suppress(BlockingIOError, ConnectionError):
            if client.recv(4096):
                return
        self.selector.unregister(client)
        client.close()
        self._later(_AGAIN_SECONDS, lambda: self.connect(kind))

    def _trickle(self, client: socket.socket, place: int) -> None:
        if client.fileno() < 0:
            return
        with suppress(OSError):
            client.send(_TRICKLE[place : place + 1])
        self._later(_TRICKLE_SECONDS, lambda: self._trickle(client, place + 1))

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        heappush(self.due, (time.monotonic() + seconds, next(self.numbers), act))
