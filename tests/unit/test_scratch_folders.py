"""Servers of tests lie in memory where there is room, and nothing stays there."""

from pathlib import Path

import pytest

from tests.support.processes import memory
from tests.support.processes.memory import scratch_folder

NO_PROCESS = 2**22 + 1


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is taken for memory, with room in it."""
    monkeypatch.setattr(memory, "_MEMORY", tmp_path)
    monkeypatch.setattr(memory, "_ROOM_BYTES", 0)
    monkeypatch.setattr(memory, "_FREE_BYTES", 0)
    monkeypatch.delenv("TMPDIR", raising=False)
    return tmp_path


def test_it_is_in_memory_and_gone_afterwards(room: Path) -> None:
    with scratch_folder("made") as folder:
        (folder / "data").write_text("kept for a while", "utf-8")
        assert folder.parent == room

    assert list(room.iterdir()) == []


def test_it_is_elsewhere_where_memory_has_no_room(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_ROOM_BYTES", 2**62)

    with scratch_folder("made") as folder:
        assert folder.parent != room


def test_it_is_elsewhere_where_somebody_says_where(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(room.parent))

    with scratch_folder("made") as folder:
        assert folder.parent != room


def test_what_a_killed_process_left_is_removed_and_no_other(room: Path) -> None:
    left = room / f"made-{NO_PROCESS}-abc"
    others = room / "made-by-somebody"
    for each in (left, others):
        each.mkdir()

    with scratch_folder("made") as mine, scratch_folder("made") as another:
        assert {*room.iterdir()} == {mine, another, others}
