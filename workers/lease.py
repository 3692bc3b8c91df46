"""Keeps leases alive beside long work, without a transaction held open."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from store.database import Connection, Pool, StoreUnavailable, glance, transaction
from store.inbox import leases
from store.inbox.leases import RENEW_SECONDS

Renew = Callable[[], bool]

_log = logging.getLogger(__name__)


@contextmanager
def taken(pool: Pool, name: str) -> Iterator[UUID | None]:
    """Hold a lease for a block and give it back; None where somebody else holds it.

    Raises: StoreUnavailable.
    """
    with transaction(pool) as connection:
        token = leases.take(connection, name)
    if token is None:
        yield None
        return
    try:
        with held(pool, name, token):
            yield token
    finally:
        with transaction(pool) as connection:
            leases.release(connection, name, token)


@contextmanager
def leased(pool: Pool, name: str, token: UUID) -> Iterator[Connection]:
    """A transaction that commits only while the lease is ours.

    Raises: LeaseLost, StoreUnavailable.
    """
    with transaction(pool) as connection:
        leases.check(connection, name, token)
        yield connection


def held(pool: Pool, name: str, token: UUID) -> AbstractContextManager[None]:
    """Renew a lease that was taken until the block ends; it is not given back."""
    return kept(partial(_renew, pool, name, token))


@contextmanager
def kept(renew: Renew) -> Iterator[None]:
    """Call `renew` every few seconds until the block ends.

    A renewal that fails is only noted: the commit checks the token and decides. It must
    not wait for a lock: one thread renews all that this process holds.
    """
    entry = _KEEPER.add(renew)
    try:
        yield
    finally:
        _KEEPER.drop(entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """What is due when; its lines are about the work that it renews for."""

    due: float
    renew: Renew
    about: Context


class Keeper:
    """One thread that renews whatever this process holds.

    A thread for each lease would be most of what a drain of one event costs in threads.
    """

    def __init__(self, *, every_seconds: float = RENEW_SECONDS) -> None:
        self._every_seconds = every_seconds
        self._changed = threading.Condition()
        self._due: dict[int, Renewal] = {}
        self._next_entry = 0
        self._thread: threading.Thread | None = None

    def add(self, renew: Renew) -> int:
        """Renew this from now on; by what it is dropped."""
        with self._changed:
            self._next_entry += 1
            entry = self._next_entry
            self._due[entry] = Renewal(
                due=time.monotonic() + self._every_seconds,
                renew=renew,
                about=copy_context(),
            )
            if self._thread is None or not self._thread.is_alive():
                # Only now: a thread started before a fork would not be in the child.
                self._thread = threading.Thread(
                    target=self._run, name="lease-keeper", daemon=True
                )
                self._thread.start()
            return entry

    def drop(self, entry: int) -> None:
        """Renew it no more; one that is under way is not waited for."""
        with self._changed:
            self._due.pop(entry, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                entry, renewal = self._wait_for_due()
            renewal.about.run(self._renew, entry, renewal.renew)

    def _wait_for_due(self) -> tuple[int, Renewal]:
        """The renewal whose time has come, put down for its next time."""
        while True:
            now = time.monotonic()
            entry = min(self._due, key=lambda each: self._due[each].due, default=None)
            due = now + self._every_seconds if entry is None else self._due[entry].due
            if entry is not None and due <= now:
                found = self._due[entry]
                self._due[entry] = replace(found, due=now + self._every_seconds)
                return entry, found
            # Whatever is added meanwhile is due later than what is waited for.
            self._changed.wait(due - now)

    def _renew(self, entry: int, renew: Renew) -> None:
        try:
            renewed = renew()
        except StoreUnavailable:
            _log.info("lease not renewed, store away")
            return
        except Exception:
            # The others' leases are kept by this very thread.
            _log.exception("lease not renewed")
            return
        if not renewed and entry in self._due:
            _log.info("lease not renewed")


def _renew(pool: Pool, name: str, token: UUID) -> bool:
    with glance(pool) as connection:
        return leases.renew(connection, name, token)


_KEEPER = Keeper()
