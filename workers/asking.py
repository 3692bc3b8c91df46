"""Asks many questions at once, a bounded number of them, in threads that stay."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TypeVar

_THREADS = 32

Subject = TypeVar("Subject")
Answer = TypeVar("Answer")


def ask_all(
    question: Callable[[Subject], Answer],
    subjects: Iterable[Subject],
    *,
    at_once: int,
) -> list[Answer]:
    """The answers in the order of the subjects; at most `at_once` are under way.

    Raises: the first error in that order; questions not yet begun are left out.
    """
    answers, error = ask_some(question, subjects, at_once=at_once)
    if error is not None:
        raise error
    return [answer for _, answer in answers]


def ask_some(
    question: Callable[[Subject], Answer],
    subjects: Iterable[Subject],
    *,
    at_once: int,
) -> tuple[list[tuple[Subject, Answer]], Exception | None]:
    """What was answered before the first error, with that error, if there was one."""
    wanted = list(subjects)
    gate = threading.Semaphore(at_once)
    failed = threading.Event()

    def guarded(subject: Subject) -> Answer:
        with gate:
            if failed.is_set():
                raise Abandoned
            try:
                return question(subject)
            except BaseException:
                failed.set()
                raise

    # One question needs no second thread.
    submit = _pool().submit if len(wanted) > 1 else _at_once
    futures = [submit(guarded, each) for each in wanted]
    answers = [
        (subject, future.result())
        for subject, future in zip(wanted, futures, strict=True)
        if future.exception() is None
    ]
    errors = [error for each in futures if (error := each.exception()) is not None]
    first = next((each for each in errors if not isinstance(each, Abandoned)), None)
    if first is not None and not isinstance(first, Exception):
        raise first
    return answers, first


def _at_once(
    question: Callable[[Subject], Answer], subject: Subject
) -> "Future[Answer]":
    future: Future[Answer] = Future()
    try:
        future.set_result(question(subject))
    except Exception as error:
        future.set_exception(error)
    return future


class Abandoned(Exception):
    """Not asked any more, because another question of the same batch failed."""


@cache
def _pool() -> ThreadPoolExecutor:
    # Threads that stay keep their connections to WeCom open.
    return ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="asking")
