"""The org tree as it is shown: only what is unfolded is read and rendered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from flask import url_for

from domain.org.headcount import children_of, count_people, root_ids
from store.database import Connection
from store.summaries.operations import censuses
from store.summaries.org import corp_facts
from store.summaries.org.departments import (
    TreeRow,
    count_direct,
    find_roots,
    list_shared_places,
    list_shown,
    list_tree,
)
from store.summaries.org.members import (
    MemberSummary,
    list_in_department,
    list_without_department,
)

# A department shows this many people; the list of people has the others.
FIRST_MEMBERS = 50
MOST_OPEN = 200
# Of a large corp so many people are counted in one department.
MOST_DIRECT = 2_000
# A page of more lines is read by nobody, and grows beyond what a page may weigh.
MOST_LINES = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfolded:
    """The departments that the reader has unfolded."""

    departments: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A department with what is visible below it; `total` None: not counted."""

    row: TreeRow
    total: int | None
    is_open: bool
    can_unfold: bool
    children: tuple["Node", ...]
    members: tuple[MemberSummary, ...]
    hidden_members: int
    hidden_children: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The roots, and the people who stand in no listed department."""

    roots: tuple[Node, ...]
    singles: tuple[MemberSummary, ...]
    departments: int
    hidden_roots: int
    is_open: frozenset[int]


def address_unfolded(corp_id: str, opened: frozenset[int], department_id: int) -> str:
    """The corp's page with one more department unfolded, or folded again."""
    after = opened ^ {department_id}
    chosen = ",".join(map(str, sorted(after)[:MOST_OPEN]))
    address = url_for("console.show_corp", corp_id=corp_id, open=chosen)
    return f"{address}#d{department_id}"


def build_tree(connection: Connection, corp_pk: int, unfolded: Unfolded | None) -> Tree:
    """The tree with these departments unfolded; None unfolds the roots."""
    read = _read_large if corp_facts.is_large(connection, corp_pk) else _read_whole
    rows, totals, opened = read(connection, corp_pk, unfolded)
    roots = root_ids(rows)
    builder = _Builder(
        connection=connection,
        corp_pk=corp_pk,
        rows={row.department_id: row for row in rows},
        below=children_of(rows),
        totals=totals,
        unfolded=opened,
    )
    nodes = builder.nodes(roots, frozenset())
    return Tree(
        roots=nodes,
        # Among many they are found by a read of all: the list of people has them.
        singles=()
        if read is _read_large
        else tuple(list_without_department(connection, corp_pk, limit=FIRST_MEMBERS)),
        departments=len(rows),
        hidden_roots=len(roots) - len(nodes),
        is_open=opened,
    )


_Read = tuple[list[TreeRow], Mapping[int, int], frozenset[int]]


def _read_whole(
    connection: Connection, corp_pk: int, unfolded: Unfolded | None
) -> _Read:
    """All departments with everybody counted: of a small corp that is quick."""
    rows = list_tree(connection, corp_pk)
    totals = count_people(rows, list_shared_places(connection, corp_pk))
    opened = unfolded.departments if unfolded else frozenset(root_ids(rows))
    return rows, totals, opened


def _read_large(
    connection: Connection, corp_pk: int, unfolded: Unfolded | None
) -> _Read:
    """The departments that are shown, with the sums that the clock has counted."""
    opened = (
        unfolded.departments
        if unfolded
        else frozenset(find_roots(connection, corp_pk, limit=MOST_OPEN))
    )
    rows = list_shown(
        connection, corp_pk, opened=sorted(opened), limit=MOST_LINES + MOST_OPEN
    )
    ids = [row.department_id for row in rows]
    direct = count_direct(connection, corp_pk, ids, most=MOST_DIRECT)
    counted = [replace(row, members=direct[row.department_id]) for row in rows]
    return counted, censuses.find_totals(connection, corp_pk, ids), opened


@dataclass(frozen=True, slots=True, kw_only=True)
class _Builder:
    connection: Connection
    corp_pk: int
    rows: Mapping[int, TreeRow]
    below: Mapping[int, list[int]]
    totals: Mapping[int, int]
    unfolded: frozenset[int]
    left: list[int] = field(default_factory=lambda: [MOST_LINES])

    def nodes(self, ids: Iterable[int], path: frozenset[int]) -> tuple[Node, ...]:
        """As many of these as the page has lines left."""
        made = []
        for department_id in ids:
            if self.left[0] <= 0:
                break
            self.left[0] -= 1
            made.append(self.node(department_id, path))
        return tuple(made)

    def node(self, department_id: int, above: frozenset[int]) -> Node:
        row = self.rows[department_id]
        path = above | {department_id}
        below = [i for i in self.below.get(department_id, []) if i not in path]
        can_unfold = bool(row.members or below or row.has_children)
        is_open = can_unfold and department_id in self.unfolded
        members = self._members(department_id) if is_open else ()
        children = self.nodes(below, path) if is_open else ()
        return Node(
            row=row,
            total=self.totals.get(department_id),
            is_open=is_open,
            can_unfold=can_unfold,
            children=children,
            members=members,
            hidden_members=max(0, row.members - len(members)) if is_open else 0,
            hidden_children=len(below) - len(children) if is_open else 0,
        )

    def _members(self, department_id: int) -> tuple[MemberSummary, ...]:
        limit = min(FIRST_MEMBERS, max(0, self.left[0]))
        found = list_in_department(
            self.connection, self.corp_pk, department_id, limit=limit
        )
        self.left[0] -= len(found)
        return tuple(found)
