"""One client of the front: its bytes in, its answers out, one request at a time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Protocol, cast

from serving.parsing import BadRequest, Request, RequestReader
from serving.wsgi import refusal

_GO_AHEAD = b"HTTP/1.1 100 Continue\r\n\r\n"


class Front(Protocol):
    """What a connection tells of itself, and to whom it hands its requests."""

    def body_limit(self, target: bytes, /) -> int: ...
    def admit(self, connection: Connection) -> None: ...
    def await_request(self, connection: Connection) -> None: ...
    def hand_over(self, connection: Connection) -> None: ...
    def note_held(self, more_bytes: int) -> None: ...
    def note_fault(self, reason: str) -> None: ...
    def let_go(self, connection: Connection) -> None: ...
    def linger(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """Reads until a request is whole, and only then asks for a thread.

    While a request is being answered nothing more is read: what comes behind it waits
    in the kernel, not in our memory.
    """

    __slots__ = (
        "_asked",
        "_front",
        "_is_broken",
        "_is_over",
        "_reader",
        "_transport",
        "_waiting",
        "asked_at",
        "held_bytes",
        "is_busy",
        "local",
        "must_wait",
        "peer",
    )

    def __init__(self, front: Front, *, must_wait: bool = False) -> None:
        self._front = front
        # Most of a crowd never says anything: what reads is made at the first byte.
        self._reader: RequestReader | None = None
        self._waiting: deque[Request] = deque()
        self._is_broken = self._is_over = False
        # A list, because a thread and the understudy may both reach for the one in it.
        self._asked: list[Request] = []
        self.asked_at = 0.0
        self.held_bytes = 0
        self.is_busy = False
        self.must_wait = must_wait
        self.peer: tuple[str, int] = ("", 0)
        self.local: tuple[str, int] = ("", 0)

    @property
    def is_between_requests(self) -> bool:
        """Whether nothing is owed: no request begun, no answer on its way."""
        idle = self._reader is None or self._reader.is_idle
        return idle and not self.is_busy and not self.unsent_bytes()

    # What asyncio calls; it knows these names.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # A stream's.
        self.peer = _address(transport.get_extra_info("peername"))
        self.local = _address(transport.get_extra_info("sockname"))
        self._front.admit(self)

    def data_received(self, data: bytes) -> None:
        if self._is_broken or self._is_over:
            return  # Read away, so that closing does not destroy the last answer.
        reader = self._reader = self._reader or RequestReader(self._front.body_limit)
        try:
            self._waiting.extend(reader.feed(data))
        except BadRequest as fault:
            self._take_fault(reader, fault)
        else:
            if reader.wants_go_ahead() and not self._waiting:
                self._transport.write(_GO_AHEAD)
        self._count_held()
        if self._waiting and not self.is_busy:
            self._begin_next()

    def eof_received(self) -> bool:
        # It may still read: whoever is being answered shall hear the answer.
        return self.is_busy

    def connection_lost(self, _error: Exception | None) -> None:
        self._forget()
        self._front.let_go(self)

    def take_request(self) -> Request | None:
        """What a thread is to answer; None when the client is gone meanwhile."""
        try:
            return self._asked.pop()
        except IndexError:
            return None

    @property
    def request(self) -> Request | None:
        """What still waits for a thread."""
        return next(iter(self._asked[:1]), None)

    # What the front calls, in the loop's thread.

    def answer(self, data: bytes, *, is_last: bool) -> None:
        """Send an answer, and go on to what the client asked next."""
        self.is_busy = False
        self._count_held()
        if self._transport.is_closing():
            return
        self._transport.write(data)
        if not is_last and self._waiting:
            self._begin_next()
        elif is_last or self._is_broken:
            self._end()
        else:
            self._transport.resume_reading()
            self._front.await_request(self)

    def send_part(self, data: bytes) -> bool:
        """Send part of an answer; False when the client is gone."""
        if not self._transport.is_closing():
            self._transport.write(data)
        return not self._transport.is_closing()

    def unsent_bytes(self) -> int:
        """How much of the answers the client did not take yet."""
        return self._transport.get_write_buffer_size()

    def drop(self) -> None:
        """Cut the client off, whatever it still sends or does not read."""
        self._forget()
        self._transport.abort()

    def _take_fault(self, reader: RequestReader, fault: BadRequest) -> None:
        # What was whole before it is still answered; then there is nothing to go on.
        self._is_broken = True
        self._waiting.extend(reader.take_ready())
        self._front.note_fault(fault.reason)
        if not self._waiting:
            self._transport.write(refusal(fault.status))
            self._end()

    def _begin_next(self) -> None:
        self.is_busy = True
        self._transport.pause_reading()
        self._asked = [self._waiting.popleft()]
        self.asked_at = time.monotonic()
        self._front.hand_over(self)

    def _end(self) -> None:
        # Unread bytes would make the kernel reset the connection under the answer.
        self._forget()
        self._transport.resume_reading()
        try:
            self._transport.write_eof()
        except OSError:
            self._transport.abort()  # It has reset the connection meanwhile.
        else:
            self._front.linger(self)

    def _forget(self) -> None:
        self._is_over = True
        self._asked.clear()
        self._waiting.clear()
        if self._reader:
            self._reader.forget()
        self._count_held()

    def _count_held(self) -> None:
        held = self._reader.held_bytes if self._reader else 0
        held += sum(len(each.body) for each in self._waiting)
        held += sum(len(each.body) for each in self._asked)
        more, self.held_bytes = held - self.held_bytes, held
        if more:
            self._front.note_held(more)


def _address(found: object) -> tuple[str, int]:
    return (found[0], found[1]) if isinstance(found, tuple) else ("", 0)
