"""How a worker waits for messages: at the queue itself, without asking for them."""

import threading
import time
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.errors import ConnectionClosed
from redis import Redis, RedisError

# dramatiq sleeps this long after an empty fetch; the waiting is done here instead.
_NO_NAP_MILLISECONDS = 1
# Where nothing comes, messages are asked for only as a sign of life, which also brings
# back what others died over: three times before a worker is taken for dead.
_LIFE_SIGN_SECONDS = 5.0


class WaitingConsumer(_RedisConsumer):
    """A consumer that Redis wakes when a message lies in its queue.

    dramatiq polls; 16 threads' worth of that is most of what an idle worker costs, and
    an event waits for the next poll. Moving the head of a list onto itself changes
    nothing and blocks while there is none, so no second list has to be kept in step.
    """

    def __init__(
        self, broker: RedisBroker, queue_name: str, prefetch: int, timeout: int
    ) -> None:
        super().__init__(  # type: ignore[no-untyped-call]  # dramatiq leaves it untyped.
            broker, queue_name, prefetch, _NO_NAP_MILLISECONDS
        )
        self._queue_key = f"{broker.namespace}:{queue_name}"
        self._wait_seconds = timeout / 1000
        self._room = threading.Event()
        self._is_empty = False
        self._fetched_at = float("-inf")
        self._redis = _patient(broker.client, seconds=self._wait_seconds)

    def __next__(self) -> Any:
        """The next message; None when none came within the worker's time-out.

        Raises: ConnectionClosed.
        """
        if self._is_empty and time.monotonic() - self._fetched_at < _LIFE_SIGN_SECONDS:
            self._wait()
            return None
        self._room.clear()
        self._fetched_at = time.monotonic()
        message = super().__next__()  # type: ignore[no-untyped-call]  # dramatiq's.
        if message is None:
            self._wait()
        return message

    def ack(self, message: dramatiq.MessageProxy) -> None:
        """Let go of a message that was worked on; there is room for another."""
        try:
            super().ack(message)  # type: ignore[no-untyped-call]  # dramatiq's.
        finally:
            self._room.set()

    def nack(self, message: dramatiq.MessageProxy) -> None:
        """Let go of a message that failed; there is room for another."""
        try:
            super().nack(message)  # type: ignore[no-untyped-call]  # dramatiq's.
        finally:
            self._room.set()

    def close(self) -> None:
        """Let go of the connection that waits."""
        self._redis.close()

    def _wait(self) -> None:
        """Sleep until there may be something to fetch, or the time-out is over."""
        self._is_empty = False
        if self.outstanding_message_count >= self.prefetch:
            # Others may take what lies there; we look again when a thread is free.
            self._room.wait(self._wait_seconds)
            return
        try:
            head = self._redis.blmove(
                self._queue_key,
                self._queue_key,
                max(1, round(self._wait_seconds)),
                "LEFT",
                "LEFT",
            )
            self._is_empty = head is None
        except (RedisError, OSError) as error:
            closed = ConnectionClosed(error)  # type: ignore[no-untyped-call]  # dramatiq's.
            raise closed from None


def _patient(client: Redis, *, seconds: float) -> Redis:
    """The same server by a connection of its own that may wait for so long."""
    pool = client.connection_pool
    settings = dict(pool.connection_kwargs)
    settings["socket_timeout"] = seconds + (settings.get("socket_timeout") or 1.0)
    return Redis(
        connection_pool=type(pool)(
            connection_class=pool.connection_class, max_connections=1, **settings
        )
    )
