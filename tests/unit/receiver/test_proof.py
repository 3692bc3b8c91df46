"""A receiver that cannot answer knows it, and does not stay so."""

from collections.abc import Callable

from receiver.proof import HOPELESS_SECONDS, Proof


class Clock:
    """Stands still until told."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> float:
        return self.seconds


def _proof(clock: Clock, answer: Callable[[], bool], ended: list[float]) -> Proof:
    return Proof(answer, now=clock.now, give_up=lambda: ended.append(clock.seconds))


def test_an_answer_begins_the_count_anew() -> None:
    clock, ended = Clock(), list[float]()
    proof = _proof(clock, lambda: clock.seconds >= 130, ended)

    clock.seconds = 120
    proof.ask_once()
    silent = proof.unserved_seconds()
    clock.seconds = 130
    proof.ask_once()

    assert (silent, proof.unserved_seconds(), ended) == (20, 0, [])


def test_without_an_answer_for_a_minute_the_process_ends() -> None:
    clock, ended = Clock(), list[float]()
    proof = _proof(clock, lambda: False, ended)

    clock.seconds += HOPELESS_SECONDS
    proof.ask_once()
    before = list(ended)
    clock.seconds += 1
    proof.ask_once()

    assert before == []
    assert ended == [clock.seconds]
