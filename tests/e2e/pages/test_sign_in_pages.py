"""The provider's pages and the workbench in a real browser, on a small phone too."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.people.live_web import Live, live_web
from tests.support.people.relying import Party, add_party, add_subject
from tests.support.people.visiting import query_of

WIDTHS = (360, 1280)
LANGUAGES = ("zh-CN", "en")


@pytest.fixture
def live(database: str, redis_url: str) -> Iterator[Live]:
    """A linked member who is signed in here, and a client."""
    with live_web(database=database, redis_url=redis_url) as live:
        add_subject(live.visit)
        live.visit.sign_in("wwcorp", "zhang")
        yield live


@pytest.fixture
def party(live: Live) -> Party:
    return add_party(live.visit)


def page_of(browser: Browser, live: Live, *, width: int, language: str) -> Page:
    """A page in which the member is signed in."""
    context = browser.new_context(
        viewport={"width": width, "height": 740}, locale=language
    )
    kept = live.visit.client.get_cookie("sync-member")
    assert kept is not None
    context.add_cookies([{"name": kept.key, "value": kept.value, "url": live.url}])
    return context.new_page()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_fits_its_screen_and_has_one_heading(
    live: Live, party: Party, browser: Browser, width: int, language: str
) -> None:
    page = page_of(browser, live, width=width, language=language)
    paths = ["/enter", party.asks(), "/oidc/logout", "/oidc/authorize?client_id=x"]

    for path in paths:
        page.goto(f"{live.url}{path}")

        expect(page.locator("h1")).to_have_count(1)
        assert page.locator("html").get_attribute("lang") == language
        wide = "document.documentElement.scrollWidth - window.innerWidth"
        assert page.evaluate(wide) <= 0, path
    page.context.close()


def test_a_member_agrees_and_is_sent_to_the_client(
    live: Live, party: Party, browser: Browser
) -> None:
    page = page_of(browser, live, width=360, language="zh-CN")
    page.goto(f"{live.url}{party.asks()}")

    # Nobody answers there: a browser that does not try again shows an error instead.
    with page.expect_request("https://rp.example/cb?**") as sent:
        page.locator('[data-action="confirm"]').click()

    assert {"code", "state"} <= query_of(sent.value.url).keys()
    page.context.close()
