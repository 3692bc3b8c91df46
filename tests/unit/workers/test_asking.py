"""Many questions at once: bounded, flowing, and stopped by the first error."""

import threading
from collections.abc import Iterator

import pytest

from workers.calls.concurrent import ask_all, ask_flowing

WAIT_SECONDS = 10.0


class Crowd:
    """Counts how many questions are under way at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now = 0
        self.most = 0

    def ask(self, number: int) -> int:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        threading.Event().wait(0.002)
        with self._lock:
            self.now -= 1
        return number * 10


def test_answers_come_in_the_order_of_the_subjects() -> None:
    answers = ask_all(lambda number: number * 10, range(50), at_once=lambda: 4)

    assert answers == [number * 10 for number in range(50)]


def test_nothing_is_asked_for_nobody() -> None:
    assert ask_all(lambda number: number, [], at_once=lambda: 4) == []


def test_no_more_are_under_way_than_allowed() -> None:
    crowd = Crowd()

    ask_all(crowd.ask, range(60), at_once=lambda: 3)

    assert crowd.most == 3


def test_a_crowd_that_becomes_too_large_shrinks_while_it_asks() -> None:
    crowd, asked = Crowd(), threading.Event()
    late: list[int] = []

    def ask(number: int) -> int:
        if number == 20:
            asked.set()
        answer = crowd.ask(number)
        if number > 40:
            late.append(crowd.now)
        return answer

    ask_all(ask, range(60), at_once=lambda: 1 if asked.is_set() else 6)

    assert crowd.most > 1
    assert max(late) == 0


def test_one_corp_that_does_not_answer_keeps_no_others_questions_waiting() -> None:
    silent = threading.Event()
    others = [
        threading.Thread(
            target=ask_all,
            args=(lambda _: silent.wait(WAIT_SECONDS), range(500)),
            kwargs={"at_once": lambda: 8},
            daemon=True,
        )
        for _ in range(8)
    ]
    for each in others:
        each.start()

    answers = ask_all(lambda number: number, range(8), at_once=lambda: 8)

    assert answers == list(range(8))
    assert not silent.is_set()
    silent.set()
    for each in others:
        each.join(WAIT_SECONDS)


def test_what_was_answered_before_an_error_is_handed_out_first() -> None:
    def ask(number: int) -> int:
        if number == 7:
            raise ValueError(number)
        return number

    got: list[int] = []

    def take_all() -> None:
        for batch in ask_flowing(ask, range(20), at_once=lambda: 1, batch=3):
            got.extend(answer for _, answer in batch)

    with pytest.raises(ValueError, match="7"):
        take_all()

    assert got == [0, 1, 2, 3, 4, 5, 6]


def test_asking_goes_on_while_a_batch_is_worked_on() -> None:
    asked = threading.Event()

    def ask(number: int) -> int:
        if number == 5:
            asked.set()
        return number

    flowing = ask_flowing(ask, range(9), at_once=lambda: 1, batch=3)
    next(flowing)

    assert asked.wait(WAIT_SECONDS)
    assert [answer for batch in flowing for _, answer in batch] == list(range(3, 9))


def test_no_subject_is_taken_after_the_caller_has_left() -> None:
    taken: list[int] = []

    def subjects() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    flowing = ask_flowing(lambda number: number, subjects(), at_once=lambda: 2, batch=4)
    next(flowing)
    flowing.close()  # type: ignore[attr-defined]  # it is a generator

    assert len(taken) < 1000


@pytest.mark.parametrize("subjects", [[], ["one"]])
def test_what_needs_no_second_thread_starts_none(subjects: list[str]) -> None:
    asking: list[int] = []

    ask_all(
        lambda _: asking.append(threading.get_ident()),
        subjects,
        at_once=lambda: pytest.fail("nothing is asked side by side"),
    )

    assert asking == [threading.get_ident()] * len(subjects)
