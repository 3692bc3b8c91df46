"""Asks many questions at once, a bounded number of them, in threads that stay."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Generic, TypeVar

# Enough for every thread of a worker to ask at its widest: a corp whose answers do not
# come keeps nobody else's questions waiting.
_THREADS = 128
# So many batches may wait to be taken; then whoever asks pauses.
_WAITING_BATCHES = 2

Subject = TypeVar("Subject")
Answer = TypeVar("Answer")
# How many may be under way; asked before each question, because it may change.
Width = Callable[[], int]


def ask_all(
    question: Callable[[Subject], Answer],
    subjects: Iterable[Subject],
    *,
    at_once: Width,
) -> list[Answer]:
    """The answers in the order of the subjects.

    Raises: the first error; questions not yet begun are left out.
    """
    wanted = list(subjects)
    if len(wanted) <= 1:
        # One question needs no second thread, and none needs no thread at all.
        return [question(each) for each in wanted]
    found: dict[int, Answer] = {}
    for batch in ask_flowing(
        lambda number: question(wanted[number]),
        range(len(wanted)),
        at_once=at_once,
        batch=len(wanted) or 1,
    ):
        found.update(batch)
    return [found[number] for number in range(len(wanted))]


def ask_flowing(
    question: Callable[[Subject], Answer],
    subjects: Iterable[Subject],
    *,
    at_once: Width,
    batch: int,
) -> Iterator[list[tuple[Subject, Answer]]]:
    """Batches of what was answered; asking goes on while the caller works on one.

    Raises: the first error, after everything that was answered has been handed out;
        questions not yet begun are left out.
    """
    asked = _Round(question, subjects, at_once=at_once, batch=batch)
    try:
        yield from asked.batches()
    finally:
        asked.stop()


class _Round(Generic[Subject, Answer]):
    """Questions of one kind, shared by as many askers as may be under way.

    Whoever takes the answers is woken for a whole batch: to wake it for each of them
    costs as much as a third of the call.
    """

    def __init__(
        self,
        question: Callable[[Subject], Answer],
        subjects: Iterable[Subject],
        *,
        at_once: Width,
        batch: int,
    ) -> None:
        self._question = question
        self._subjects = iter(subjects)
        self._at_once = at_once
        self._batch = batch
        self._answers: list[tuple[Subject, Answer]] = []
        self._lock = threading.Lock()
        # A batch is there, or the last asker has left; there is room for more.
        self._ready = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._askers = 0
        self._over = False
        self._dropped = False
        self._error: BaseException | None = None

    def batches(self) -> Iterator[list[tuple[Subject, Answer]]]:
        with self._lock:
            more = self._missing()
        self._start(more)
        while got := self._collect():
            yield got
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Begin no more questions, and let those that are under way come to an end."""
        with self._lock:
            self._over = self._dropped = True
            self._room.notify_all()
            while self._askers:
                self._ready.wait()

    def _collect(self) -> list[tuple[Subject, Answer]]:
        """The next batch; the last may be smaller, and then there is none."""
        with self._lock:
            while self._askers and len(self._answers) < self._batch:
                self._ready.wait()
            got = self._answers[: self._batch]
            del self._answers[: self._batch]
            self._room.notify_all()
            return got

    def _ask(self) -> None:
        answered: list[tuple[Subject, Answer]] = []
        while (taken := self._hand_over(answered)) is not None:
            (subject,) = taken
            try:
                answered = [(subject, self._question(subject))]
            except BaseException as error:
                answered = []
                self._fail(error)

    def _hand_over(
        self, answered: Sequence[tuple[Subject, Answer]]
    ) -> tuple[Subject] | None:
        """Give what was answered, take the next subject; None: this asker leaves."""
        with self._lock:
            if answered:
                self._keep(answered)
            taken = self._take()
            # An answer may have made the lane wider.
            more = self._missing() if answered else 0
        self._start(more)
        return taken

    def _keep(self, answered: Sequence[tuple[Subject, Answer]]) -> None:
        most = self._batch * _WAITING_BATCHES
        while len(self._answers) >= most and not self._dropped:
            self._room.wait()
        self._answers += answered
        if len(self._answers) >= self._batch:
            self._ready.notify_all()

    def _take(self) -> tuple[Subject] | None:
        if not self._over and self._askers <= max(1, self._at_once()):
            for subject in self._subjects:
                return (subject,)
            self._over = True
        self._askers -= 1
        if not self._askers:
            self._ready.notify_all()
        return None

    def _missing(self) -> int:
        """How many more askers there may be; they count from here on."""
        more = 0 if self._over else max(0, max(1, self._at_once()) - self._askers)
        self._askers += more
        return more

    def _start(self, more: int) -> None:
        for _ in range(more):
            # Lines and spans of what is asked belong to whoever asks.
            _pool().submit(copy_context().run, self._ask)

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            self._over = True
            self._error = self._error or error


@cache
def _pool() -> ThreadPoolExecutor:
    # Threads that stay keep their connections to WeCom open.
    return ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="asking")
