"""What a worker's lines are about, also those that dramatiq writes of a message."""

import threading
from contextlib import ExitStack
from typing import Any

import dramatiq
from dramatiq import Broker
from dramatiq.middleware import Middleware

import logs


class Concerned(Middleware):
    """Opens what the lines of a thread are about with each message it takes.

    What the work on it had opened when it failed, an event for example, is said by
    dramatiq's own line about the failure, too.
    """

    def __init__(self) -> None:
        self._threads = threading.local()

    def before_process_message(
        self, broker: Broker, message: dramatiq.MessageProxy
    ) -> None:
        """Name the actor; the rest is named by whoever opens it."""
        self._close()
        self._threads.open = ExitStack()
        self._threads.open.enter_context(logs.concerning(actor=message.actor_name))

    def after_process_message(
        self,
        broker: Broker,
        message: dramatiq.MessageProxy,
        *,
        result: Any | None = None,
        exception: BaseException | None = None,
    ) -> None:
        """What comes next is about something else."""
        self._close()

    def after_skip_message(
        self, broker: Broker, message: dramatiq.MessageProxy
    ) -> None:
        """The same for a message that nobody worked on."""
        self._close()

    def _close(self) -> None:
        stack: ExitStack | None = getattr(self._threads, "open", None)
        if stack is not None:
            self._threads.open = None
            stack.close()
