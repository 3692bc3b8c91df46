"""Wrong secrets cost their sender, and nobody else."""

from receiver.guessers import SMALL_BYTES, VAIN_BYTES, WINDOW_SECONDS, Guessers

LONG = 8 * 1024 * 1024


def _exhausted(now: list[float]) -> Guessers:
    guessers = Guessers(now=lambda: now[0])
    for _ in range(VAIN_BYTES // LONG):
        assert guessers.may_be_read("c1", "203.0.113.7", size_bytes=LONG)
        guessers.note_vain("c1", "203.0.113.7", size_bytes=LONG)
    return guessers


def test_long_events_are_read_in_vain_only_so_often() -> None:
    guessers = _exhausted([0.0])

    assert not guessers.may_be_read("c1", "203.0.113.7", size_bytes=LONG)


def test_what_is_small_is_always_read() -> None:
    guessers = _exhausted([0.0])

    assert guessers.may_be_read("c1", "203.0.113.7", size_bytes=SMALL_BYTES)


def test_neither_another_company_nor_another_visitor_pays_for_it() -> None:
    guessers = _exhausted([0.0])

    assert guessers.may_be_read("c2", "203.0.113.7", size_bytes=LONG)
    assert guessers.may_be_read("c1", "203.0.113.8", size_bytes=LONG)


def test_after_a_window_they_are_read_again() -> None:
    now = [0.0]
    guessers = _exhausted(now)

    now[0] = WINDOW_SECONDS

    assert guessers.may_be_read("c1", "203.0.113.7", size_bytes=LONG)


def test_no_number_of_visitors_is_remembered() -> None:
    guessers = Guessers(now=lambda: 0.0)

    for number in range(20_000):
        guessers.note_vain("c1", str(number), size_bytes=LONG)

    assert len(guessers._vain) == 10_000
