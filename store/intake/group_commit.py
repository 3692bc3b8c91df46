"""Commits mail that arrives at the same time together: one statement, one flush."""

from __future__ import annotations

import threading
from time import monotonic

import psycopg

from store.database import StoreUnavailable
from store.inbox.record import Post, Recorded, record_fresh
from store.intake.bounded import BoundedPool, bounded

_TOGETHER = 64


class GroupCommit:
    """One thread commits at a time; what comes meanwhile is the next one's group.

    Nobody waits for company: a piece of mail that is alone is committed alone.
    """

    def __init__(self, pool: BoundedPool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._waiting: list[_Entry] = []
        self._is_led = False

    def record(self, post: Post, *, seconds: float) -> Recorded | None:
        """Commit the mail; None when it is known already, and nothing was written.

        Raises: StoreUnavailable, also when its group's turn did not come in time.
        """
        entry = _Entry(post)
        deadline = monotonic() + seconds
        with self._lock:
            self._waiting.append(entry)
            entry.leads = not self._is_led
            self._is_led = True
        if not entry.leads and not entry.woken.wait(seconds):
            self._give_up(entry)
        if entry.leads:
            self._lead(deadline)
        return entry.result()

    def _lead(self, deadline: float) -> None:
        with self._lock:
            group = self._take_group()
        try:
            self._commit([each.post for each in group], group, deadline)
        finally:
            with self._lock:
                self._is_led = bool(self._waiting)
                heir = self._waiting[0] if self._waiting else None
                if heir is not None:
                    heir.leads = True
                    heir.woken.set()
            for each in group:
                each.woken.set()

    def _take_group(self) -> list[_Entry]:
        # The same mail twice in one statement would be in its own way.
        group: dict[bytes, _Entry] = {}
        rest: list[_Entry] = []
        for each in self._waiting:
            if len(group) < _TOGETHER and each.post.digest not in group:
                group[each.post.digest] = each
            else:
                rest.append(each)
        self._waiting = rest
        return list(group.values())

    def _commit(self, posts: list[Post], group: list[_Entry], deadline: float) -> None:
        try:
            with bounded(self._pool, seconds=deadline - monotonic()) as connection:
                found = record_fresh(connection, posts)
        except StoreUnavailable as error:
            faulty = isinstance(error.__cause__, psycopg.DataError)
            if not faulty or len(group) == 1:
                for each in group:
                    each.error = error
                return
            # One of them cannot be stored; that is no fault of the others.
            for each in group:
                self._commit([each.post], [each], deadline)
            return
        for each, recorded in zip(group, found, strict=True):
            each.recorded, each.is_done = recorded, True

    def _give_up(self, entry: _Entry) -> None:
        with self._lock:
            if entry.leads:
                return  # Its turn came at the last moment, and others rely on it.
            if entry in self._waiting:
                self._waiting.remove(entry)


class _Entry:
    """One piece of mail on its way, and the thread that waits for it."""

    __slots__ = ("error", "is_done", "leads", "post", "recorded", "woken")

    def __init__(self, post: Post) -> None:
        self.post = post
        self.leads = self.is_done = False
        self.woken = threading.Event()
        self.recorded: Recorded | None = None
        self.error: StoreUnavailable | None = None

    def result(self) -> Recorded | None:
        if self.is_done:
            return self.recorded
        raise StoreUnavailable("not in time") from self.error
