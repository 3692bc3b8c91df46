"""Whether a listing of departments hangs together: a torn one takes nothing away."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from domain.ids import DepartmentId
from domain.org.org import Department
from domain.org.tree import Tree

# WeCom 90341: the one department of a corp that is below no other.
ROOT = DepartmentId(1)

# So many are named; who looks for the cause needs no more.
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tear:
    """Where a listing does not hang together.

    Shape: `missing` by each department that the listing lacks, a child of it; `loose`
        have no parent although they are no root; `cycles` hang below themselves.
    """

    missing: Mapping[DepartmentId, DepartmentId]
    loose: tuple[DepartmentId, ...]
    cycles: tuple[tuple[DepartmentId, ...], ...]

    @property
    def tops(self) -> frozenset[DepartmentId]:
        """Where it tears, unless the scope names these for roots of their own."""
        return frozenset(self.missing.values()).union(self.loose)

    def __str__(self) -> str:
        """What is missing, for operators."""
        said = [
            f"department {parent}, the parent of {child}, is missing"
            for parent, child in sorted(self.missing.items())
        ]
        said += [f"department {each} has no parent" for each in self.loose]
        said += [
            f"departments {', '.join(map(str, each))} are below each other"
            for each in self.cycles
        ]
        more = f" and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
        return ", ".join(said[:_NAMED]) + more


def find_tear(
    listed: Iterable[Department], *, roots: Collection[DepartmentId]
) -> Tear | None:
    """Where the listing tears; None when every department hangs from a root.

    Shape: `roots` are the departments that the scope names. Above them nothing has to
        be listed (WeCom 95406), above anything else everything has.
    """
    tree = Tree.of(listed)
    cycles = tree.find_cycles()
    missing: dict[DepartmentId, DepartmentId] = {}
    loose: list[DepartmentId] = []
    for each, parent in tree.parents.items():
        if parent in tree or each in roots or each == ROOT:
            continue
        if parent is None:
            loose.append(each)
        else:
            missing.setdefault(parent, each)
    if not (missing or loose or cycles):
        return None
    return Tear(missing=missing, loose=tuple(sorted(loose)), cycles=cycles)


def mended(
    listed: Iterable[Department], *, stored: Iterable[Department]
) -> list[Department]:
    """What may be followed of a torn listing: what is new; all that is known stays."""
    known = list(stored)
    ids = {each.department_id for each in known}
    return [*known, *(each for each in listed if each.department_id not in ids)]
