"""Who and what a corp lets us see."""

from domain.ids import DepartmentId, TagId, Userid
from domain.org.scope import (
    ScopeChange,
    Tag,
    difference,
    grounds_of,
    readable_departments,
    usable_departments,
    usable_of,
)
from domain.org.tree import Tree
from tests.support.values.builders import department, member, scope, tag

LISTED = (
    department(1, parent=None),
    department(2),
    department(3, parent=2),
    department(7),
)
TREE = Tree.of(LISTED)
ZHANG = Userid("woZhang")


def tags(*values: Tag) -> dict[TagId, Tag]:
    return {each.tag_id: each for each in values}


def departments(*numbers: int) -> frozenset[DepartmentId]:
    return frozenset(map(DepartmentId, numbers))


def test_a_department_of_the_scope_gives_its_subtree() -> None:
    usable = usable_departments(scope=scope(departments=[2]), tags={}, tree=TREE)

    assert usable == departments(2, 3)


def test_a_department_of_a_tag_gives_its_subtree_too() -> None:
    allowed = scope(departments=[7], tags=[5])

    usable = usable_departments(
        scope=allowed, tags=tags(tag(5, departments=[2])), tree=TREE
    )

    assert usable == departments(2, 3, 7)


def test_a_root_that_is_not_listed_is_not_usable_itself() -> None:
    below = Tree.of([department(4, parent=77)])

    usable = usable_departments(scope=scope(departments=[77]), tags={}, tree=below)

    assert usable == departments(4)


def test_extra_departments_are_readable_but_not_usable() -> None:
    allowed = scope(departments=[7], extra_departments=[2])

    usable = usable_departments(scope=allowed, tags={}, tree=TREE)

    assert usable == departments(7)


def test_a_tag_that_is_not_of_the_scope_grants_nothing() -> None:
    everyone = tags(tag(5, userids=["woZhang"], departments=[2]))

    usable = usable_of(scope=scope(), tags=everyone, tree=TREE)

    assert usable.grounds_of(ZHANG, departments(2)) == frozenset()


def test_a_person_has_every_ground_that_holds() -> None:
    grounds = grounds_of(
        userid=ZHANG,
        department_ids=departments(3),
        scope=scope(departments=[1, 2], members=["woZhang"], tags=[5, 6]),
        tags=tags(tag(5, userids=["woZhang"]), tag(6, departments=[3])),
        tree=TREE,
    )

    assert grounds == {"department:1", "department:2", "direct", "tag:5", "tag:6"}


def test_losing_one_ground_leaves_the_other() -> None:
    after = usable_of(scope=scope(departments=[1]), tags={}, tree=TREE)

    assert after.grounds_of(ZHANG, departments(3)) == {"department:1"}


def test_someone_outside_every_root_has_no_ground() -> None:
    usable = usable_of(scope=scope(departments=[7]), tags={}, tree=TREE)

    assert usable.grounds_of(ZHANG, departments(2, 3)) == frozenset()


def test_people_below_a_cycle_keep_the_grounds_of_its_roots() -> None:
    around = [department(1, parent=2), department(2, parent=3), department(3, parent=1)]
    broken = Tree.of([*around, department(4, parent=1)])

    usable = usable_of(scope=scope(departments=[3]), tags={}, tree=broken)

    assert usable.departments == departments(1, 2, 3, 4)


def test_a_member_is_grounded_by_their_departments() -> None:
    usable = usable_of(scope=scope(departments=[1]), tags={}, tree=TREE)

    grounded = usable.grounded(member(grounds=()))

    assert grounded == member(grounds=["department:1"])


def test_in_member_mode_there_are_no_departments_and_no_main() -> None:
    usable = usable_of(scope=scope(departments=[1], auth_mode=1), tags={}, tree=TREE)

    grounded = usable.grounded(member(departments=[1], main=1, leads=[1]))

    assert grounded == member(departments=[], main=None, leads=[], grounds=["direct"])
    assert usable.departments == frozenset()


def test_the_departments_are_all_that_are_listed() -> None:
    readable = readable_departments(listed=LISTED, usable=departments(7))

    assert readable == LISTED


def test_without_a_usable_department_there_are_none() -> None:
    readable = readable_departments(listed=LISTED, usable=departments())

    assert readable == ()


def test_equal_scopes_do_not_differ() -> None:
    same = scope(departments=[1], tags=[5])

    assert difference(before=same, after=same).is_empty


def test_a_difference_names_what_was_gained_and_lost() -> None:
    found = difference(
        before=scope(departments=[1, 2]), after=scope(departments=[2, 3])
    )

    assert found.parts == {
        "departments": ScopeChange(gained=departments(3), lost=departments(1))
    }
    assert not found.mode_switched
    assert not found.is_empty


def test_a_switch_of_the_mode_is_a_difference() -> None:
    found = difference(before=scope(auth_mode=0), after=scope(auth_mode=1))

    assert found.mode_switched
    assert not found.is_empty
