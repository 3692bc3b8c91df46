"""A person's grounds are found by walking up from each of their departments."""

from hypothesis import given
from hypothesis import strategies as st

from domain.ids import DepartmentId, Userid
from domain.org.scope import AuthScope, Tag, usable_departments, usable_of
from domain.org.tree import Tree
from tests.support.values.strategies import IDS, USERIDS, scopes, tags, trees


def walked(
    userid: Userid,
    department_ids: frozenset[DepartmentId],
    scope: AuthScope,
    granting: list[Tag],
    tree: Tree,
) -> set[str]:
    listed = [each for each in department_ids if each in tree]
    above = {up for each in listed for up in (each, *tree.ancestors(each))}
    grounds = {f"department:{root}" for root in scope.departments & above}
    grounds |= {"direct" for each in scope.members if each == userid}
    for tag in granting:
        if userid in tag.userids or tag.department_ids & above:
            grounds.add(f"tag:{tag.tag_id}")
    return grounds


@given(USERIDS, st.frozensets(IDS, max_size=3), scopes, st.lists(tags), trees)
def test_grounds_are_what_is_found_on_the_way_up(
    userid: Userid,
    department_ids: frozenset[DepartmentId],
    scope: AuthScope,
    listed: list[Tag],
    tree: Tree,
) -> None:
    by_id = {each.tag_id: each for each in listed}
    granting = [by_id[each] for each in scope.tags if each in by_id]

    usable = usable_of(scope=scope, tags=by_id, tree=tree)

    expected = walked(userid, department_ids, scope, granting, tree)
    assert usable.grounds_of(userid, department_ids) == expected


@given(scopes, st.lists(tags), trees)
def test_usable_departments_are_the_subtrees_of_all_roots(
    scope: AuthScope, listed: list[Tag], tree: Tree
) -> None:
    by_id = {each.tag_id: each for each in listed}
    roots = scope.departments.union(
        *(by_id[each].department_ids for each in scope.tags if each in by_id)
    )

    usable = usable_departments(scope=scope, tags=by_id, tree=tree)

    assert usable == tree.subtree(roots)
