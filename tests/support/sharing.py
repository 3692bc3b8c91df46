"""How several processes share the tests: what takes long begins first."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

# A folder that is not named comes between these. Laws are few tests of minutes, and
# journeys wait for whole products: begun last, one process would end them alone.
_FIRST = ("property", "e2e")
_LAST = ("unit",)
# All of these read every file of the project: whoever has read them once, goes on.
_TOGETHER = "guards"


def by_length(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests, the longest kinds first; within a kind as they were."""
    return sorted(items, key=lambda item: _rank(_folder(item.nodeid)))


class FilesAndGuards(LoadFileScheduling):  # type: ignore[misc] # Has no types.
    """A file at a time for each process, and the guards as if they were one file."""

    def _split_scope(self, nodeid: str) -> Any:
        folder = _folder(nodeid)
        return folder if folder == _TOGETHER else super()._split_scope(nodeid)


def _folder(nodeid: str) -> str:
    parts = PurePosixPath(nodeid.partition("::")[0]).parts
    return parts[1] if len(parts) > 2 else ""


def _rank(folder: str) -> int:
    if folder in _FIRST:
        return _FIRST.index(folder) - len(_FIRST)
    return 1 if folder in _LAST else 0
