"""Connections that give up at a deadline, for whoever must answer in any case.

Postgres' own time-outs help only while Postgres runs: a frozen server ends nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from store.connecting import prepare
from store.database import Connection, StoreUnavailable

_STATEMENT_SECONDS = 1.0
_CONNECT_SECONDS = 2
# Short, because the pool doubles its pauses: it would sleep on while Postgres is back.
_RECONNECT_SECONDS = 2.0
_POLL_SECONDS = 0.1


class BoundedConnection(psycopg.Connection[TupleRow]):
    """A connection on which nothing waits past its deadline, if it has one."""

    deadline: float | None = None

    def wait(
        self,
        gen: PQGen[RV],
        interval: float = _POLL_SECONDS,
        timeout: float | None = None,
    ) -> RV:
        """Wait as psycopg does, but no longer than the deadline allows.

        Raises: psycopg.OperationalError.
        """
        if self.deadline is not None:
            left = max(0.0, self.deadline - monotonic())
            timeout = left if timeout is None else min(timeout, left)
        return super().wait(gen, interval, timeout)


BoundedPool = ConnectionPool[BoundedConnection]


def open_bounded_pool(database_url: str, *, size: int) -> BoundedPool:
    """A pool of connections in autocommit, filled in the background.

    Open it after the fork of a server's worker: its threads do not survive one.
    """
    return ConnectionPool(
        database_url,
        connection_class=BoundedConnection,
        kwargs={
            "connect_timeout": _CONNECT_SECONDS,
            "autocommit": True,
        },
        configure=partial(prepare, statement_seconds=_STATEMENT_SECONDS),
        min_size=min(2, size),
        max_size=size,
        reconnect_timeout=_RECONNECT_SECONDS,
        open=True,
    )


@contextmanager
def bounded(pool: BoundedPool, *, seconds: float) -> Iterator[Connection]:
    """A connection for at most `seconds`, the wait for it included.

    Raises: StoreUnavailable for whatever goes wrong in Postgres or on the way to it.
    """
    deadline = monotonic() + seconds
    try:
        connection = pool.getconn(timeout=seconds)
    except PoolTimeout as error:
        raise StoreUnavailable("no connection in time") from error
    connection.deadline = deadline
    try:
        yield connection
    except BaseException as error:
        # Its state is unknown; a roll-back could hang where the statement did.
        connection.close()
        if isinstance(error, psycopg.Error):
            raise StoreUnavailable(type(error).__name__) from error
        raise
    finally:
        connection.deadline = None
        pool.putconn(connection)
