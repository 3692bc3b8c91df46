"""Marks a call whose failing says nothing about the corp: others were answered."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Mark(threading.local):
    on = False


_mark = _Mark()


@contextmanager
def failing_alone() -> Iterator[None]:
    """Calls that this thread makes in the block start no back-off of their corp.

    Whoever marks them watches how many fail: the marked key waits by itself instead.
    """
    before, _mark.on = _mark.on, True
    try:
        yield
    finally:
        _mark.on = before


def is_failing_alone() -> bool:
    """Whether a failure now is to be held against the question, not the corp."""
    return _mark.on
