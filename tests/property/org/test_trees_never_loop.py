"""Whatever the parents are, the tree answers as walking up from each one would."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from domain.ids import DepartmentId
from domain.org.tree import Tree
from tests.support.values.strategies import IDS, trees


def above(tree: Tree, each: DepartmentId) -> list[DepartmentId]:
    """Itself and everything above, by walking up until something repeats."""
    way = [each]
    parent = tree.parents.get(each)
    while parent is not None and parent not in way:
        way.append(parent)
        parent = tree.parents.get(parent)
    return way


def on_cycle(tree: Tree, each: DepartmentId) -> bool:
    return tree.parents.get(above(tree, each)[-1]) == each


@given(trees, st.lists(IDS, max_size=3))
def test_a_subtree_is_whoever_has_a_root_above(
    tree: Tree, roots: Iterable[DepartmentId]
) -> None:
    expected = {each for each in tree.parents if set(above(tree, each)) & set(roots)}

    assert tree.subtree(roots) == expected


@given(trees)
def test_depth_is_how_many_listed_ones_are_above(tree: Tree) -> None:
    for each in tree.parents:
        assert tree.depth(each) == sum(up in tree for up in above(tree, each)[1:])


@given(trees)
def test_parents_first_holds_each_department_once(tree: Tree) -> None:
    assert sorted(tree.parents_first()) == sorted(tree.parents)


@given(trees)
def test_a_parent_precedes_its_children_wherever_there_is_no_cycle(tree: Tree) -> None:
    position = {each: place for place, each in enumerate(tree.parents_first())}

    for each, parent in tree.parents.items():
        if parent in position and not on_cycle(tree, each):
            assert position[parent] < position[each]


@given(trees)
def test_the_cycles_hold_exactly_whoever_is_above_themselves(tree: Tree) -> None:
    found = [each for cycle in tree.find_cycles() for each in cycle]

    assert len(found) == len(set(found))
    assert set(found) == {each for each in tree.parents if on_cycle(tree, each)}
    assert all(cycle[0] == min(cycle) for cycle in tree.find_cycles())


@given(trees)
def test_orphans_are_those_with_an_unlisted_parent(tree: Tree) -> None:
    tops = {each for each, up in tree.parents.items() if up is None}

    expected = {
        each for each, up in tree.parents.items() if up not in tree and each not in tops
    }
    assert tree.orphans() == expected
