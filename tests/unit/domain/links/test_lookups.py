"""Whom WeCom may be asked about: the budget of misses, and what is asked again."""

from datetime import timedelta

import pytest

from domain.links.lookups import LOST_AFTER, WINDOW, Answer, Lookup, Lookups
from tests.support.values.builders import NOON

SECOND = timedelta(seconds=1)


def asked(mobile: str, ago: timedelta = SECOND, answer: Answer = Answer.MISS) -> Lookup:
    return Lookup(mobile=mobile, asked_at=NOON - ago, answer=answer)


def lookups(
    *past: Lookup, usable: int = 100, joined: timedelta | None = timedelta(days=30)
) -> Lookups:
    return Lookups(
        past=past,
        usable=usable,
        last_joined_at=None if joined is None else NOON - joined,
        now=NOON,
    )


def reserved(situation: Lookups, *mobiles: str) -> list[str]:
    return [each.mobile for each in situation.reserve(mobiles)]


@pytest.mark.parametrize(
    ("usable", "limit"), [(0, 0), (6, 0), (7, 1), (13, 1), (14, 2), (100, 15)]
)
def test_a_window_holds_fifteen_misses_of_a_hundred_members(
    usable: int, limit: int
) -> None:
    assert lookups(usable=usable).limit == limit
    assert lookups(usable=usable).allowance == limit


def test_misses_and_open_questions_count_and_hits_do_not() -> None:
    situation = lookups(
        asked("a"), asked("b", answer=Answer.OPEN), asked("c", answer=Answer.HIT)
    )

    assert situation.allowance == 13


@pytest.mark.parametrize(
    ("ago", "allowance"), [(WINDOW - SECOND, 14), (WINDOW, 15), (WINDOW + SECOND, 15)]
)
def test_a_miss_counts_for_a_rolling_day(ago: timedelta, allowance: int) -> None:
    assert lookups(asked("a", ago)).allowance == allowance


def test_a_corp_that_shrank_below_its_misses_asks_nothing() -> None:
    situation = lookups(asked("a"), asked("b"), usable=7)

    assert situation.allowance == 0
    assert situation.reserve(["c"]) == ()


def test_no_more_is_reserved_than_may_miss_and_each_mobile_once() -> None:
    mobiles = [f"m{each:02}" for each in range(30)]

    taken = reserved(lookups(), *mobiles, *mobiles)

    assert taken == mobiles[:15]


def test_a_reservation_is_open_and_of_now() -> None:
    (only,) = lookups().reserve(["a"])

    assert only == Lookup(mobile="a", asked_at=NOON, answer=Answer.OPEN)
    assert "'a'" not in repr(only)


def test_the_never_asked_come_first_then_the_longest_unasked() -> None:
    situation = lookups(
        asked("a", timedelta(days=2)),
        asked("b", timedelta(days=3)),
        joined=timedelta(days=1),
    )

    assert reserved(situation, "a", "b", "z") == ["z", "b", "a"]


def test_an_answered_mobile_is_not_asked_again() -> None:
    situation = lookups(
        asked("miss", timedelta(days=5)),
        asked("hit", timedelta(days=5), Answer.HIT),
    )

    assert reserved(situation, "miss", "hit") == []
    assert not situation.may_find(["miss", "hit"])


def test_a_changed_mobile_was_never_asked() -> None:
    assert reserved(lookups(asked("old")), "new") == ["new"]


@pytest.mark.parametrize(
    ("joined", "again"),
    [(timedelta(0), True), (SECOND, True), (2 * SECOND, False), (None, False)],
)
def test_a_miss_is_forgotten_when_people_joined_since(
    joined: timedelta | None, again: bool
) -> None:
    situation = lookups(asked("a", SECOND), joined=joined)

    assert reserved(situation, "a") == (["a"] if again else [])
    assert situation.may_find(["a"]) is again
    assert situation.allowance == 14


def test_a_hit_is_not_forgotten_when_people_joined() -> None:
    situation = lookups(asked("a", answer=Answer.HIT), joined=timedelta(0))

    assert reserved(situation, "a") == []


@pytest.mark.parametrize(
    ("ago", "again"), [(LOST_AFTER - SECOND, False), (LOST_AFTER, True)]
)
def test_a_question_whose_answer_was_lost_is_asked_again_and_counted_twice(
    ago: timedelta, again: bool
) -> None:
    situation = lookups(asked("a", ago, Answer.OPEN))

    assert reserved(situation, "a") == (["a"] if again else [])
    assert situation.may_find(["a"])
    assert situation.allowance == 14


def test_the_newest_answer_of_a_mobile_counts() -> None:
    situation = lookups(asked("a", answer=Answer.HIT), asked("a", timedelta(days=2)))

    assert not situation.may_find(["a"])


def test_a_corp_too_small_to_miss_waits_for_nothing() -> None:
    assert not lookups(usable=6).may_find(["a"])
    assert not lookups().may_find([])
