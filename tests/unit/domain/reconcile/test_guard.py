"""Which removals must wait for a person."""

from fractions import Fraction
from hashlib import sha256
from typing import Any

import pytest

from domain.decisions import Decision
from domain.ids import CorpId, Key, member_key
from domain.org.org import RemovalCause
from domain.reasons import Reason
from domain.reconcile.departments import decide_department
from domain.reconcile.guard import (
    GuardSettings,
    HeldPlan,
    RemovalEntry,
    RemovalKind,
    Window,
    guard,
    held,
    held_plan,
    plan_hash,
)
from domain.reconcile.leavers import Removal
from domain.reconcile.members import remove_member
from tests.support.values.builders import department, member, stored

CORP = CorpId("wpCorp")
USUAL = GuardSettings.of(switch="on", removals=20, share=0.10, ceiling=500)
OFF = GuardSettings.of(switch="off", removals=0, share=0.0, ceiling=0)
QUIET = Window(present=1000, removed=0, unapproved=0)
MEMBERS, DEPARTMENTS = RemovalKind.MEMBERS, RemovalKind.DEPARTMENTS


@pytest.mark.parametrize(
    ("n", "size", "waits"),
    [
        (20, 100, False),  # Up to GUARD_REMOVALS nothing waits ...
        (21, 100, True),
        (20, 39, True),  # ... unless it is more than half.
        (20, 40, False),
        (30, 300, False),  # Above that the share counts, exactly at its edge.
        (31, 300, True),
        (31, 309, True),
        (31, 310, False),
        (500, 100_000, False),  # And never more than the ceiling.
        (501, 100_000, True),
        (3, 3, False),  # Below size 4 the half does not count.
        (2, 4, False),
        (3, 4, True),
        (2, 5, False),
        (3, 5, True),
        (0, 0, False),
    ],
)
def test_the_limit_holds_at_its_edges(n: int, size: int, waits: bool) -> None:
    assert held(n, size=size, settings=USUAL) is waits


def test_a_share_of_a_tenth_is_exactly_a_tenth() -> None:
    assert USUAL.share == Fraction(1, 10)


def test_switched_off_it_never_holds() -> None:
    assert not held(1000, size=1000, settings=OFF)


def test_a_ceiling_of_zero_holds_every_removal() -> None:
    strict = GuardSettings.of(switch="on", removals=20, share=0.5, ceiling=0)

    assert held(1, size=1000, settings=strict)
    assert not held(0, size=1000, settings=strict)


@pytest.mark.parametrize(
    "broken",
    [{"removals": "20"}, {"ceiling": "500"}, {"removals": True}, {"share": "0.1"}],
)
def test_settings_that_arrive_as_text_are_refused(broken: dict[str, Any]) -> None:
    usual: dict[str, Any] = {
        "switch": "on",
        "removals": 20,
        "share": 0.1,
        "ceiling": 500,
    }

    with pytest.raises(TypeError):
        GuardSettings.of(**(usual | broken))


@pytest.mark.parametrize(
    "broken", [{"removals": -1}, {"share": 1.5}, {"share": -0.1}, {"switch": "maybe"}]
)
def test_settings_out_of_range_are_refused(broken: dict[str, Any]) -> None:
    usual: dict[str, Any] = {
        "switch": "on",
        "removals": 20,
        "share": 0.1,
        "ceiling": 500,
    }

    with pytest.raises(ValueError, match="must"):
        GuardSettings.of(**(usual | broken))


def test_a_share_that_is_no_fraction_is_refused() -> None:
    share: Any = 0.1

    with pytest.raises(TypeError, match="exact"):
        GuardSettings(switch=True, removals=20, share=share, ceiling=500)


def test_counts_that_arrive_as_text_are_refused() -> None:
    text: Any = "7"

    with pytest.raises(TypeError, match="present"):
        Window(present=text, removed=0, unapproved=0)


def test_the_size_counts_those_removed_in_the_window() -> None:
    assert Window(present=90, removed=10, unapproved=5).size == 100


def removals(count: int) -> tuple[Decision, ...]:
    by_scope = Removal(cause=RemovalCause.SCOPE, reason=Reason.OUT_OF_SCOPE)
    return tuple(
        remove_member(stored(member(f"wo{each}")), by_scope) for each in range(count)
    )


def weigh(
    plan: tuple[Decision, ...],
    *,
    kind: RemovalKind = MEMBERS,
    window: Window = QUIET,
) -> HeldPlan | None:
    return guard(plan, corp_id=CORP, kind=kind, window=window, settings=USUAL)


def test_within_the_limit_nothing_waits() -> None:
    assert weigh(removals(100)) is None


def test_over_the_limit_all_removals_wait() -> None:
    plan = removals(101)

    waiting = weigh(plan)

    assert waiting is not None
    assert waiting.kind is MEMBERS
    assert {each.key: each.before for each in waiting.entries} == {
        each.key: each.before for each in plan
    }


def test_departments_wait_as_departments() -> None:
    alone = Window(present=4, removed=0, unapproved=2)
    gone = decide_department(department(7), None, reason=Reason.NOT_LISTED)

    waiting = weigh(tuple(gone), kind=DEPARTMENTS, window=alone)

    assert waiting is not None
    assert waiting.kind is DEPARTMENTS
    assert {each.kind for each in waiting.entries} == {DEPARTMENTS}


def test_unapproved_removals_of_the_window_count_along() -> None:
    waiting = weigh(
        removals(1), window=Window(present=900, removed=100, unapproved=100)
    )

    assert waiting is not None
    assert len(waiting.entries) == 1


def test_approved_removals_of_the_window_do_not_count_along() -> None:
    window = Window(present=900, removed=100, unapproved=0)

    assert weigh(removals(100), window=window) is None


def test_where_nothing_goes_nothing_waits() -> None:
    emptied = Window(present=0, removed=100, unapproved=100)

    assert weigh((), window=emptied) is None


def entry(userid: str = "woZhang", *, name: str | None = None) -> RemovalEntry:
    return RemovalEntry(kind=MEMBERS, key=member_key(userid), before={"name": name})


def test_the_hash_is_that_of_corp_and_sorted_entries() -> None:
    text = '["wpCorp",[["members","member:a",{"b":1,"c":null}]]]'
    only = RemovalEntry(kind=MEMBERS, key=Key("member:a"), before={"c": None, "b": 1})

    assert plan_hash(CORP, [only]) == sha256(text.encode()).hexdigest()


def test_the_order_of_entries_does_not_change_the_hash() -> None:
    a, b = entry("a"), entry("b")

    assert plan_hash(CORP, [a, b]) == plan_hash(CORP, [b, a])


@pytest.mark.parametrize(
    "other",
    [
        [entry("woLi")],
        [entry(name="x")],
        [entry(), entry("woLi")],
        [],
        [
            RemovalEntry(
                kind=DEPARTMENTS, key=member_key("woZhang"), before={"name": None}
            )
        ],
    ],
)
def test_another_entry_gives_another_hash(other: list[RemovalEntry]) -> None:
    assert plan_hash(CORP, other) != plan_hash(CORP, [entry()])


def test_another_corp_gives_another_hash() -> None:
    assert plan_hash(CorpId("wpOther"), [entry()]) != plan_hash(CORP, [entry()])


def test_a_held_plan_is_sorted_and_carries_its_hash() -> None:
    plan = held_plan(corp_id=CORP, kind=MEMBERS, entries=[entry("b"), entry("a")])

    assert [each.key for each in plan.entries] == ["member:a", "member:b"]
    assert plan.hash == plan_hash(CORP, plan.entries)
