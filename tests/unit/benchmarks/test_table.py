"""A line of the table of budgets knows when it is kept, and when it has worsened."""

from dataclasses import replace

import pytest

from benchmarks.table import Line, Sense, as_markdown, as_text

SLOWER = Line(
    name="apply",
    what="Apply",
    held_against="COPY",
    ours=6.0,
    theirs=2.0,
    unit="s",
    budget=4.0,
    others={"whole run": "9 s"},
)
FASTER = replace(SLOWER, sense=Sense.AT_LEAST, ours=0.7, theirs=1.0, budget=0.6)


@pytest.mark.parametrize(("ours", "kept"), [(7.9, True), (8.0, True), (8.1, False)])
def test_a_cost_is_kept_up_to_its_budget(ours: float, kept: bool) -> None:
    assert replace(SLOWER, ours=ours).kept is kept


@pytest.mark.parametrize(("ours", "kept"), [(0.59, False), (0.6, True)])
def test_a_speed_is_kept_from_its_budget_on(ours: float, kept: bool) -> None:
    assert replace(FASTER, ours=ours).kept is kept


def test_what_has_no_budget_is_only_shown() -> None:
    assert replace(SLOWER, budget=None).kept


@pytest.mark.parametrize(("baseline", "worse"), [(2.1, False), (1.9, True)])
def test_a_cost_has_worsened_when_it_is_half_as_much_again(
    baseline: float, worse: bool
) -> None:
    assert SLOWER.worsened(baseline, share=0.5) is worse


@pytest.mark.parametrize(("baseline", "worse"), [(1.0, False), (1.1, True)])
def test_a_speed_has_worsened_when_the_recorded_one_was_half_as_much_again(
    baseline: float, worse: bool
) -> None:
    assert FASTER.worsened(baseline, share=0.5) is worse


def test_what_still_keeps_half_its_budget_has_not_worsened() -> None:
    small = replace(SLOWER, ours=1.0)

    assert not small.worsened(0.1, share=0.5)


def test_the_table_says_what_is_missed_and_what_else_was_seen() -> None:
    text = as_text([SLOWER, replace(SLOWER, ours=20.0)])

    assert "3.00 ×" in text
    assert "≤ 4 ×" in text
    assert "MISSED" in text
    assert "apply: whole run 9 s" in text


def test_the_table_in_the_documentation_has_a_row_for_each_line() -> None:
    assert len(as_markdown([SLOWER, FASTER]).splitlines()) == 4
