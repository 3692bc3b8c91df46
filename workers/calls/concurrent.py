"""Asks many questions at once, a bounded number of them, in threads that stay."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
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
    asked = _Round(
        question, subjects, at_once=at_once, waiting=batch * _WAITING_BATCHES
    )
    try:
        yield from asked.batches(batch)
    finally:
        asked.stop()


class _Round(Generic[Subject, Answer]):
    """Questions of one kind, shared by as many askers as may be under way."""

    def __init__(
        self,
        question: Callable[[Subject], Answer],
        subjects: Iterable[Subject],
        *,
        at_once: Width,
        waiting: int,
    ) -> None:
        self._question = question
        self._subjects = iter(subjects)
        self._at_once = at_once
        # None stands for the end: the last asker has left.
        self._answers: queue.Queue[tuple[Subject, Answer] | None] = queue.Queue(waiting)
        self._lock = threading.Lock()
        self._askers = 0
        self._over = False
        self._ended = False
        self._error: BaseException | None = None

    def batches(self, size: int) -> Iterator[list[tuple[Subject, Answer]]]:
        self._widen()
        got: list[tuple[Subject, Answer]] = []
        while (answered := self._answers.get()) is not None:
            got.append(answered)
            if len(got) == size:
                yield got
                got = []
        self._ended = True
        if got:
            yield got
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Begin no more questions, and let those that are under way come to an end."""
        with self._lock:
            self._over = True
        while not self._ended:
            self._ended = self._answers.get() is None

    def _widen(self) -> None:
        with self._lock:
            more = 0 if self._over else max(1, self._at_once()) - self._askers
            self._askers += max(0, more)
        for _ in range(more):
            # Lines and spans of what is asked belong to whoever asks.
            _pool().submit(copy_context().run, self._ask)

    def _ask(self) -> None:
        while (taken := self._take()) is not None:
            (subject,) = taken
            try:
                answer = self._question(subject)
            except BaseException as error:
                self._fail(error)
            else:
                self._answers.put((subject, answer))
                self._widen()

    def _take(self) -> tuple[Subject] | None:
        """The next subject; None when this asker is to leave."""
        with self._lock:
            if not self._over and self._askers <= max(1, self._at_once()):
                for subject in self._subjects:
                    return (subject,)
                self._over = True
            self._askers -= 1
            last = self._askers == 0
        if last:
            self._answers.put(None)
        return None

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            self._over = True
            self._error = self._error or error


@cache
def _pool() -> ThreadPoolExecutor:
    # Threads that stay keep their connections to WeCom open.
    return ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="asking")
