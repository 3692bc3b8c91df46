"""However WeCom is asked and answers, no rolling day holds more misses than 15 %."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.links.lookups import WINDOW, Answer, Lookup, Lookups
from tests.support.values.builders import NOON

# How long until the next round, how many people want to be found, what WeCom says,
# and whether somebody has joined since.
rounds = st.lists(
    st.tuples(
        st.integers(0, 30 * 60).map(lambda minutes: timedelta(minutes=minutes)),
        st.integers(1, 40),
        st.sampled_from(Answer),
        st.booleans(),
    ),
    max_size=12,
)


@given(st.integers(0, 120), rounds)
def test_no_window_holds_more_misses_than_allowed(
    usable: int, played: list[tuple[timedelta, int, Answer, bool]]
) -> None:
    past: tuple[Lookup, ...] = ()
    now, joined = NOON, NOON - timedelta(days=1)

    for passed, wanted, answer, somebody_joined in played:
        now += passed
        joined = now if somebody_joined else joined
        situation = Lookups(past=past, usable=usable, last_joined_at=joined, now=now)
        asked = situation.reserve(f"m{each}" for each in range(wanted))
        past += tuple(replace(each, answer=answer) for each in asked)

    for lookup in past:
        assert misses_within(past, until=lookup.asked_at) * 100 <= usable * 15


def misses_within(past: tuple[Lookup, ...], *, until: datetime) -> int:
    return sum(
        each.answer is not Answer.HIT and until - WINDOW < each.asked_at <= until
        for each in past
    )
