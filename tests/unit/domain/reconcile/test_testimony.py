"""Which set lost somebody who answers, and what explains that they answer."""

import pytest

from domain.ids import DepartmentId, TagId, Userid
from domain.org.org import Member
from domain.org.scope import AuthScope, Tag
from domain.org.tree import Tree
from domain.reconcile.testimony import (
    DEPARTMENTS,
    ORGANISATION_INFO,
    SCOPE,
    Right,
    Rights,
    kept,
    roots_of,
    scope_hides,
    sets_behind,
    tags_among,
)
from tests.support.values.builders import department, member

TREE = Tree.of(
    [department(1, parent=None), department(2, parent=1), department(3, parent=2)]
)


def scope(**fields: object) -> AuthScope:
    given = {
        "auth_mode": 0,
        "departments": frozenset(),
        "members": frozenset(),
        "tags": frozenset(),
        "extra_departments": frozenset(),
        "extra_members": frozenset(),
        "extra_tags": frozenset(),
    }
    return AuthScope(**{**given, **fields})  # type: ignore[arg-type]  # any field.


def tag(tag_id: int, *userids: str, departments: tuple[int, ...] = ()) -> Tag:
    return Tag(
        tag_id=TagId(tag_id),
        userids=frozenset(map(Userid, userids)),
        department_ids=frozenset(map(DepartmentId, departments)),
    )


def by_id(*tags: Tag) -> dict[TagId, Tag]:
    return {each.tag_id: each for each in tags}


def rights(*tags: Tag, permissions: tuple[str, ...] = (), **fields: object) -> Rights:
    return Rights(
        scope=scope(**fields),
        permissions=frozenset(permissions),
        extra_tags=by_id(*tags),
    )


@pytest.mark.parametrize(
    ("of", "right"),
    [
        (rights(), None),
        (rights(extra_members=frozenset({"a"})), Right.EXTRA_MEMBER),
        (rights(extra_members=frozenset({"b"})), None),
        (rights(extra_departments=frozenset({2})), Right.EXTRA_DEPARTMENT),
        (rights(extra_departments=frozenset({4})), None),
        (rights(tag(5, "a")), Right.EXTRA_TAG),
        (rights(tag(5, departments=(1,))), Right.EXTRA_TAG),
        (rights(tag(5, "b")), None),
        (rights(permissions=(ORGANISATION_INFO,)), Right.ORGANISATION_INFO),
        (rights(permissions=("something else",)), None),
    ],
)
def test_a_right_beyond_the_scope_explains_an_answer(
    of: Rights, right: Right | None
) -> None:
    assert of.explain(member("a", departments=[3]), tree=TREE) is right


def test_the_whole_tree_explains_nobody_who_is_not_in_it() -> None:
    whole = rights(permissions=(ORGANISATION_INFO,))

    for departments in ([], [9]):
        assert whole.explain(member("a", departments=departments), tree=TREE) is None


@pytest.mark.parametrize(
    ("grounds", "sets"),
    [
        ((), {SCOPE}),
        (("direct",), {SCOPE}),
        (("department:2",), {SCOPE, DEPARTMENTS}),
        (("tag:5",), {SCOPE, "tag:5"}),
        # By a department of the tag, so that the tree has a say as well.
        (("tag:6",), {SCOPE, "tag:6", DEPARTMENTS}),
        (("tag:7",), {SCOPE, "tag:7", DEPARTMENTS}),
    ],
)
def test_the_sets_behind_somebody_are_those_of_their_grounds(
    grounds: tuple[str, ...], sets: set[str]
) -> None:
    tags = by_id(tag(5, "a"), tag(6, departments=(2,)))

    assert sets_behind(member("a", grounds=grounds), tags=tags) == sets


def test_tags_are_told_from_other_sets_by_their_names() -> None:
    assert tags_among([SCOPE, DEPARTMENTS, "tag:5", "tag:6"]) == {5, 6}


def test_the_roots_of_a_listing_are_all_that_the_scope_names() -> None:
    named = scope(departments=frozenset({1}), extra_departments=frozenset({2}))

    assert roots_of(named, tags=by_id(tag(5, departments=(3,)))) == {1, 2, 3}


def staying(*userids: str) -> list[Member]:
    return [member(each, grounds=["tag:5"]) for each in userids]


def test_a_tag_keeps_whom_it_lost_and_nothing_explains() -> None:
    before, now = tag(5, "a", "b", departments=(2,)), tag(5, "c")

    assert kept(now, before=before, staying=staying("a")) == tag(5, "a", "c")
    assert kept(now, before=before, staying=()) == now
    assert kept(now, before=None, staying=staying("a")) == now
    # Who was in it by a department is so only as long as the department is.
    assert kept(now, before=before, staying=staying("x")) == tag(
        5, "c", departments=(2,)
    )


@pytest.mark.parametrize(
    ("of", "permissions", "hidden"),
    [
        # Nothing in the scope shows the department, so that its absence is explained.
        (scope(departments=frozenset({9})), (), True),
        (scope(departments=frozenset({1})), (), False),
        (scope(departments=frozenset({9})), (ORGANISATION_INFO,), False),
        # No department is usable, or none is ever listed: the tree is emptied.
        (scope(), (ORGANISATION_INFO,), True),
        (scope(auth_mode=1, departments=frozenset({1})), (), True),
    ],
)
def test_a_scope_may_say_itself_that_a_department_is_shown_no_more(
    of: AuthScope, permissions: tuple[str, ...], hidden: bool
) -> None:
    told = scope_hides(
        DepartmentId(3), scope=of, tags={}, permissions=permissions, stored=TREE
    )

    assert told is hidden
