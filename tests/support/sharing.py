"""How several processes share the tests: what takes long begins first."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

# A folder that is not named comes between these. Journeys wait for whole products, and
# laws are few tests of minutes: begun last, one process would end them alone.
_FIRST = ("e2e", "property")
_LAST = ("unit",)
# All of these read every file of the project: whoever has read them once, goes on. And
# each of these rooms has a product, of ten processes, that is started once for it.
_TOGETHER = frozenset({"guards", "e2e/faults", "e2e/links", "e2e/org"})


def by_length(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests, the longest kinds first; within a kind as they were."""
    return sorted(items, key=lambda item: _rank(_folder(item.nodeid)))


class FilesAndRooms(LoadFileScheduling):  # type: ignore[misc] # Has no types.
    """A file at a time for each process, and some rooms as if each were one file."""

    def _split_scope(self, nodeid: str) -> Any:
        room = "/".join(_folders(nodeid)[:2])
        return room if room in _TOGETHER else super()._split_scope(nodeid)


def _folder(nodeid: str) -> str:
    return next(iter(_folders(nodeid)), "")


def _folders(nodeid: str) -> tuple[str, ...]:
    """Those between the tests' own and the file."""
    return PurePosixPath(nodeid.partition("::")[0]).parts[1:-1]


def _rank(folder: str) -> int:
    if folder in _FIRST:
        return _FIRST.index(folder) - len(_FIRST)
    return 1 if folder in _LAST else 0
