"""Workers that die where a test wants them to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg_pool import ConnectionPool

from store.database import Connection, PooledConnection, StoreUnavailable

# Nothing here has to outlive a crash of Postgres.
OPTIONS = "-c timezone=UTC -c synchronous_commit=off"

# The thread that renews what a process holds, see workers/lease.py.
LEASE_KEEPER = "lease-keeper"


class WorkerDied(BaseException):
    """A worker ended at this point; nothing of it may run on."""


class Mortal:
    """Counts the steps of a worker and lets it die at one of them."""

    def __init__(self) -> None:
        self.steps_left: int | None = None
        self.dead = False

    def step(self) -> None:
        """One boundary: before or after a commit, or a call."""
        if self.dead:
            raise WorkerDied
        if self.steps_left is None:
            return
        self.steps_left -= 1
        if self.steps_left < 0:
            self.dead = True
            raise WorkerDied

    def revive(self) -> None:
        """Another worker, which lives."""
        self.steps_left, self.dead = None, False


class MortalPool(ConnectionPool[Connection]):
    """A pool whose worker can die just before or just after any commit."""

    def __init__(self, database: str, mortal: Mortal, **options: str) -> None:
        self.mortal = mortal
        super().__init__(
            database,
            connection_class=PooledConnection,
            kwargs={"options": OPTIONS, **options},
            min_size=4,
            max_size=4,
            open=True,
        )
        # Connecting draws random numbers in a thread, which Hypothesis forbids later.
        self.wait()

    @contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[Connection]:
        """A connection; its transaction is lost if the worker dies before the end.

        What a `glance` has done is there at once, as if death came after its commit.
        """
        if threading.current_thread().name == LEASE_KEEPER:
            # Beside the work, and only when that takes long: no boundary of its own.
            if self.mortal.dead:
                raise StoreUnavailable("the worker died")
            with super().connection(timeout) as connection:
                yield connection
            return
        self.mortal.step()
        with super().connection(timeout) as connection:
            yield connection
            self.mortal.step()
        self.mortal.step()
