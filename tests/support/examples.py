"""How many examples a law is tried with: few each time, many every night."""

import os

# `make test-long` sets it; a night has room for this many times the usual number.
LONG = "LONG_TESTS"
_NIGHTLY = 20


def examples(usual: int) -> int:
    """The usual number of examples, or that of a night."""
    return usual * _NIGHTLY if os.environ.get(LONG) else usual
