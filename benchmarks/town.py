"""Many corps whose people move once a second, and the WeCom that tells of it."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.callbacks import moved, sealed
from benchmarks.double import Double, listen
from benchmarks.load import exchange, raw_request
from benchmarks.world import Enterprise, userid_of
from demo.ports import LOOPBACK
from settings import Settings

_CONNECTIONS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An event that was pushed, and when."""

    corp_id: str
    userid: str
    at: float


@dataclass(slots=True, kw_only=True)
class Traffic:
    """What was pushed, and what pushing and answering cost."""

    sent: list[Sent] = field(default_factory=list)
    cpu_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A corp and how many events a second it sends."""

    enterprise: Enterprise
    per_second: float


class Town:
    """WeCom's side in one process: it answers, moves people and pushes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, port: int) -> None:
        self._loop = loop
        self.url = f"http://{LOOPBACK}:{port}"

    def push(
        self,
        paces: Sequence[Pace],
        *,
        port: int,
        settings: Settings,
        seconds: float,
    ) -> Traffic:
        """Push the events of these corps for so long."""
        work = _push(paces, port=port, settings=settings, seconds=seconds)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@contextmanager
def open_town(enterprises: Sequence[Enterprise], *, seconds: float) -> Iterator[Town]:
    """A WeCom that answers about these corps after so many seconds."""
    for each in enterprises:
        # Written before anybody measures how long an answer takes.
        _ = each.simplelist, each.lists
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="town", daemon=True)
    thread.start()
    double = Double(enterprises, seconds=seconds)
    server, port = asyncio.run_coroutine_threadsafe(listen(double), loop).result()
    try:
        yield Town(loop, port)
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _push(
    paces: Sequence[Pace], *, port: int, settings: Settings, seconds: float
) -> Traffic:
    traffic, began, cpu = Traffic(), time.monotonic(), time.process_time()
    due: asyncio.Queue[bytes] = asyncio.Queue()
    posters = [asyncio.create_task(_post(port, due)) for _ in range(_CONNECTIONS)]
    await asyncio.gather(
        *(
            _live(each, due, traffic, settings, seconds, number / len(paces))
            for number, each in enumerate(paces)
        )
    )
    await due.join()
    for each in posters:
        each.cancel()
    traffic.cpu_share = (time.process_time() - cpu) / (time.monotonic() - began)
    return traffic


async def _live(
    pace: Pace,
    due: asyncio.Queue[bytes],
    traffic: Traffic,
    settings: Settings,
    seconds: float,
    offset: float,
) -> None:
    """One corp's days: somebody moves, and WeCom tells of it."""
    corp, began = pace.enterprise, time.monotonic()
    for number in range(int(seconds * pace.per_second)):
        at = began + (number + offset) / pace.per_second
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        who = number % corp.members
        corp.move(who)
        inner = moved(corp.corp_id, who=who, department_id=corp.home(who))
        message = sealed(inner, settings)
        traffic.sent.append(
            Sent(corp_id=corp.corp_id, userid=userid_of(who), at=time.time())
        )
        due.put_nowait(raw_request(message.query, message.body))


async def _post(port: int, due: asyncio.Queue[bytes]) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    while True:
        body = await due.get()
        await exchange(reader, writer, body)
        due.task_done()
