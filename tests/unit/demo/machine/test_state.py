"""A state folder is private, and used by one run at a time."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.machine.state import State, StateBusy


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state")
    yield state
    state.close()


def test_nobody_else_may_look_into_it(state: State) -> None:
    assert state.folder.stat().st_mode & 0o777 == 0o700


def test_a_second_claim_is_refused_with_the_owner(state: State) -> None:
    state.claim()
    second = State(state.folder)

    with pytest.raises(StateBusy, match=f"process {os.getpid()}"):
        second.claim()

    second.close()


def test_it_can_be_claimed_again_once_let_go(tmp_path: Path) -> None:
    first = State(tmp_path / "state")
    first.claim()
    first.close()
    second = State(tmp_path / "state")

    second.claim()

    third = State(tmp_path / "state")
    with pytest.raises(StateBusy):
        third.claim()
    third.close()
    second.close()


def test_sockets_get_a_short_path_however_deep_the_folder_is(tmp_path: Path) -> None:
    deep = State(tmp_path / ("x" * 60) / ("y" * 60))

    sockets = deep.folder_for_sockets()

    deep.close()
    assert len(os.fsencode(sockets / ".s.PGSQL.5432")) < 104
    assert sockets.stat().st_mode & 0o777 == 0o700
    sockets.rmdir()
