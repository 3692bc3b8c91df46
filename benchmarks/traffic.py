"""Many corps whose people move once a second, and the WeCom that tells of it."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.callbacks import moved, sealed
from benchmarks.dataset import Enterprise, userid_of
from benchmarks.fake_wecom import Double, listen
from benchmarks.load import exchange, raw_request
from demo.machine.ports import LOOPBACK
from settings import Settings

_CONNECTIONS = 16
_FLOOD_PER_SECOND = 100


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
    usual, flood = _Post(port, _CONNECTIONS), _Post(port, _CONNECTIONS)
    await asyncio.gather(
        *(
            _live(
                each,
                # A corp that floods us does not queue up before the others.
                flood if each.per_second > _FLOOD_PER_SECOND else usual,
                traffic,
                settings,
                seconds,
                number / len(paces),
            )
            for number, each in enumerate(paces)
        )
    )
    await usual.close()
    await flood.close()
    traffic.cpu_share = (time.process_time() - cpu) / (time.monotonic() - began)
    return traffic


async def _live(
    pace: Pace,
    post: "_Post",
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
        post.send(raw_request(message.query, message.body))


class _Post:
    """Connections over which requests are pushed in the order of their sending."""

    def __init__(self, port: int, connections: int) -> None:
        self._due: asyncio.Queue[bytes] = asyncio.Queue()
        self._tasks = [
            asyncio.create_task(self._work(port)) for _ in range(connections)
        ]

    def send(self, request: bytes) -> None:
        """Push this as soon as a connection is free."""
        self._due.put_nowait(request)

    async def close(self) -> None:
        """Wait until everything is acknowledged."""
        await self._due.join()
        for each in self._tasks:
            each.cancel()

    async def _work(self, port: int) -> None:
        # Opened with the first request: gunicorn keeps a thread for a silent newcomer.
        request = await self._due.get()
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        while True:
            try:
                await exchange(reader, writer, request)
            except (asyncio.IncompleteReadError, ConnectionError):
                # gunicorn closes what was idle for two seconds.
                writer.close()
                reader, writer = await asyncio.open_connection(LOOPBACK, port)
                await exchange(reader, writer, request)
            self._due.task_done()
            request = await self._due.get()
