"""How many examples a law is tried with: few each time, many every night."""

import os

from hypothesis import settings

# `make test-long` sets it; a night has room for this many times the usual number.
LONG = "LONG_TESTS"
# How many of each law, for a long one that is to be tried in several runs.
COUNT = "LONG_EXAMPLES"
_NIGHTLY = 20
# What Hypothesis tries of a law that says nothing else.
_USUAL = 100


def is_long() -> bool:
    """Whether laws are tried long, with other examples each time."""
    return bool(os.environ.get(LONG))


def examples(usual: int) -> int:
    """The usual number of examples, or that of a night."""
    if not is_long():
        return usual
    return int(os.environ.get(COUNT) or usual * _NIGHTLY)


def choose_profile() -> None:
    """The same examples each time, so that a change is judged; others every night."""
    settings.register_profile("each-time", derandomize=True, database=None)
    settings.register_profile("nightly", print_blob=True, max_examples=examples(_USUAL))
    settings.load_profile("nightly" if is_long() else "each-time")
