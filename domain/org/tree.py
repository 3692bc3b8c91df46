"""Departments as a tree that may be broken: unknown parents, even cycles."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from domain.ids import DepartmentId
from domain.org.org import Department

Parents = Mapping[DepartmentId, DepartmentId | None]


class Tree:
    """Who is above and below whom; no question loops, whatever the parents are.

    Shape: a parent of None or 0 is none; a parent that is not listed stays known as
        a name, so what hangs below it can still be found from it.
    """

    __slots__ = ("_children", "_cycles", "_ids", "parents")

    def __init__(self, parents: Parents) -> None:
        self.parents: Parents = {each: up or None for each, up in parents.items()}
        children: dict[DepartmentId, list[DepartmentId]] = defaultdict(list)
        for each in sorted(self.parents):
            parent = self.parents[each]
            if parent is not None:
                children[parent].append(each)
        self._children = {each: tuple(below) for each, below in children.items()}
        self._ids: frozenset[DepartmentId] | None = None
        self._cycles: tuple[tuple[DepartmentId, ...], ...] | None = None

    @classmethod
    def of(cls, departments: Iterable[Department]) -> "Tree":
        """The tree of these departments."""
        return cls({each.department_id: each.parent_id for each in departments})

    @property
    def ids(self) -> frozenset[DepartmentId]:
        """The listed departments, put together once."""
        if self._ids is None:
            self._ids = frozenset(self.parents)
        return self._ids

    def __contains__(self, department_id: object) -> bool:
        return department_id in self.parents

    def __len__(self) -> int:
        return len(self.parents)

    def children(self, department_id: DepartmentId) -> tuple[DepartmentId, ...]:
        """The listed departments right below it, ascending; it may be unlisted."""
        return self._children.get(department_id, ())

    def subtree(self, roots: Iterable[DepartmentId]) -> frozenset[DepartmentId]:
        """The listed departments at or below the roots; a root may be unlisted."""
        return frozenset(each for each in self._reach(roots) if each in self.parents)

    def ancestors(self, department_id: DepartmentId) -> Iterator[DepartmentId]:
        """The departments above it, nearest first; the last may be unlisted."""
        seen = {department_id}
        parent = self.parents.get(department_id)
        while parent is not None and parent not in seen:
            yield parent
            seen.add(parent)
            parent = self.parents.get(parent)

    def depth(self, department_id: DepartmentId) -> int:
        """How many different listed departments are above it."""
        return sum(above in self.parents for above in self.ancestors(department_id))

    def orphans(self) -> frozenset[DepartmentId]:
        """The departments whose parent is not listed."""
        return frozenset(
            each
            for each, parent in self.parents.items()
            if parent is not None and parent not in self.parents
        )

    def tops(self) -> tuple[DepartmentId, ...]:
        """Where reading starts: roots, orphans, and the smallest id of each cycle."""
        entries = {cycle[0] for cycle in self.find_cycles()}
        return tuple(
            each
            for each in sorted(self.parents)
            if self.parents[each] not in self.parents or each in entries
        )

    def find_cycles(self) -> tuple[tuple[DepartmentId, ...], ...]:
        """Each cycle once, from its smallest id up along the parents; ascending.

        Looked for once: whoever asks goes through the tree, and asks again on the way.
        """
        if self._cycles is None:
            self._cycles = self._look_for_cycles()
        return self._cycles

    def _look_for_cycles(self) -> tuple[tuple[DepartmentId, ...], ...]:
        finished: set[DepartmentId] = set()
        cycles = []
        for start in self.parents:
            path = self._climb(start, finished)
            steps = tuple(path)
            finished.update(steps)
            entry = self.parents[steps[-1]] if steps else None
            if entry is not None and entry in path:
                cycles.append(_from_smallest(steps[path[entry] :]))
        return tuple(sorted(cycles))

    def parents_first(self) -> tuple[DepartmentId, ...]:
        """All departments, level by level, so that a parent precedes its children."""
        seen: dict[DepartmentId, None] = dict.fromkeys(self.tops())
        level = list(seen)
        while level:
            below = [
                child
                for each in level
                for child in self.children(each)
                if child not in seen
            ]
            seen.update(dict.fromkeys(below))
            level = below
        return tuple(seen)

    def _reach(self, roots: Iterable[DepartmentId]) -> set[DepartmentId]:
        reached: set[DepartmentId] = set()
        waiting = list(roots)
        while waiting:
            each = waiting.pop()
            if each not in reached:
                reached.add(each)
                waiting.extend(self.children(each))
        return reached

    def _climb(
        self, start: DepartmentId, finished: set[DepartmentId]
    ) -> dict[DepartmentId, int]:
        """The way up, by position, until it ends, repeats or meets what is finished."""
        path: dict[DepartmentId, int] = {}
        each: DepartmentId | None = start
        # Spelt out, for it is asked for each department of a corp.
        while (
            each is not None
            and each in self.parents
            and each not in path
            and each not in finished
        ):
            path[each] = len(path)
            each = self.parents[each]
        return path


def parents_first(departments: Iterable[Department]) -> tuple[Department, ...]:
    """The departments in an order in which a parent precedes its children."""
    by_id = {each.department_id: each for each in departments}
    return tuple(by_id[each] for each in Tree.of(by_id.values()).parents_first())


def _from_smallest(cycle: tuple[DepartmentId, ...]) -> tuple[DepartmentId, ...]:
    start = cycle.index(min(cycle))
    return cycle[start:] + cycle[:start]
