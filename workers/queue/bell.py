"""The doorbell: tells workers that a mailbox, a run or a batch of notices is due.

Redis holds nothing that matters here. A lost ring costs seconds, until upkeep rings.
"""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import dramatiq
from redis import Redis, RedisError

from workers.queue.broker import (
    EVENTS,
    NOTICES,
    RESYNC,
    RINGER_SECONDS,
    make_broker,
    make_client,
    milliseconds,
)

_RING_SECONDS = 5.0
_QUIET_SECONDS = 60.0
_PAUSE_SECONDS = 0.02
_WORKER_COMMAND_SECONDS = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ring:
    """What is due, and the message that has a worker look at it."""

    name: str
    queue_name: str
    actor_name: str
    argument: int | str

    def message(self) -> dramatiq.Message[None]:
        """The message; it bears nothing but the argument."""
        return dramatiq.Message(
            queue_name=self.queue_name,
            actor_name=self.actor_name,
            args=(self.argument,),
            kwargs={},
            options={},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A kind of work that is rung for one by one, and who does it."""

    prefix: str
    queue_name: str
    actor_name: str

    def name_of(self, argument: int | str) -> str:
        """By what a ring for this one is known."""
        return f"{self.prefix}:{argument}"

    def ring(self, argument: int | str) -> _Ring:
        """A ring for this one."""
        return _Ring(
            name=self.name_of(argument),
            queue_name=self.queue_name,
            actor_name=self.actor_name,
            argument=argument,
        )


_RUN = _Work(prefix="run", queue_name=RESYNC, actor_name="resync")
_ACCOUNTS = _Work(prefix="accounts", queue_name=RESYNC, actor_name="read_accounts")
_DELIVERY = _Work(prefix="notices", queue_name=NOTICES, actor_name="deliver")
_LOGOUTS = _Work(prefix="logouts", queue_name=NOTICES, actor_name="tell_logouts")
_ALERT = _Work(prefix="alert", queue_name=NOTICES, actor_name="tell_alert")
_PREVIEW = _Work(prefix="preview", queue_name=EVENTS, actor_name="preview")


class Bell:
    """Rings workers: at most one message waits for each thing that is due."""

    def __init__(self, redis: Redis, broker: dramatiq.Broker) -> None:
        self._redis = redis
        self._broker = broker
        self._quiet_until = 0.0

    def ring(self, mailbox: str) -> bool:
        """Ask for a drain of the mailbox; False when Redis did not answer.

        Repeats: nothing more is enqueued until a drain answers, 5 s at the most.
        """
        return self.ring_all([mailbox])

    def ring_all(self, mailboxes: Iterable[str]) -> bool:
        """Ask for a drain of each of these; False when Redis did not answer."""
        return self._ring(
            [
                _Ring(name=each, queue_name=EVENTS, actor_name="drain", argument=each)
                for each in mailboxes
            ]
        )

    def ring_run(self, run_id: str) -> bool:
        """Ask for work on a run; False when Redis did not answer."""
        return self._ring([_RUN.ring(run_id)])

    def ring_notices(self, corp_pk: int) -> bool:
        """Ask for the delivery of a corp's notices; False when Redis did not answer."""
        return self._ring([_DELIVERY.ring(corp_pk)])

    def ring_accounts(self, company_id: str) -> bool:
        """Ask for the reading of a company's people; False when Redis did not answer.

        Repeats: nothing more is enqueued until a worker answers, 5 s at the most.
        """
        return self._ring([_ACCOUNTS.ring(company_id)])

    def ring_logouts(self, client_id: str) -> bool:
        """Ask for a client to be told of logouts; False when Redis did not answer."""
        return self._ring([_LOGOUTS.ring(client_id)])

    def ring_preview(self, reference: str) -> bool:
        """Ask for the answer of a preview; False when Redis did not answer."""
        return self._ring([_PREVIEW.ring(reference)])

    def ring_alert(self, delivery_id: int) -> bool:
        """Ask for the telling of an alert; False when Redis did not answer."""
        return self._ring([_ALERT.ring(delivery_id)])

    def answer(self, mailbox: str) -> bool:
        """Let the mailbox be rung again; a drain's first act."""
        return self._answer(mailbox)

    def answer_run(self, run_id: str) -> bool:
        """Let the run be rung again; the first act of whoever works on it."""
        return self._answer(_RUN.name_of(run_id))

    def answer_accounts(self, company_id: str) -> bool:
        """Let the reading be rung for again; the first act of whoever reads."""
        return self._answer(_ACCOUNTS.name_of(company_id))

    def answer_logouts(self, client_id: str) -> bool:
        """Let the client's logouts be rung for again; the first act of who tells."""
        return self._answer(_LOGOUTS.name_of(client_id))

    def answer_alert(self, delivery_id: int) -> bool:
        """Let the alert be rung for again; the first act of whoever tells it."""
        return self._answer(_ALERT.name_of(delivery_id))

    def answer_preview(self, reference: str) -> bool:
        """Let the preview be rung for again; the first act of whoever answers it."""
        return self._answer(_PREVIEW.name_of(reference))

    def answer_notices(self, corp_pk: int) -> bool:
        """Let the corp's notices be rung again; the first act of who delivers them."""
        return self._answer(_DELIVERY.name_of(corp_pk))

    def _ring(self, rings: Sequence["_Ring"]) -> bool:
        waiting = {f"ring:{each.name}": each for each in rings}
        try:
            for name, is_new in self._claim(list(waiting)).items():
                if is_new:
                    self._broker.enqueue(waiting[name].message())
                del waiting[name]
        except (RedisError, OSError) as error:
            self._note(error)
            # Whatever did arrive: a ring without a message would silence the next ones.
            self._drop(list(waiting))
            return False
        return True

    def _claim(self, names: Sequence[str]) -> dict[str, bool]:
        """Whether nobody has rung for these yet; in one trip, for a flood of them."""
        pipeline = self._redis.pipeline(transaction=False)
        for each in names:
            pipeline.set(each, b"1", nx=True, px=milliseconds(_RING_SECONDS))
        return dict(zip(names, map(bool, pipeline.execute()), strict=True))

    def _answer(self, name: str) -> bool:
        return self._drop([f"ring:{name}"])

    def _drop(self, names: Sequence[str]) -> bool:
        try:
            self._redis.delete(*names)
        except (RedisError, OSError) as error:
            self._note(error)
            return False
        return True

    def _note(self, error: Exception) -> None:
        # Once a minute: while Redis is away every callback would write this line.
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + _QUIET_SECONDS
            _log.info("ring failed", extra={"error": type(error).__name__})


class Ringer:
    """Rings in a thread of its own, so that an answer to WeCom never waits for Redis.

    Mailboxes that are asked for while a ring is under way are rung once.
    """

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._due: dict[str, None] = {}
        self._changed = threading.Condition()
        self._pause = threading.Event()
        self._thread: threading.Thread | None = None

    def ring(self, mailbox: str) -> None:
        """Have the mailbox rung soon; returns at once."""
        with self._changed:
            self._due[mailbox] = None
            if self._thread is None or not self._thread.is_alive():
                # Only now: a thread started before a fork would not be in the child.
                self._thread = threading.Thread(
                    target=self._run, name="ringer", daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due:
                    self._changed.wait()
                due, self._due = self._due, {}
            self._bell.ring_all(due)
            # What comes meanwhile is rung for together: a flood of callbacks must not
            # spend on rings what it needs for answers.
            self._pause.wait(_PAUSE_SECONDS)


def open_bell(redis_url: str) -> Bell:
    """The bell of a process that waits for Redis if it must: web, workers, clock."""
    client = make_client(redis_url, timeout_seconds=_WORKER_COMMAND_SECONDS)
    return Bell(client, make_broker(redis_url, receiver=False))


def open_ringer(redis_url: str) -> Ringer:
    """The bell of a receiver: in the background, where no answer waits for it."""
    client = make_client(redis_url, timeout_seconds=RINGER_SECONDS)
    return Ringer(Bell(client, make_broker(redis_url, receiver=True)))
