"""Cursors come back as they were given out, and only there."""

import pytest

from web.http.cursors import Cursors, cut, derive
from web.http.problems import Problem

OLD, NEW = b"o" * 32, b"n" * 32


def cursors(*keys: bytes) -> Cursors:
    return Cursors(derive(keys, b"cursors"))


def test_a_cursor_gives_its_position_back() -> None:
    sealed = cursors(NEW).seal(["李", 7], of=["members", "ww"])

    assert cursors(NEW).open(sealed, of=["members", "ww"]) == ["李", 7]


def test_no_cursor_is_no_position() -> None:
    assert cursors(NEW).open(None, of=["members"]) is None


def test_a_cursor_outlives_a_rotation_of_keys() -> None:
    sealed = cursors(OLD).seal([1], of=["events"])

    assert cursors(NEW, OLD).open(sealed, of=["events"]) == [1]


@pytest.mark.parametrize("forged", ["", "x", "WzFd.abc", "…", "." * 3])
def test_a_forged_cursor_is_refused(forged: str) -> None:
    with pytest.raises(Problem) as refused:
        cursors(NEW).open(forged, of=["events"])

    assert refused.value.status == 400


def test_a_cursor_of_another_list_or_key_is_refused() -> None:
    sealed = cursors(OLD).seal([1], of=["events", "a"])

    for ring, of in ((cursors(OLD), ["events", "b"]), (cursors(NEW), ["events", "a"])):
        with pytest.raises(Problem):
            ring.open(sealed, of=of)


def test_a_page_ends_with_its_last_row_or_with_nothing() -> None:
    assert cut([1, 2, 3], limit=2, position=lambda row: [row]) == ([1, 2], [2])
    assert cut([1, 2], limit=2, position=lambda row: [row]) == ([1, 2], None)
