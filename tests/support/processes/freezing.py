"""Servers that hang: they keep their connections and answer nothing."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil


@contextmanager
def frozen(pid: int, *, children_alone: bool = False) -> Iterator[None]:
    """A server that stands still with all its processes, or with its children alone."""
    children = psutil.Process(pid).children(recursive=True)
    tree = children if children_alone else [psutil.Process(pid), *children]
    for process in tree:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in tree:
            process.send_signal(signal.SIGCONT)
