"""Every page there is, as everybody may see it: languages, themes, widths, no script.

The pages are the routes of the web: a new one is looked at without being named here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.console.colours import Contrasts
from tests.support.console.looking import (
    COLOURS,
    WORDS,
    Listening,
    axe,
    bring_axe,
    unreached,
    wider,
)
from tests.support.console.pages import WIDTHS, context_for, paths, speak
from tests.support.console.populated import Night, night

MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A page in a browser, and what the browser says about it."""

    page: Page
    listening: Listening


@pytest.fixture(scope="module")
def at_night(module_database: str, redis_server_url: str) -> Iterator[Night]:
    with night(database=module_database, redis_url=redis_server_url) as place:
        yield place


@pytest.fixture(scope="module")
def look(browser: Browser, at_night: Night) -> Iterator[Look]:
    context = context_for(browser, at_night)
    bring_axe(context)
    page, listening = context.new_page(), Listening()
    listening.begin(page)
    yield Look(page=page, listening=listening)
    context.close()


def reached(page: Page, path: str, language: str) -> None:
    """Come to a page: it is whole, whatever it says, and in the language chosen."""
    answer = page.goto(path)
    assert answer is not None
    assert answer.status < 500, path
    assert page.locator("html").get_attribute("lang") == language, path
    expect(page.locator("h1")).to_have_count(1)


@pytest.mark.timeout(600)
def test_axe_finds_nothing_on_any_page_in_light_or_dark(
    at_night: Night, look: Look
) -> None:
    faults, contrasts = [], Contrasts()
    speak(look.page, at_night, "zh-CN")
    look.page.set_viewport_size({"width": 768, "height": 900})
    for path in paths(at_night):
        look.page.emulate_media(color_scheme="light")
        reached(look.page, path, "zh-CN")
        faults += [f"{path} {each}" for each in axe(look.page, but=COLOURS)]
        for theme in ("light", "dark"):
            look.page.emulate_media(color_scheme=theme)
            found = contrasts.faults(look.page)
            faults += [f"{path} {theme} {each}" for each in found]

    assert "\n".join(faults) == ""


@pytest.mark.timeout(600)
def test_every_page_fits_every_width_serves_keys_and_breaks_no_rule_of_the_browser(
    at_night: Night, look: Look
) -> None:
    faults = []
    speak(look.page, at_night, "en")
    look.page.emulate_media(color_scheme="light")
    for path in paths(at_night):
        look.listening.forget()
        reached(look.page, path, "en")
        faults += [f"{path} {each}" for each in found_at_all_widths(look)]

    assert "\n".join(faults) == ""


def found_at_all_widths(look: Look) -> list[str]:
    """What is wrong with the page at hand, from the narrowest width to the widest."""
    faults = []
    for width in sorted(WIDTHS):
        look.page.set_viewport_size({"width": width, "height": 900})
        faults += [f"{width} {each}" for each in wider(look.page)]
        if width == min(WIDTHS):
            # There is least room for words and fingers.
            faults += axe(look.page, rules=WORDS)
    weight = sum(look.listening.bytes_loaded.values())
    if weight > MOST_BYTES:
        faults.append(f"weighs {weight}: {look.listening.bytes_loaded}")
    return [*faults, *look.listening.said, *unreached(look.page)]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("path", ["/console/sign-in", "/console/events"])
def test_a_stranger_finds_nothing_that_is_in_the_way(
    browser: Browser, at_night: Night, path: str, language: str
) -> None:
    context = context_for(browser, at_night)
    context.clear_cookies()
    bring_axe(context)
    page, listening = context.new_page(), Listening()
    listening.begin(page)
    speak(page, at_night, language)
    page.goto(path)
    faults: list[str] = []
    expect(page.locator("input[name=token]")).to_be_visible()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        faults += [f"{theme} {each}" for each in axe(page)]
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 740})
        faults += [f"{width} {each}" for each in wider(page)]
    context.close()

    assert "\n".join([*faults, *listening.said]) == ""


@pytest.mark.timeout(600)
def test_every_page_is_whole_without_scripts(browser: Browser, at_night: Night) -> None:
    context = context_for(browser, at_night, runs_scripts=False)
    page = context.new_page()
    speak(page, at_night, "zh-CN")
    page.set_viewport_size({"width": 360, "height": 740})
    faults = []
    for path in paths(at_night):
        reached(page, path, "zh-CN")
        faults += [f"{path} {each}" for each in wider(page)]
        # What only a script would show is no part of the page.
        hidden = page.locator("[data-needs-script]:visible, button[data-copy]:visible")
        if hidden.count():
            faults.append(f"{path} shows what only a script can use")

    context.close()
    assert "\n".join(faults) == ""
