"""The pool of connections and the one way to open a transaction."""

import select
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from enum import StrEnum
from functools import partial
from typing import Any, Protocol

import orjson
import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import ConnectionPool

from store.connecting import CONNECT_SECONDS, prepare
from store.writes import Gathering

Connection = psycopg.Connection[TupleRow]


class Pool(Protocol):
    """Lends connections: psycopg's pool, or what stands in for one."""

    def connection(
        self, timeout: float | None = None
    ) -> AbstractContextManager[Connection]:
        """A connection in a transaction that is committed at the end."""

    def close(self, timeout: float = 5.0) -> None:
        """Let go of the connections."""


# A statement that takes longer is stuck behind something that will not end by itself.
_STUCK_SECONDS = 60.0

# Whoever has not answered for so long may be gone without a word: a firewall's rule.
# What is asked twice a minute, as the clock is by workers, needs no question before it.
_SURE_SECONDS = 45.0

# Most of what a large corp costs us is JSON: journal lines and staged answers.
set_json_dumps(orjson.dumps)
set_json_loads(orjson.loads)


class Plans(StrEnum):
    """When Postgres plans a statement that it has seen before.

    Shape: ONCE suits processes that make the same small statements again and again:
        there planning costs ten times what the statement does.
    """

    AS_POSTGRES_CHOOSES = "auto"
    ONCE = "force_generic_plan"


# How often a connection makes a statement before it is prepared.
_PREPARED_AFTER = {Plans.AS_POSTGRES_CHOOSES: 5, Plans.ONCE: 1}


class StoreUnavailable(Exception):
    """Postgres cannot be reached or did not answer in time."""


def open_pool(
    database_url: str,
    *,
    size: int,
    wait_seconds: float = 5.0,
    statement_seconds: float = _STUCK_SECONDS,
    plans: Plans = Plans.AS_POSTGRES_CHOOSES,
) -> ConnectionPool[Connection]:
    """A pool of at most `size` connections, opened in the background.

    Raises: nothing here; a connection that cannot be had raises StoreUnavailable later.
    """
    return ConnectionPool(
        database_url,
        connection_class=PooledConnection,
        kwargs={
            "connect_timeout": CONNECT_SECONDS,
            "prepare_threshold": _PREPARED_AFTER[plans],
        },
        configure=partial(
            prepare, statement_seconds=statement_seconds, plan_cache_mode=plans
        ),
        min_size=1,
        max_size=size,
        timeout=wait_seconds,
        open=True,
        check=_check,
    )


_AWAY = (psycopg.OperationalError, psycopg.InterfaceError)

# How long whoever asks here waits for any one answer; None: as long as it takes.
_patience: ContextVar[float | None] = ContextVar("patience", default=None)


def wait_at_most(seconds: float | None) -> None:
    """From now on, whoever runs here waits so long for an answer of Postgres.

    A server that hangs, as one without memory or behind a dead disk does, keeps its
    connections and its silence; its own time limits hang with it.
    """
    _patience.set(seconds)


class PooledConnection(psycopg.Connection[TupleRow]):
    """A connection that knows when it was last seen to be alive: when it answered.

    Shape: what is `gathering` on it goes before anything else that is asked or done.
    """

    seen_at = float("-inf")
    gathering: Gathering | None = None

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """See psycopg."""
        self._stop_gathering()
        return super().cursor(*args, **kwargs)

    def pipeline(self) -> Any:
        """See psycopg."""
        self._stop_gathering()
        return super().pipeline()

    def set_autocommit(self, value: bool) -> None:
        """See psycopg, which asks as if it had to wait for an answer."""
        if self.pgconn.transaction_status == TransactionStatus.IDLE:
            self._autocommit = value
        else:
            super().set_autocommit(value)

    def commit(self) -> None:
        """See psycopg, which asks for the end of what has not begun, too."""
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            super().commit()

    def transaction(self, *args: Any, **kwargs: Any) -> Any:
        """See psycopg."""
        self._stop_gathering()
        return super().transaction(*args, **kwargs)

    def _stop_gathering(self) -> None:
        gathering, self.gathering = self.gathering, None
        if gathering is not None:
            gathering.begin(gathering.changes)

    def wait(
        self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None
    ) -> RV:
        """The answer, if it comes while whoever asked is patient.

        Raises: psycopg.OperationalError, with this connection closed.
        """
        patience = _patience.get() if timeout is None else timeout
        try:
            answer = super().wait(gen, interval, patience)
        except psycopg.errors._WaitTimeout:
            # Its answer may come yet, and must not be read as another's.
            self.pgconn.finish()
            raise
        self.seen_at = time.monotonic()
        return answer


def _check(connection: Connection) -> None:
    """Have the server answer, if it may be gone; asking always would cost a fifth.

    A server that ends, or is killed, closes the socket, and that can be read.
    Raises: psycopg.OperationalError.
    """
    now = time.monotonic()
    pooled = connection if isinstance(connection, PooledConnection) else None
    sure = pooled is not None and now - pooled.seen_at < _SURE_SECONDS
    if not sure or _has_news(connection):
        ConnectionPool.check_connection(connection)
        if pooled is not None:
            pooled.seen_at = now


def _has_news(connection: Connection) -> bool:
    """Whether the server has said something unasked, its end for example."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


@contextmanager
def transaction(pool: Pool) -> Iterator[Connection]:
    """One transaction: committed at the end, rolled back when anything is raised.

    Raises: StoreUnavailable when the connection is refused, lost or too slow.
    """
    try:
        with pool.connection() as connection:
            yield connection
    except _AWAY as error:
        raise StoreUnavailable(type(error).__name__) from error


@contextmanager
def glance(pool: Pool) -> Iterator[Connection]:
    """Statements that are a transaction each: one round trip instead of three.

    Raises: StoreUnavailable.
    """
    try:
        with pool.connection() as connection:
            if connection.autocommit:
                # What stands in for a pool has a transaction of its own around it.
                yield connection
                return
            connection.autocommit = True
            try:
                yield connection
            finally:
                _leave_autocommit(connection)
    except _AWAY as error:
        raise StoreUnavailable(type(error).__name__) from error


@contextmanager
def committing_each(connection: Connection) -> Iterator[None]:
    """Each statement is a transaction, until the block ends or autocommit does."""
    connection.autocommit = True
    try:
        yield
    finally:
        if connection.autocommit:
            _leave_autocommit(connection)


def _leave_autocommit(connection: Connection) -> None:
    if connection.info.transaction_status is TransactionStatus.IDLE:
        connection.autocommit = False
    else:
        # Whatever was broken off here must not meet the next user.
        connection.close()
