"""Asks many questions at once, a bounded number of them, in threads that stay."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
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
    wanted = list(subjects)
    if len(wanted) < 2:
        return [question(each) for each in wanted]
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

    futures = [_pool().submit(guarded, each) for each in wanted]
    errors = [error for each in futures if (error := each.exception()) is not None]
    for error in errors:
        if not isinstance(error, Abandoned):
            raise error
    return [each.result() for each in futures]


class Abandoned(Exception):
    """Not asked any more, because another question of the same batch failed."""


@cache
def _pool() -> ThreadPoolExecutor:
    # Threads that stay keep their connections to WeCom open.
    return ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="asking")
