"""What a department's difference orders."""

from domain.decisions import DecisionName
from domain.ids import DepartmentId
from domain.org.fields import department_fields
from domain.org.org import Department
from domain.org.tree import Tree
from domain.reasons import Reason
from domain.reconcile.departments import decide_department, removable_departments
from tests.support.values.builders import department

EVENT = Reason.EVENT


def ids(*numbers: int) -> frozenset[DepartmentId]:
    return frozenset(map(DepartmentId, numbers))


def test_a_new_department_is_added_with_all_its_fields() -> None:
    (decision,) = decide_department(None, department(7), reason=EVENT)

    assert decision.name is DecisionName.ADD_DEPARTMENT
    assert decision.key == "department:7"
    assert decision.before == {}
    assert decision.after == department_fields(department(7))
    assert decision.reason == "event"


def test_a_department_that_is_gone_is_removed() -> None:
    (decision,) = decide_department(department(7), None, reason=Reason.NOT_LISTED)

    assert decision.name is DecisionName.REMOVE_DEPARTMENT
    assert decision.before == department_fields(department(7))
    assert decision.after == {}


def test_the_same_department_needs_nothing() -> None:
    assert decide_department(department(), department(), reason=EVENT) == ()


def test_what_never_was_and_is_not_needs_nothing() -> None:
    assert decide_department(None, None, reason=EVENT) == ()


def test_each_difference_is_a_decision_of_its_own() -> None:
    old = department(2, parent=1, order=1, name="a")
    new = department(2, parent=7, order=2, name="b")

    decisions = decide_department(old, new, reason=EVENT)

    assert [(each.name, each.before, each.after) for each in decisions] == [
        (DecisionName.MOVE_DEPARTMENT, {"parent_id": 1}, {"parent_id": 7}),
        (DecisionName.RENAME_DEPARTMENT, {"name": "a"}, {"name": "b"}),
        (DecisionName.REORDER_DEPARTMENT, {"order": 1}, {"order": 2}),
    ]


def chain() -> Tree:
    listed: list[Department] = [
        department(1, parent=None),
        department(2, parent=1),
        department(3, parent=2),
        department(4, parent=1),
    ]
    return Tree.of(listed)


def test_children_are_removed_before_their_parents() -> None:
    removed = removable_departments(ids(1, 2, 3), occupied=ids(), tree=chain())

    assert removed == (3, 2, 1)


def test_a_department_waits_for_its_last_member() -> None:
    removed = removable_departments(ids(2, 3), occupied=ids(2), tree=chain())

    assert removed == (3,)


def test_a_department_waits_for_its_last_child_that_waits() -> None:
    removed = removable_departments(ids(1, 2, 3, 4), occupied=ids(3), tree=chain())

    assert removed == (4,)


def test_a_child_that_is_still_listed_keeps_no_parent() -> None:
    removed = removable_departments(ids(1, 3), occupied=ids(3), tree=chain())

    assert removed == (1,)
