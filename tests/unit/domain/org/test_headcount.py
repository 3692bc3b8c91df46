"""Roots and head counts of an org tree, odd ones included."""

from domain.org.headcount import count_people, root_ids
from store.summaries.org.departments import TreeRow


def row(department_id: int, parent_id: int | None, members: int = 0) -> TreeRow:
    return TreeRow(
        department_id=department_id,
        parent_id=parent_id,
        name=None,
        order=None,
        members=members,
    )


def test_a_department_whose_parent_is_not_listed_is_a_root() -> None:
    assert root_ids([row(1, 0), row(2, 1), row(7, 99), row(8, None)]) == [1, 7, 8]


def test_a_cycle_is_shown_from_one_of_its_departments() -> None:
    assert root_ids([row(1, 0), row(5, 6), row(6, 5)]) == [1, 5]


def test_a_department_counts_everybody_below_it() -> None:
    totals = count_people([row(1, 0, 1), row(2, 1, 2), row(3, 2, 4)], [])

    assert (totals[1], totals[2], totals[3]) == (7, 6, 4)


def test_who_is_in_two_departments_counts_once_above_both() -> None:
    rows = [row(1, 0, 0), row(2, 1, 1), row(3, 1, 1)]

    totals = count_people(rows, [[2, 3]])

    assert (totals[1], totals[2], totals[3]) == (1, 1, 1)


def test_who_is_in_a_department_and_below_it_counts_once_there() -> None:
    rows = [row(1, 0, 1), row(2, 1, 1)]

    totals = count_people(rows, [[1, 2]])

    assert (totals[1], totals[2]) == (1, 1)


def test_counting_ends_in_a_cycle() -> None:
    totals = count_people([row(5, 6, 1), row(6, 5, 2)], [])

    assert (totals[5], totals[6]) == (3, 3)
