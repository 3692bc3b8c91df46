"""The queue: its names, its client, its middleware, and the watch over its threads."""

import logging
import os
import sys
import threading
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware, ShutdownNotifications, TimeLimit
from dramatiq.worker import Worker
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers.queue.concerned import Concerned
from workers.queue.consumer import WaitingConsumer
from workers.queue.presence import Presence
from workers.queue.work_queue import WorkQueue

EVENTS = "events"
NOTICES = "notices"
RESYNC = "resync"
QUEUES = (EVENTS, NOTICES, RESYNC)

# A receiver rings in a thread of its own. On a busy machine a command may take longer
# than anybody would let WeCom wait, and a ring that is given up costs seconds.
RINGER_SECONDS = 0.25
_COMMAND_SECONDS = 1.0
_HEARTBEAT_SECONDS = 15.0
# Out of a million commands; in workers each one looks for the mail of dead workers.
_EVERY_COMMAND = 1_000_000
_NEVER = 0
_TIME_LIMIT_SECONDS = 600.0
# Actors have minutes; so often it is looked whose are over.
_LIMITS_SECONDS = 5.0
# A consumer that has nothing to fetch looks up this often: to pause, or to end.
_IDLE_SECONDS = 1.0
_WATCH_SECONDS = 5.0
# A supervisor starts the process again; the number only tells why in its log.
EXIT_CONSUMER_DIED = 70

_log = logging.getLogger(__name__)


def milliseconds(seconds: float) -> int:
    """The unit that dramatiq counts in."""
    return int(seconds * 1000)


def make_client(redis_url: str, *, timeout_seconds: float) -> Redis:
    """A client that never repeats a command by itself and waits no longer than told.

    Automatic repeats would pop or push twice: nobody knows what a lost answer did.
    """
    return Redis.from_url(
        redis_url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
    )


def make_broker(redis_url: str, *, receiver: bool) -> "DoorbellBroker":
    """The broker of this process; a receiver only enqueues."""
    seconds = RINGER_SECONDS if receiver else _COMMAND_SECONDS
    client = make_client(redis_url, timeout_seconds=seconds)
    return DoorbellBroker(  # type: ignore[no-untyped-call]  # dramatiq leaves it untyped.
        client=client,
        middleware=[
            NoRetries(),
            TimeLimit(
                time_limit=milliseconds(_TIME_LIMIT_SECONDS),
                interval=milliseconds(_LIMITS_SECONDS),
            ),
            ShutdownNotifications(),
            Pace(),
            Concerned(),
            Watchdog(),
            Presence(client),
        ],
        heartbeat_timeout=milliseconds(_HEARTBEAT_SECONDS),
        maintenance_chance=_NEVER if receiver else _EVERY_COMMAND,
    )


class DoorbellBroker(RedisBroker):
    """A Redis broker without delayed messages.

    dramatiq strands them when Redis blinks, and their consumer is the thread that
    dies; Postgres keeps every due time, so no such queue is declared at all.
    """

    # Which queues this process works on, once its worker has begun.
    served_queues: frozenset[str] = frozenset(QUEUES)

    @property
    def consumer_class(self) -> type[WaitingConsumer]:
        """What feeds the threads of a worker."""
        return WaitingConsumer

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue, but no delay queue beside it."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def enqueue(
        self, message: dramatiq.Message[Any], *, delay: int | None = None
    ) -> dramatiq.Message[Any]:
        """Enqueue a message at once.

        Raises: ValueError when it is to be delayed.
        """
        if delay is not None:
            raise ValueError("no message is delayed: due times are kept in Postgres")
        return super().enqueue(message)


class NoRetries(Middleware):
    """Knows the option `max_retries` and allows no other value than 0."""

    @property
    def actor_options(self) -> set[str]:
        """The options that actors may state."""
        return {"max_retries"}

    def before_declare_actor(
        self, broker: dramatiq.Broker, actor: dramatiq.Actor[..., Any]
    ) -> None:
        """Refuse an actor that asks dramatiq to repeat it.

        Raises: UnwantedRetries.
        """
        if actor.options.get("max_retries", 0) != 0:
            raise UnwantedRetries(actor.actor_name)


class UnwantedRetries(dramatiq.middleware.MiddlewareError):
    """An actor states retries; its outcome and due time belong into Postgres."""


class Pace(Middleware):
    """Sets how long a worker waits at once and how much it holds, which dramatiq reads
    from environment variables otherwise, and at what its threads wait; notes which
    queues it serves."""

    def before_worker_boot(self, broker: dramatiq.Broker, worker: Worker) -> None:
        """Wait at the queue, and take no more messages than there are threads."""
        worker.worker_timeout = milliseconds(_IDLE_SECONDS)
        worker.queue_prefetch = worker.worker_threads
        worker.work_queue = WorkQueue()
        if isinstance(broker, DoorbellBroker) and worker.consumer_whitelist:
            broker.served_queues = frozenset(worker.consumer_whitelist)

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: Worker) -> None:
        """Wake the threads that wait for work: none will come."""
        if isinstance(worker.work_queue, WorkQueue):
            worker.work_queue.end()


class Watchdog(Middleware):
    """Ends the process when a thread that feeds it has died unnoticed."""

    def __init__(self, *, watch_seconds: float = _WATCH_SECONDS) -> None:
        self._watch_seconds = watch_seconds
        self._stopping = threading.Event()

    def after_worker_boot(self, broker: dramatiq.Broker, worker: Worker) -> None:
        """Begin to watch the consumers and threads of a worker."""
        threading.Thread(
            target=self._watch, args=(worker,), name="watchdog", daemon=True
        ).start()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: Worker) -> None:
        """Stop watching: from here on threads end as they should."""
        self._stopping.set()

    def _watch(self, worker: Worker) -> None:
        while not self._stopping.wait(self._watch_seconds):
            dead = find_dead_thread(worker)
            if dead is not None and not self._stopping.is_set():
                _end_process(dead)


def find_dead_thread(worker: Worker) -> str | None:
    """The name of a queue whose consumer has died, or of a dead worker thread."""
    for queue_name, consumer in worker.consumers.items():
        if not consumer.is_alive():
            return queue_name
    for thread in worker.workers:
        if not thread.is_alive():
            return thread.name
    return None


def _end_process(dead: str) -> None:
    # exit() would only end this thread, and a clean shutdown would wait for the dead.
    _log.critical("consumer thread died, process ends", extra={"queue": dead})
    for handler in logging.getLogger().handlers:
        handler.flush()
    sys.stderr.flush()
    os._exit(EXIT_CONSUMER_DIED)
