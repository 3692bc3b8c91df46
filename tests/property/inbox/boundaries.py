"""Where a worker can die, each by its kind: a law need not try all that are alike."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from unittest.mock import patch

from tests.support.examples import is_long
from tests.support.mortal import Mortal
from tests.support.org.pipeline import Tenant

# Whose work it is that comes to a boundary; the pool itself is everybody's.
_ROOMS = ("workers.", "store.")
_POOL = "store.database"


@contextmanager
def listing(mortal: Mortal, tenant: Tenant) -> Iterator[list[str]]:
    """The kinds of the boundaries that the work in the block comes to, in turn.

    Shape: a kind is the function that opens a transaction and whether it is before,
        in or after it; or what WeCom is asked for.
    """
    found: list[str] = []
    tenant.world.watch = lambda asked: found.append(asked.partition(":")[0])
    with patch.object(mortal, "step", lambda: found.append(_kind())):
        yield found
    tenant.world.watch = lambda _: None


def worth_dying_at(kinds: Sequence[str]) -> list[int]:
    """The first boundary of each kind, at night all of them; and one too many."""
    first = [kinds.index(each) for each in dict.fromkeys(kinds)]
    return [*(range(len(kinds)) if is_long() else first), len(kinds)]


def _kind() -> str:
    # Two above: the pool, which stands before, in or after a transaction.
    frame: FrameType | None = sys._getframe(2)
    assert frame is not None
    phase = frame.f_lineno
    while frame is not None:
        module, function = frame.f_globals["__name__"], frame.f_code.co_name
        if module.startswith(_ROOMS) and module != _POOL:
            return f"{module}.{function} {phase}"
        frame = frame.f_back
    return f"elsewhere {phase}"
