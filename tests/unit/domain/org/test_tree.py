"""Departments as a tree that may be broken."""

from domain.ids import DepartmentId
from domain.org.tree import Tree, parents_first
from tests.support.values.builders import department

DEEP = 30_000


def tree(parents: dict[int, int | None]) -> Tree:
    return Tree(
        {
            DepartmentId(each): None if up is None else DepartmentId(up)
            for each, up in parents.items()
        }
    )


def ids(*numbers: int) -> tuple[DepartmentId, ...]:
    return tuple(map(DepartmentId, numbers))


def test_children_are_ascending() -> None:
    made = tree({1: None, 9: 1, 4: 1})

    assert made.children(DepartmentId(1)) == ids(4, 9)


def test_an_unlisted_department_still_has_its_children() -> None:
    made = tree({4: 77})

    assert made.children(DepartmentId(77)) == ids(4)


def test_a_parent_of_zero_is_none() -> None:
    made = tree({4: 0})

    assert made.parents == {DepartmentId(4): None}
    assert made.orphans() == frozenset()


def test_an_orphan_has_a_parent_that_is_not_listed() -> None:
    made = tree({1: None, 2: 1, 4: 77})

    assert made.orphans() == frozenset(ids(4))


def test_a_subtree_holds_its_root_and_all_below() -> None:
    made = tree({1: None, 2: 1, 3: 2, 4: 1})

    assert made.subtree(ids(2)) == frozenset(ids(2, 3))


def test_an_unlisted_root_counts_for_what_is_below_it_only() -> None:
    made = tree({4: 77, 5: 4})

    assert made.subtree(ids(77)) == frozenset(ids(4, 5))


def test_depth_counts_the_listed_departments_above() -> None:
    made = tree({4: 77, 5: 4, 6: 5})

    assert [made.depth(each) for each in ids(4, 5, 6)] == [0, 1, 2]


def test_ancestors_come_nearest_first_and_end_at_an_unlisted_one() -> None:
    made = tree({4: 77, 5: 4, 6: 5})

    assert tuple(made.ancestors(DepartmentId(6))) == ids(5, 4, 77)


def test_each_cycle_is_found_once_from_its_smallest_id() -> None:
    made = tree({3: 1, 1: 2, 2: 3, 4: 3, 9: 9, 8: None})

    assert made.find_cycles() == (ids(1, 2, 3), ids(9))


def test_a_tree_without_a_cycle_has_none() -> None:
    made = tree({1: None, 2: 1, 4: 77})

    assert made.find_cycles() == ()


def test_readers_go_once_round_a_cycle() -> None:
    made = tree({1: 2, 2: 1, 3: 2})

    assert made.parents_first() == ids(1, 2, 3)
    assert made.subtree(ids(2)) == frozenset(ids(1, 2, 3))
    assert made.depth(DepartmentId(3)) == 2


def test_parents_come_before_their_children() -> None:
    listed = [department(5, parent=4), department(4, parent=9), department(9)]

    ordered = parents_first(listed)

    assert [each.department_id for each in ordered] == [9, 4, 5]


def test_thirty_thousand_levels_are_read_without_recursion() -> None:
    made = tree({each: each - 1 for each in range(1, DEEP + 1)})

    assert made.depth(DepartmentId(DEEP)) == DEEP - 1
    assert len(made.subtree(ids(1))) == DEEP
    assert len(made.parents_first()) == DEEP
    assert made.find_cycles() == ()


def test_a_cycle_of_thirty_thousand_is_found() -> None:
    made = tree({each: each % DEEP + 1 for each in range(1, DEEP + 1)})

    assert [len(each) for each in made.find_cycles()] == [DEEP]
