"""Roots of a tree of departments, and how many people are in each or below it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol


class CountedDepartment(Protocol):
    """A department with its parent and the people directly in it."""

    @property
    def department_id(self) -> int: ...
    @property
    def parent_id(self) -> int | None: ...
    @property
    def members(self) -> int: ...


def root_ids(rows: Sequence[CountedDepartment]) -> list[int]:
    """The departments whose parent is not listed; one of each cycle as well."""
    listed = {row.department_id for row in rows}
    below = children_of(rows)
    roots = [row.department_id for row in rows if row.parent_id not in listed]
    reached = _reach(roots, below)
    for row in rows:
        # A cycle has no root of its own; WeCom never sends one, a tree must not hang.
        if row.department_id not in reached:
            roots.append(row.department_id)
            reached |= _reach([row.department_id], below)
    return roots


def count_people(
    rows: Sequence[CountedDepartment], shared_places: Sequence[Sequence[int]]
) -> Mapping[int, int]:
    """How many people are in each department or below it, each counted once."""
    parents = {row.department_id: row.parent_id for row in rows}
    totals: Counter[int] = Counter()
    for row in rows:
        for department_id in _path(row.department_id, parents):
            totals[department_id] += row.members
    for places in shared_places:
        times = Counter(i for place in places for i in _path(place, parents))
        for department_id, number in times.items():
            totals[department_id] -= number - 1
    return totals


def _path(start: int, parents: Mapping[int, int | None]) -> set[int]:
    path: set[int] = set()
    at: int | None = start
    while at is not None and at in parents and at not in path:
        path.add(at)
        at = parents[at]
    return path


def children_of(rows: Sequence[CountedDepartment]) -> dict[int, list[int]]:
    """The departments below each, in the order given."""
    below: dict[int, list[int]] = {}
    for row in rows:
        if row.parent_id is not None:
            below.setdefault(row.parent_id, []).append(row.department_id)
    return below


def _reach(starts: list[int], below: Mapping[int, list[int]]) -> set[int]:
    reached: set[int] = set()
    waiting = list(starts)
    while waiting:
        department_id = waiting.pop()
        if department_id not in reached:
            reached.add(department_id)
            waiting += below.get(department_id, [])
    return reached
