"""Makes mail durable within a fixed time, whatever the stores do meanwhile."""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDone
from dataclasses import dataclass
from time import monotonic

from store.database import StoreUnavailable
from store.inbox.record import Post, Recorded, count_repeat, record
from store.intake.bounded import BoundedPool, bounded
from store.intake.group_commit import GroupCommit
from store.intake.spill import Spill, SpillUnavailable, SpillUnconfirmed

# Of the 800 ms of the interface; the rest is for what is done before and behind.
ANSWER_SECONDS = 0.7
POSTGRES_SECONDS = 0.3
SPILL_SECONDS = 0.25
_REST_SECONDS = 1.0
_SPILLED = "spilled"
# After a restart of Postgres every connection of the pool is dead, one after another.
_TRIES = 8
_SPILL_THREADS = 8

_log = logging.getLogger(__name__)


class NoStore(Exception):
    """Neither Postgres nor the spill took the mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What became of the mail, and which mailboxes to ring for it.

    Shape: what is spilled has no number yet.
    """

    outcome: str
    ring: tuple[str, ...]
    event_id: int | None = None


class Breaker:
    """Keeps threads from queueing at a store that does not answer.

    While it rests, one caller a second goes through and finds out.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open_at: float | None = None

    def lets_through(self) -> bool:
        """Whether the caller may try the store now."""
        with self._lock:
            if self._open_at is None:
                return True
            now = monotonic()
            if now < self._open_at:
                return False
            self._open_at = now + _REST_SECONDS
            return True

    def trip(self) -> None:
        """The store failed."""
        with self._lock:
            self._open_at = monotonic() + _REST_SECONDS

    def reset(self) -> None:
        """The store answered."""
        self._open_at = None


class Landing:
    """Postgres first, the spill when it fails: about 0.6 s for both at the most."""

    def __init__(self, pool: BoundedPool, spill: Spill) -> None:
        self._pool = pool
        self._spill = spill
        self._group = GroupCommit(pool)
        self._postgres = Breaker()
        self._redis = Breaker()
        self._threads = ThreadPoolExecutor(_SPILL_THREADS, thread_name_prefix="spill")

    def take(self, post: Post, *, seconds: float = ANSWER_SECONDS) -> Landed:
        """Commit the mail to Postgres, or have the spill confirmed.

        Units: `seconds` are what is left of the time in which an answer is owed; of
            little Postgres has half, so that the spill has its chance.
        Raises: NoStore.
        """
        began = monotonic()
        try:
            recorded = self._record(post, seconds=min(POSTGRES_SECONDS, seconds / 2))
        except StoreUnavailable as error:
            _log.info("mail spills", extra={"error": str(error)})
            self._put(post, seconds=seconds - (monotonic() - began))
            return Landed(outcome=_SPILLED, ring=())
        return Landed(
            outcome=recorded.arrival.value,
            ring=recorded.due,
            event_id=recorded.event_id,
        )

    def is_ready(self) -> bool:
        """Whether mail could be made durable now."""
        try:
            with bounded(self._pool, seconds=POSTGRES_SECONDS) as connection:
                connection.execute("SELECT 1 FROM inbox LIMIT 0")
        except StoreUnavailable:
            return self._can_spill()
        return True

    def remember_refusal(self) -> None:
        """Leave a note in Redis that mail was lost; nothing if Redis is away too."""
        if self._redis.lets_through():
            self._threads.submit(self._spill.remember_refusal)

    def close(self) -> None:
        """End the threads of the spill."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _can_spill(self) -> bool:
        try:
            self._await(self._threads.submit(self._spill.probe), seconds=SPILL_SECONDS)
        except (SpillUnavailable, NotDone):
            return False
        return True

    def _record(self, post: Post, *, seconds: float) -> Recorded:
        if not self._postgres.lets_through():
            raise StoreUnavailable("resting")
        deadline = monotonic() + max(seconds, 0.0)
        for _ in range(_TRIES):
            try:
                recorded = self._try(post, deadline)
            except StoreUnavailable as error:
                reason = error
                if monotonic() >= deadline:
                    break
            else:
                self._postgres.reset()
                return recorded
        self._postgres.trip()
        raise reason

    def _try(self, post: Post, deadline: float) -> Recorded:
        # Repeats and tickets may wait for a row that a worker holds: not in company.
        if post.ticket is None:
            fresh = self._group.record(post, seconds=deadline - monotonic())
            if fresh is not None:
                return fresh
        with bounded(self._pool, seconds=deadline - monotonic()) as connection:
            if post.ticket is None:
                return count_repeat(connection, post)
            return record(connection, post)

    def _put(self, post: Post, *, seconds: float) -> None:
        if seconds <= 0 or not self._redis.lets_through():
            raise NoStore("resting" if seconds > 0 else "late")
        # In a thread: a name that does not resolve has no time-out of its own.
        future = self._threads.submit(self._spill.put, post)
        try:
            self._await(future, seconds=min(SPILL_SECONDS, seconds))
        except SpillUnconfirmed as error:
            raise NoStore(str(error)) from error
        except (SpillUnavailable, NotDone) as error:
            self._redis.trip()
            raise NoStore(str(error)) from error
        self._redis.reset()

    def _await(self, future: Future[None], *, seconds: float) -> None:
        try:
            future.result(timeout=seconds)
        finally:
            future.cancel()
