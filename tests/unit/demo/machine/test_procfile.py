"""The Procfile is read as Procfile runners read it."""

from pathlib import Path

import pytest

from demo.machine.procfile import BadProcfile, read_procfile, shell

ROOT = Path(__file__).resolve().parents[4]


def written(folder: Path, text: str) -> Path:
    path = folder / "Procfile"
    path.write_text(text, encoding="utf-8")
    return path


def test_processes_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "release: one\n\n# a word\nweb: two -b $PORT\n")

    commands = read_procfile(path)

    assert list(commands.items()) == [("release", "one"), ("web", "two -b $PORT")]


@pytest.mark.parametrize("line", ["web", "web:", "the web: gunicorn"])
def test_a_line_that_is_no_process_is_refused(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, f"release: one\n{line}\n")

    with pytest.raises(BadProcfile, match="is not"):
        read_procfile(path)


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "release: one\nweb: two\nweb: three\n")

    with pytest.raises(BadProcfile, match="twice"):
        read_procfile(path)


def test_a_file_without_release_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "web: two\n")

    with pytest.raises(BadProcfile, match="no release"):
        read_procfile(path)


def test_the_shell_gives_its_place_to_the_program() -> None:
    assert shell('x "$PORT"') == ("/bin/sh", "-c", 'exec x "$PORT"')


def test_ours_names_the_processes_of_the_design() -> None:
    commands = read_procfile(ROOT / "Procfile")

    assert list(commands) == ["release", "receiver", "web", "worker", "bulk", "clock"]
