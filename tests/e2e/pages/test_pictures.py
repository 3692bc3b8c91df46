"""The pictures in docs/pictures, taken from pages as a bad night shows them.

`PICTURES=docs/pictures` keeps what is taken; without it they are taken and looked at.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.guards.source import ROOT
from tests.support.console.pages import context_for, speak
from tests.support.console.populated import Night, night

FOLDER = ROOT / "docs/pictures"
MOST_BYTES = 250_000
# Name, page, language, theme: each language and theme is shown.
TAKEN = (
    ("overview.en", "/console/", "en", "light"),
    ("overview.zh-CN", "/console/", "zh-CN", "dark"),
    ("corp.zh-CN", "/console/corps/wwcorp?open=1,2,3,4,5", "zh-CN", "light"),
    ("person.en", "/console/corps/wwcorp/people/fang", "en", "dark"),
    ("plan.en", "/console/plans/plan-a", "en", "light"),
    ("events.zh-CN", "/console/events?q=state:failed", "zh-CN", "light"),
    ("queues.en", "/console/queues", "en", "light"),
)


@pytest.fixture(scope="module")
def at_night(module_database: str, redis_server_url: str) -> Iterator[Night]:
    with night(database=module_database, redis_url=redis_server_url) as place:
        yield place


@pytest.mark.parametrize("taken", TAKEN, ids=lambda taken: str(taken[0]))
def test_a_picture_is_taken_of_what_a_page_shows(
    at_night: Night, browser: Browser, tmp_path: Path, taken: tuple[str, ...]
) -> None:
    name, path, language, theme = taken
    context = context_for(browser, at_night)
    page = context.new_page()
    speak(page, at_night, language)
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(path)
    expect(page.locator("h1")).to_be_visible()
    kept = Path(os.environ.get("PICTURES", tmp_path)) / f"{name}.png"

    page.screenshot(path=kept)
    context.close()

    assert kept.read_bytes().startswith(b"\x89PNG")
    assert kept.stat().st_size < MOST_BYTES


def test_the_pictures_that_are_kept_are_those_that_are_taken_and_shown() -> None:
    kept = {path.stem for path in FOLDER.glob("*.png")}
    shown = "".join(
        path.read_text("utf-8")
        for path in (ROOT / "docs/console.md", ROOT / "README.md")
    )

    assert kept == {name for name, *_ in TAKEN}
    assert {name for name in kept if f"pictures/{name}.png" not in shown} == set()
