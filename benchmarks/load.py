"""Pushes callbacks over a few connections, as fast as answered or at a fixed rate."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.callbacks import moved, sealed
from demo.machine.ports import LOOPBACK
from settings import Settings

# Written before the clock starts, so that sealing is not what is measured.
_PREPARED_PER_SECOND = 2_500
_SUCCESS = b"success"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How long each answer took, and what pushing cost."""

    seconds: tuple[float, ...]
    lasted: float
    generator_cpu: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.lasted


def push(
    *,
    port: int,
    settings: Settings,
    seconds: float,
    connections: int,
    first: int,
    rate: float | None,
) -> Load:
    """Push callbacks for so long; without a rate each connection pushes on.

    Shape: with a rate the seconds of an answer count from when it should have been
        sent, so that a server that stalls is not asked more kindly.
    Raises: AssertionError when anything but `success` is answered.
    """
    per_second = rate or _PREPARED_PER_SECOND
    bodies = [
        request(settings, number=first + number)
        for number in range(int(seconds * per_second))
    ]
    return asyncio.run(_push(port, bodies, seconds, connections, rate))


def request(settings: Settings, *, number: int) -> bytes:
    """The bytes of one request."""
    inner = moved(f"wpLoad{number % 50}", who=number, department_id=1)
    message = sealed(inner, settings)
    return raw_request(message.query, message.body)


def raw_request(query: str, body: bytes) -> bytes:
    """A POST to the command URL."""
    head = (
        f"POST /wecom/command?{query} HTTP/1.1\r\nHost: {LOOPBACK}\r\n"
        f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def _push(
    port: int,
    bodies: Sequence[bytes],
    seconds: float,
    connections: int,
    rate: float | None,
) -> Load:
    waiting = iter(enumerate(bodies))
    began, cpu = time.monotonic(), time.process_time()
    found = await asyncio.gather(
        *(_work(port, waiting, began, seconds, rate) for _ in range(connections))
    )
    lasted = time.monotonic() - began
    return Load(
        seconds=tuple(took for each in found for took in each),
        lasted=lasted,
        generator_cpu=(time.process_time() - cpu) / lasted,
    )


async def _work(
    port: int,
    waiting: Iterator[tuple[int, bytes]],
    began: float,
    seconds: float,
    rate: float | None,
) -> list[float]:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    took: list[float] = []
    for number, body in waiting:
        due = time.monotonic()
        if rate is not None:
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        if time.monotonic() - began > seconds:
            break
        await exchange(reader, writer, body)
        took.append(time.monotonic() - due)
    writer.close()
    return took


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes
) -> None:
    """Push one request and wait until it is acknowledged."""
    writer.write(body)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length")
    )
    answer = await reader.readexactly(length)
    assert answer == _SUCCESS, head  # noqa: S101 - a refused load measures nothing
