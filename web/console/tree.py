"""The org tree as it is shown: only what is unfolded is read and rendered."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from store.database import Connection
from store.summaries.departments import TreeRow, list_shared_places, list_tree
from store.summaries.members import (
    MemberSummary,
    list_in_department,
    list_without_department,
)

# A department shows this many people until somebody asks for all of them.
FIRST_MEMBERS = 100
MOST_MEMBERS = 2_000
MOST_OPEN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfolded:
    """What the reader has unfolded: departments, and those shown with everybody."""

    departments: frozenset[int]
    in_full: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A department with what is visible below it."""

    row: TreeRow
    total: int
    is_open: bool
    can_unfold: bool
    children: tuple["Node", ...]
    members: tuple[MemberSummary, ...]
    hidden_members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The roots, and the people who stand in no listed department."""

    roots: tuple[Node, ...]
    singles: tuple[MemberSummary, ...]
    departments: int


def root_ids(rows: list[TreeRow]) -> list[int]:
    """The departments whose parent is not listed; one of each cycle as well."""
    listed = {row.department_id for row in rows}
    below = _children(rows)
    roots = [row.department_id for row in rows if row.parent_id not in listed]
    reached = _reach(roots, below)
    for row in rows:
        # A cycle has no root of its own; WeCom never sends one, a tree must not hang.
        if row.department_id not in reached:
            roots.append(row.department_id)
            reached |= _reach([row.department_id], below)
    return roots


def count_people(
    rows: list[TreeRow], shared_places: list[list[int]]
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


def build_tree(connection: Connection, corp_pk: int, unfolded: Unfolded | None) -> Tree:
    """The tree with these departments unfolded; None unfolds the roots."""
    rows = list_tree(connection, corp_pk)
    roots = root_ids(rows)
    chosen = unfolded or Unfolded(departments=frozenset(roots), in_full=frozenset())
    builder = _Builder(
        connection=connection,
        corp_pk=corp_pk,
        rows={row.department_id: row for row in rows},
        below=_children(rows),
        totals=count_people(rows, list_shared_places(connection, corp_pk)),
        unfolded=chosen,
    )
    return Tree(
        roots=tuple(builder.node(root, frozenset()) for root in roots),
        singles=tuple(list_without_department(connection, corp_pk, limit=MOST_MEMBERS)),
        departments=len(rows),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Builder:
    connection: Connection
    corp_pk: int
    rows: Mapping[int, TreeRow]
    below: Mapping[int, list[int]]
    totals: Mapping[int, int]
    unfolded: Unfolded

    def node(self, department_id: int, above: frozenset[int]) -> Node:
        row = self.rows[department_id]
        path = above | {department_id}
        below = [i for i in self.below.get(department_id, []) if i not in path]
        can_unfold = bool(row.members or below)
        is_open = can_unfold and department_id in self.unfolded.departments
        members = self._members(department_id) if is_open else ()
        return Node(
            row=row,
            total=self.totals[department_id],
            is_open=is_open,
            can_unfold=can_unfold,
            children=tuple(self.node(i, path) for i in below) if is_open else (),
            members=members,
            hidden_members=row.members - len(members) if is_open else 0,
        )

    def _members(self, department_id: int) -> tuple[MemberSummary, ...]:
        in_full = department_id in self.unfolded.in_full
        limit = MOST_MEMBERS if in_full else FIRST_MEMBERS
        found = list_in_department(
            self.connection, self.corp_pk, department_id, limit=limit
        )
        return tuple(found)


def _path(start: int, parents: Mapping[int, int | None]) -> set[int]:
    path: set[int] = set()
    at: int | None = start
    while at is not None and at in parents and at not in path:
        path.add(at)
        at = parents[at]
    return path


def _children(rows: list[TreeRow]) -> dict[int, list[int]]:
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
