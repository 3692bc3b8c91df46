"""Who is connected to the front: since when, how much of theirs it holds, who goes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from serving.connection import Connection

# Thousands that come together shall not all be cut off, and come again, together.
_SPREAD_SECONDS = 1.0
_LINGER_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long a client may take, how many there may be and what they may hold.

    Units: `between_seconds` is for who is silent between requests, `begun_seconds` for
        who is in the middle of one or does not take an answer.
    """

    places: int
    memory_bytes: int
    between_seconds: float
    begun_seconds: float


@dataclass(slots=True, kw_only=True)
class Clients:
    """The clients of one process; used by the loop's thread alone."""

    bounds: Bounds
    now: Callable[[], float]
    _waiting: dict[Connection, float] = field(default_factory=dict)
    _leaving: dict[Connection, float] = field(default_factory=dict)
    _held_bytes: int = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._leaving)

    def admit(self, connection: Connection) -> bool:
        """Whether there is room: else the one that has waited longest makes it."""
        if len(self) >= self.bounds.places and not self._make_room():
            return False
        self.await_request(connection)
        return True

    def await_request(self, connection: Connection) -> None:
        """From now on the client has its time for the next request."""
        self._waiting.pop(connection, None)
        since = self.now() - random.random() * _SPREAD_SECONDS  # noqa: S311 - no secret.
        self._waiting[connection] = since

    def note_held(self, more_bytes: int) -> None:
        """What bodies take has changed; past the limit the largest holder goes."""
        self._held_bytes += more_bytes
        if self._held_bytes > self.bounds.memory_bytes:
            max(self._waiting, key=lambda each: each.held_bytes).drop()

    def linger(self, connection: Connection) -> None:
        """Its last answer is sent; a moment for it to be read."""
        self._waiting.pop(connection, None)
        self._leaving[connection] = self.now()

    def let_go(self, connection: Connection) -> None:
        """The client is gone."""
        self._waiting.pop(connection, None)
        self._leaving.pop(connection, None)

    def silent(self) -> list[Connection]:
        """Those to whom nothing is owed."""
        return [each for each in self._waiting if each.is_between_requests]

    def late(self) -> Iterator[Connection]:
        """Those whose time is over, found one by one: each may be dropped at once."""
        # Of a crowd most came a moment ago: only the rest is looked at one by one.
        soonest = min(self.bounds.between_seconds, self.bounds.begun_seconds)
        latest = self.now() - soonest
        waiting = [each for each, since in self._waiting.items() if since < latest]
        leaving = list(self._leaving)
        yield from filter(self._waits_too_long, waiting)
        yield from filter(self._leaves_too_long, leaving)

    def _waits_too_long(self, client: Connection) -> bool:
        since = self._waiting.get(client)
        if since is None or client.is_busy:
            return False
        idle = client.is_between_requests
        allowed = self.bounds.between_seconds if idle else self.bounds.begun_seconds
        return self.now() - since > allowed

    def _leaves_too_long(self, client: Connection) -> bool:
        since = self._leaving.get(client)
        if since is None:
            return False
        unread = client.unsent_bytes() > 0
        allowed = self.bounds.begun_seconds if unread else _LINGER_SECONDS
        return self.now() - since > allowed

    def _make_room(self) -> bool:
        # In the order in which they began to wait; who is being answered never goes.
        for each in (*self._leaving, *self._waiting):
            if not each.is_busy:
                each.drop()
                self.let_go(each)
                return True
        return False
