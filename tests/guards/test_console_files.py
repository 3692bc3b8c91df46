"""The console's files: vendored as they came, light, and without anything inline."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

from tests.guards.source import ROOT

STATIC = ROOT / "web/static"
PAGES = sorted((ROOT / "web/templates/console").glob("*.html"))
WHOLE = [page for page in PAGES if not page.name.startswith("_")]
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=")
# What a page may weigh with everything that it loads, and what its own text may.
PAGE_BYTES, TEXT_BYTES = 100_000, 22_000


def test_what_is_vendored_is_as_it_came_with_its_licence() -> None:
    for folder in (STATIC / "vendor").iterdir():
        told = tomllib.loads((folder / "vendored.toml").read_text("utf-8"))
        found = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.iterdir()
            if path.suffix in {".js", ".css"}
        }
        assert found == told["sha256"]
        assert "Permission is hereby granted" in (folder / "LICENSE").read_text("utf-8")


def test_the_heaviest_page_leaves_room_for_its_text() -> None:
    loaded = [
        *STATIC.glob("operators.*"),
        *STATIC.glob("charts.js"),
        *(STATIC / "vendor/uplot").glob("uPlot*"),
        STATIC / "icon.svg",
    ]

    assert sum(path.stat().st_size for path in loaded) + TEXT_BYTES < PAGE_BYTES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_holds_script_or_style_of_its_own(page: Path) -> None:
    text = page.read_text("utf-8")

    assert INLINE.findall(text) == []


@pytest.mark.parametrize(
    "page",
    [page for page in WHOLE if page.name not in {"frame.html", "part.html"}],
    ids=lambda page: page.name,
)
def test_every_page_has_one_heading_of_the_first_order(page: Path) -> None:
    text = page.read_text("utf-8")

    assert len(re.findall(r"<h1\b", text)) == 1
