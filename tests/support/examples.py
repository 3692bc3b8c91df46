"""How many examples a law is tried with: few each time, many every night."""

import os

from hypothesis import settings

# `make test-long` sets it; a night has room for this many times the usual number.
LONG = "LONG_TESTS"
_NIGHTLY = 20


def examples(usual: int) -> int:
    """The usual number of examples, or that of a night."""
    return usual * _NIGHTLY if os.environ.get(LONG) else usual


def choose_profile() -> None:
    """The same examples each time, so that a change is judged; others every night."""
    settings.register_profile("each-time", derandomize=True, database=None)
    settings.register_profile("nightly", print_blob=True)
    settings.load_profile("nightly" if os.environ.get(LONG) else "each-time")
