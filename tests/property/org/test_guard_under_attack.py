"""Whatever is tried against the guard, no more goes unapproved than it allows."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.decisions import Decision, DecisionName
from domain.ids import CorpId, member_key
from domain.reconcile.guard import (
    GuardSettings,
    HeldPlan,
    RemovalEntry,
    RemovalKind,
    Window,
    guard,
    held_plan,
    plan_hash,
)

CORP = CorpId("wpCorp")
MEMBERS = RemovalKind.MEMBERS

TINY = st.integers(0, 8)
RULES = st.builds(
    GuardSettings.of,
    switch=st.just("on"),
    removals=st.integers(0, 6),
    share=st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]),
    ceiling=st.integers(0, 8),
)
# What a company's own limits may be, if somebody writes JSON by hand.
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(),
    st.sampled_from(["on", "off", "ON", "20", "0.1", "", "1/2"]),
    st.lists(st.integers(), max_size=1),
)


def removals(numbers: Iterable[int]) -> list[Decision]:
    return [
        Decision(
            name=DecisionName.REMOVE_MEMBER,
            key=member_key(f"wo{number}"),
            before={"userid": f"wo{number}"},
            after={"state": "removed"},
            reason="out_of_scope",
        )
        for number in numbers
    ]


def most(size: int, rules: GuardSettings) -> Fraction:
    """How many may go unapproved within the window."""
    limit = min(
        Fraction(rules.ceiling), max(Fraction(rules.removals), rules.share * size)
    )
    return min(limit, Fraction(size, 2)) if size >= 4 else limit


def weigh(
    plan: list[Decision], window: Window, rules: GuardSettings
) -> HeldPlan | None:
    return guard(plan, corp_id=CORP, kind=MEMBERS, window=window, settings=rules)


@given(size=TINY, slices=st.lists(st.integers(0, 8), max_size=8), rules=RULES)
def test_slices_remove_no_more_than_one_plan_could(
    size: int, slices: list[int], rules: GuardSettings
) -> None:
    present = list(range(size))
    gone = 0

    for wanted in slices:
        plan = removals(present[:wanted])
        window = Window(present=len(present), removed=gone, unapproved=gone)
        if weigh(plan, window, rules) is None:
            gone += len(plan)
            present = present[len(plan) :]

    assert gone <= most(size, rules)


@given(size=TINY, wanted=TINY, rules=RULES)
def test_a_plan_is_applied_whole_or_held_whole(
    size: int, wanted: int, rules: GuardSettings
) -> None:
    plan = removals(range(min(size, wanted)))
    window = Window(present=size, removed=0, unapproved=0)

    waiting = weigh(plan, window, rules)

    held_keys = [] if waiting is None else [each.key for each in waiting.entries]
    assert held_keys in ([], [each.key for each in plan])


@given(size=TINY, approved=TINY, rules=RULES)
def test_what_was_approved_neither_frees_nor_bars_what_comes_after(
    size: int, approved: int, rules: GuardSettings
) -> None:
    plan = removals(range(1))
    with_approved = Window(present=size + 1, removed=approved, unapproved=0)
    without = Window(present=size + 1 + approved, removed=0, unapproved=0)

    assert weigh(plan, with_approved, rules) == weigh(plan, without, rules)


@given(rules=RULES)
def test_an_empty_corp_has_nothing_to_hold(rules: GuardSettings) -> None:
    window = Window(present=0, removed=0, unapproved=0)

    assert weigh([], window, rules) is None


@given(switch=ANYTHING, removed=ANYTHING, share=ANYTHING, ceiling=ANYTHING)
def test_limits_are_numbers_within_range_or_refused(
    switch: Any, removed: Any, share: Any, ceiling: Any
) -> None:
    try:
        rules = GuardSettings.of(
            switch=switch, removals=removed, share=share, ceiling=ceiling
        )
    except (TypeError, ValueError):
        return

    assert switch in ("on", "off")
    assert type(removed) is int
    assert type(ceiling) is int
    assert type(share) in (int, float)
    assert 0 <= rules.share <= 1
    assert min(rules.removals, rules.ceiling) >= 0


@given(counts=st.tuples(ANYTHING, ANYTHING, ANYTHING))
def test_a_window_counts_whole_numbers_or_nothing(counts: tuple[Any, Any, Any]) -> None:
    present, removed, unapproved = counts
    try:
        window = Window(present=present, removed=removed, unapproved=unapproved)
    except (TypeError, ValueError):
        return

    assert {type(each) for each in counts} == {int}
    assert window.size >= 0


@given(numbers=st.sets(st.integers(0, 9), min_size=1), changed=st.data())
def test_no_other_plan_has_the_hash_of_an_approval(
    numbers: set[int], changed: st.DataObject
) -> None:
    entries = [
        RemovalEntry(kind=MEMBERS, key=each.key, before=each.before)
        for each in removals(sorted(numbers))
    ]
    plan = held_plan(corp_id=CORP, kind=MEMBERS, entries=entries)
    others = [
        entries[1:],
        [*entries, RemovalEntry(kind=MEMBERS, key=member_key("wo99"), before={})],
        [RemovalEntry(kind=MEMBERS, key=entries[0].key, before={}), *entries[1:]],
        [
            RemovalEntry(kind=RemovalKind.DEPARTMENTS, key=each.key, before=each.before)
            for each in entries
        ],
    ]

    other = changed.draw(st.sampled_from(others))

    assert plan_hash(CORP, other) != plan.hash
    assert plan_hash(CorpId("wpOther"), entries) != plan.hash
    assert plan_hash(CORP, reversed(entries)) == plan.hash
