"""Clients that stall before, in and after the head, trickle, or say nothing at all."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event

from demo.ports import LOOPBACK

STALLED = 512
IDLE = 2_000
_HEAD = b"POST /wecom/command?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n"
_SETTLE_SECONDS = 3.0
_TRICKLE_SECONDS = 0.5
# What each sends before it stalls; None trickles on, byte by byte.
_STALLS = (b"", _HEAD[:30], _HEAD, _HEAD + b"x" * 800, None)


@contextmanager
def slow_clients(port: int) -> Iterator[None]:
    """So many of each while the block runs; who is cut off comes again."""
    ready, over = multiprocessing.Event(), multiprocessing.Event()
    process = multiprocessing.Process(
        target=_run, args=(port, ready, over), daemon=True
    )
    process.start()
    try:
        ready.wait(60)
        yield
    finally:
        over.set()
        process.join(10)
        process.kill()


def _run(port: int, ready: Event, over: Event) -> None:
    asyncio.run(_besiege(port, ready, over))


async def _besiege(port: int, ready: Event, over: Event) -> None:
    kinds = [_STALLS[number % len(_STALLS)] for number in range(STALLED)]
    tasks = [asyncio.create_task(_stall(port, kind)) for kind in kinds + [b""] * IDLE]
    await asyncio.sleep(_SETTLE_SECONDS)
    ready.set()
    while not over.is_set():
        await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()


async def _stall(port: int, sent: bytes | None) -> None:
    while True:
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            if sent is None:
                await _trickle(writer)
            else:
                writer.write(sent)
                await reader.read(1)
            writer.close()
        except OSError:
            pass
        await asyncio.sleep(0.1)


async def _trickle(writer: asyncio.StreamWriter) -> None:
    for byte in _HEAD + b"x" * 899:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(_TRICKLE_SECONDS)
