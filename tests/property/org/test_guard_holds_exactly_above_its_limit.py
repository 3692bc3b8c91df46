"""The guard's edge is where the rule's arithmetic puts it, in whole numbers."""

from hypothesis import given
from hypothesis import strategies as st

from domain.reconcile.guard import GuardSettings, held

COUNTS = st.integers(0, 3000)
PERCENT = st.integers(0, 100)


@given(n=COUNTS, size=COUNTS, removals=COUNTS, percent=PERCENT, ceiling=COUNTS)
def test_held_agrees_with_whole_number_arithmetic(
    n: int, size: int, removals: int, percent: int, ceiling: int
) -> None:
    settings = GuardSettings.of(
        switch="on", removals=removals, share=percent / 100, ceiling=ceiling
    )

    # A hundred times both sides, so that nothing is divided.
    limit = min(100 * ceiling, max(100 * removals, percent * size))
    expected = 100 * n > limit or (size >= 4 and 2 * n > size)
    assert held(n, size=size, settings=settings) is expected


@given(n=COUNTS, size=COUNTS)
def test_one_more_removal_never_frees_a_plan(n: int, size: int) -> None:
    usual = GuardSettings.of(switch="on", removals=20, share=0.1, ceiling=500)

    if held(n, size=size, settings=usual):
        assert held(n + 1, size=size, settings=usual)


@given(n=COUNTS, size=COUNTS)
def test_switched_off_nothing_is_held(n: int, size: int) -> None:
    off = GuardSettings.of(switch="off", removals=0, share=0.0, ceiling=0)

    assert not held(n, size=size, settings=off)
