"""A listing hangs together when every row leads up to a root that is known."""

import pytest

from domain.ids import DepartmentId
from domain.org.listings import ROOT, find_tear, mended
from domain.org.org import Department


def listing(**parents: int | None) -> list[Department]:
    """Departments by `d<id>=<parent>`."""
    return [
        Department(
            department_id=DepartmentId(int(name[1:])),
            parent_id=None if parent is None else DepartmentId(parent),
            order=0,
            name=None,
        )
        for name, parent in parents.items()
    ]


def ids(*numbers: int) -> frozenset[DepartmentId]:
    return frozenset(map(DepartmentId, numbers))


@pytest.mark.parametrize(
    ("listed", "roots"),
    [
        (listing(d1=None, d2=1, d3=2), ()),
        (listing(d1=0, d2=1), ()),
        (listing(d3=2, d2=1), (2,)),
        (listing(d3=2, d9=8), (3, 9)),
        (listing(d4=None), (4,)),
        ([], (2,)),
    ],
)
def test_what_hangs_from_the_root_or_the_scope_is_whole(
    listed: list[Department], roots: tuple[int, ...]
) -> None:
    assert find_tear(listed, roots=ids(*roots)) is None


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (listing(d1=None, d3=2), "department 2, the parent of 3, is missing"),
        (listing(d1=None, d5=None), "department 5 has no parent"),
        (listing(d1=None, d6=7, d7=6), "departments 6, 7 are below each other"),
    ],
)
def test_a_tear_says_what_is_missing(listed: list[Department], said: str) -> None:
    assert said in str(find_tear(listed, roots=ids(ROOT)))


def test_of_many_tears_some_are_named_and_the_others_counted() -> None:
    listed = listing(**{f"d{each}": each + 100 for each in range(2, 9)})

    assert str(find_tear(listed, roots=())).endswith("and 2 more")


def test_of_a_torn_listing_only_the_new_is_followed() -> None:
    stored, listed = listing(d1=None, d2=1, d3=2), listing(d1=None, d3=1, d9=3)

    assert mended(listed, stored=stored) == [*stored, *listing(d9=3)]
