"""A room has a sentence and at most a dozen files; a class name means one thing."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from tests.guards.source import OTHERS, PRODUCT, ROOT, modules

ROOMS = [
    path
    for house in (*PRODUCT, *OTHERS)
    for path in (ROOT / house, *sorted((ROOT / house).rglob("*")))
    if path.is_dir() and any(path.glob("*.py"))
]
MOST_FILES = 12
# One flat list on purpose (docs/decisions/0227), and how long it may be at most.
FLAT = {
    "benchmarks": 28,
    "receiver": 13,
    "store": 13,
    "tests/guards": 24,
    "tests/unit/wecom": 21,
    "wecom": 24,
}


def name(room: Path) -> str:
    return room.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("room", ROOMS, ids=name)
def test_a_room_holds_no_more_than_a_dozen_files(room: Path) -> None:
    files = [each.name for each in room.glob("*.py") if each.name != "__init__.py"]

    assert len(files) <= FLAT.get(name(room), MOST_FILES)


@pytest.mark.parametrize(
    "room",
    [room for room in ROOMS if room.relative_to(ROOT).parts[:2] != ("tests", "unit")],
    ids=name,
)
def test_a_room_says_in_one_sentence_what_is_in_it(room: Path) -> None:
    said = ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8")))

    assert said


def test_a_room_for_what_is_tried_has_its_noun_from_the_house() -> None:
    """A rule's test is found where its noun is, in whatever layer it is kept."""
    nouns = {
        path.name
        for house in PRODUCT
        for path in (ROOT / house, *(ROOT / house).rglob("*"))
        if path.is_dir()
    }
    tried = {
        room.name
        for kind in ("integration", "property")
        for room in (ROOT / "tests" / kind).iterdir()
        if room.is_dir() and any(room.glob("*.py"))
    }

    assert tried - nouns == {"database", "demo", "telemetry"}


def test_nothing_is_tried_beside_the_rooms() -> None:
    assert [
        each.name
        for kind in ("integration", "property", "e2e")
        for each in (ROOT / "tests" / kind).glob("test_*.py")
    ] == []


def test_a_class_name_means_one_thing() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for module in modules("domain", "store", "workers", "wecom"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(module.path)

    assert {each: paths for each, paths in found.items() if len(paths) > 1} == {}
