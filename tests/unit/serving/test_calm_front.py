"""A front without clients sleeps long, and is awake as soon as it is wanted."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop

from serving import worker
from serving.clients import Bounds, Clients
from serving.worker import FrontWorker

ENDLESS_SECONDS = 3_600.0
BOUNDS = Bounds(places=8, memory_bytes=1_000, between_seconds=60, begun_seconds=60)


class Front(FrontWorker):
    """A front as gunicorn's fork has it, but for threads: it counts its ticks."""

    def __init__(self, listener: socket.socket) -> None:
        self._loop = uvloop.new_event_loop()
        self._clients = Clients(bounds=BOUNDS, now=self._loop.time)
        self._is_stirred = asyncio.Event()
        # What gunicorn hands over, as far as serving looks at it.
        self.cfg: Any = SimpleNamespace(backlog=8, graceful_timeout=0)
        self.sockets: Any = [SimpleNamespace(sock=listener)]
        self.address: tuple[str, int] = listener.getsockname()
        self.ppid = os.getppid()
        self.alive = True
        self.ticks = 0
        self.has_ticked = threading.Semaphore(0)

    def serve(self) -> None:
        """Until it is told to stop."""
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _tick(self) -> None:
        self.ticks += 1
        self.has_ticked.release()


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    """A front that serves, whose calm would last for an hour; ticks take no time."""
    monkeypatch.setattr(worker, "_CALM_SECONDS", ENDLESS_SECONDS)
    monkeypatch.setattr(worker, "_TICK_SECONDS", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        front = Front(listener)
        serving = threading.Thread(target=front.serve, daemon=True)
        serving.start()
        front.has_ticked.acquire()
        yield front
        stop(front)
        serving.join(60)
        assert not serving.is_alive()


def stop(front: Front) -> None:
    """What gunicorn's signal does."""
    front.handle_exit(signal.SIGTERM, None)


def turn_about(front: Front, *, times: int) -> None:
    """Let the loop of the front turn so many times."""

    async def turn() -> None:
        for _ in range(times):
            await asyncio.sleep(0)

    asyncio.run_coroutine_threadsafe(turn(), front._loop).result(60)


def test_nobody_there_is_nothing_to_look_for(front: Front) -> None:
    turn_about(front, times=100)

    assert front.ticks == 1


def test_a_client_is_looked_after_from_when_it_comes(front: Front) -> None:
    with socket.create_connection(front.address):
        ticked = [front.has_ticked.acquire(timeout=60) for _ in range(3)]

    assert ticked == [True] * 3


def test_it_is_calm_again_when_the_last_client_has_gone(front: Front) -> None:
    with socket.create_connection(front.address):
        assert front.has_ticked.acquire(timeout=60)
    while len(front._clients):
        turn_about(front, times=1)
    turn_about(front, times=10)

    before = front.ticks
    turn_about(front, times=100)

    assert front.ticks == before


def test_a_calm_front_stops_when_it_is_told_to(front: Front) -> None:
    turn_about(front, times=10)

    stop(front)

    while not front._loop.is_closed():
        assert front.ticks < 3
