"""What a department's difference between the org and WeCom orders to be done."""

from collections.abc import Iterable

from domain.decisions import Decision, DecisionName
from domain.ids import DepartmentId, department_key
from domain.org.fields import department_fields
from domain.org.org import Department
from domain.org.tree import Tree
from domain.reasons import Reason

_NAMES = {
    "parent_id": DecisionName.MOVE_DEPARTMENT,
    "name": DecisionName.RENAME_DEPARTMENT,
    "order": DecisionName.REORDER_DEPARTMENT,
}


def decide_department(
    stored: Department | None, observed: Department | None, *, reason: Reason
) -> tuple[Decision, ...]:
    """One decision per kind of difference; none when nothing differs.

    Shape: `observed` None means that a complete reading does not hold it.
    """
    if stored is None:
        return () if observed is None else (_add(observed, reason=reason),)
    if observed is None:
        return (_remove(stored, reason=reason),)
    old, new = department_fields(stored), department_fields(observed)
    key = department_key(observed.department_id)
    return tuple(
        Decision(
            name=name,
            key=key,
            before={field: old[field]},
            after={field: new[field]},
            reason=reason,
        )
        for field, name in _NAMES.items()
        if old[field] != new[field]
    )


def removable_departments(
    gone: Iterable[DepartmentId], *, occupied: frozenset[DepartmentId], tree: Tree
) -> tuple[DepartmentId, ...]:
    """The gone departments that may be removed now, children before parents.

    A department waits for its last member and for its last child that waits itself.

    Shape: `occupied` are departments of people whom WeCom no longer shows but who are
        still active (held or unconfirmed); `tree` is the stored one.
    """
    candidates = frozenset(gone)
    waiting: set[DepartmentId] = set()
    for each in occupied & candidates:
        waiting.add(each)
        # A parent waits with its child; above one that is still listed nothing does.
        for above in tree.ancestors(each):
            if above in waiting or above not in candidates:
                break
            waiting.add(above)
    ordered = reversed(tree.parents_first())
    return tuple(each for each in ordered if each in candidates - waiting)


def _add(observed: Department, *, reason: Reason) -> Decision:
    return Decision(
        name=DecisionName.ADD_DEPARTMENT,
        key=department_key(observed.department_id),
        before={},
        after=department_fields(observed),
        reason=reason,
    )


def _remove(stored: Department, *, reason: Reason) -> Decision:
    return Decision(
        name=DecisionName.REMOVE_DEPARTMENT,
        key=department_key(stored.department_id),
        before=department_fields(stored),
        after={},
        reason=reason,
    )
