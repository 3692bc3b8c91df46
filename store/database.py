"""The pool of connections and the one way to open a transaction."""

import select
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import orjson
import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps
from psycopg_pool import ConnectionPool

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
OPTIONS = "-c timezone=UTC -c statement_timeout={milliseconds}"


# Whoever was not asked for so long may be gone without a word: a firewall's rule.
_SURE_SECONDS = 30.0

# Most of what a large corp costs us is JSON: journal lines and staged answers.
set_json_dumps(orjson.dumps)


class StoreUnavailable(Exception):
    """Postgres cannot be reached or did not answer in time."""


def open_pool(
    database_url: str,
    *,
    size: int,
    wait_seconds: float = 5.0,
    statement_seconds: float = 60.0,
) -> ConnectionPool[Connection]:
    """A pool of at most `size` connections, opened in the background.

    Raises: nothing here; a connection that cannot be had raises StoreUnavailable later.
    """
    options = OPTIONS.format(milliseconds=int(statement_seconds * 1000))
    arguments: dict[str, Any] = {"options": options, "connect_timeout": 5}
    return ConnectionPool(
        database_url,
        connection_class=_Pooled,
        kwargs=arguments,
        min_size=1,
        max_size=size,
        timeout=wait_seconds,
        open=True,
        check=_check,
    )


class _Pooled(psycopg.Connection[TupleRow]):
    """A connection that knows when it was last seen to be alive."""

    seen_at = float("-inf")


def _check(connection: Connection) -> None:
    """Have the server answer, if it may be gone; asking always would cost a fifth.

    A server that ends, or is killed, closes the socket, and that can be read.
    Raises: psycopg.OperationalError.
    """
    now = time.monotonic()
    pooled = connection if isinstance(connection, _Pooled) else None
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
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreUnavailable(type(error).__name__) from error


@contextmanager
def glance(pool: Pool) -> Iterator[Connection]:
    """Statements that are a transaction each: one round trip instead of three.

    Raises: StoreUnavailable.
    """
    with transaction(pool) as connection:
        if connection.autocommit:
            # What stands in for a pool has a transaction of its own around it.
            yield connection
            return
        connection.autocommit = True
        try:
            yield connection
        finally:
            if connection.info.transaction_status is TransactionStatus.IDLE:
                connection.autocommit = False
            else:
                # Whatever was broken off here must not meet the next user.
                connection.close()
