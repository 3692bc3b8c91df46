"""A room has a sentence and at most a dozen files; a class name means one thing."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from tests.guards.source import ROOT, modules

ROOMS = [
    path
    for house in ("workers", "store")
    for path in sorted((ROOT / house).rglob("*"))
    if path.is_dir() and path.name not in {"__pycache__", "migrations"}
]
MOST_FILES = 12


def name(room: Path) -> str:
    return str(room.relative_to(ROOT))


@pytest.mark.parametrize("room", ROOMS, ids=name)
def test_a_room_holds_no_more_than_a_dozen_files(room: Path) -> None:
    files = [each.name for each in room.glob("*.py") if each.name != "__init__.py"]

    assert len(files) <= MOST_FILES


@pytest.mark.parametrize("room", ROOMS, ids=name)
def test_a_room_says_in_one_sentence_what_is_in_it(room: Path) -> None:
    said = ast.get_docstring(ast.parse((room / "__init__.py").read_text()))

    assert said


def test_a_class_name_means_one_thing() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for module in modules("domain", "store", "workers", "wecom"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(module.path)

    assert {each: paths for each, paths in found.items() if len(paths) > 1} == {}
