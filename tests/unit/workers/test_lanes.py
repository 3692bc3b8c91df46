"""A corp's endpoint takes as many calls at once as WeCom lets it."""

from workers.calls.concurrency_limit import Lanes

CORP, LIST, GET = "wpA", "user/list", "user/get"
OK, TOO_MANY_AT_ONCE, TOO_MANY, UNKNOWN = 0, 45033, 45009, 60111


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_lane_is_as_wide_as_configured_at_first() -> None:
    assert Lanes(8).width(CORP, LIST) == 8


def test_each_refusal_halves_it_down_to_one_call_at_a_time() -> None:
    clock = Clock()
    lanes = Lanes(8, clock=clock)
    widths = []

    for errcode in (TOO_MANY_AT_ONCE, TOO_MANY, TOO_MANY_AT_ONCE, TOO_MANY_AT_ONCE):
        lanes.note(CORP, LIST, errcode)
        widths.append(lanes.width(CORP, LIST))
        clock.now += 2

    assert widths == [4, 2, 1, 1]


def test_refusals_of_one_crowd_halve_it_once() -> None:
    lanes = Lanes(8, clock=Clock())

    for _ in range(8):
        lanes.note(CORP, LIST, TOO_MANY_AT_ONCE)

    assert lanes.width(CORP, LIST) == 4


def test_successes_widen_it_again_but_never_past_the_configured_width() -> None:
    lanes = Lanes(8, clock=Clock())
    lanes.note(CORP, LIST, TOO_MANY_AT_ONCE)

    for _ in range(200):
        lanes.note(CORP, LIST, OK)

    assert lanes.width(CORP, LIST) == 8


def test_it_widens_by_one_for_each_full_width_of_successes() -> None:
    lanes = Lanes(8, clock=Clock())
    lanes.note(CORP, LIST, TOO_MANY_AT_ONCE)

    for _ in range(5):
        lanes.note(CORP, LIST, OK)

    assert lanes.width(CORP, LIST) == 5


def test_other_endpoints_and_corps_keep_their_width() -> None:
    lanes = Lanes(8)

    lanes.note(CORP, LIST, TOO_MANY_AT_ONCE)

    assert lanes.width(CORP, GET) == 8
    assert lanes.width("wpB", LIST) == 8


def test_an_answer_that_refuses_for_another_reason_says_nothing_about_width() -> None:
    lanes = Lanes(8)

    lanes.note(CORP, LIST, UNKNOWN)
    lanes.note(CORP, LIST, None)

    assert lanes.width(CORP, LIST) == 8
