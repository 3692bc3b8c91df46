"""An install in a real browser: on a phone, with scripts and without."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from simulator.org.corp import Corp as Enterprise
from tests.support.people.installing import COMPANY
from tests.support.people.walking import Walk, intent_of, walking
from tests.support.workbench import workbench

PHONE = ViewportSize(width=390, height=800)


@pytest.fixture
def walk(database: str, redis_url: str) -> Iterator[Walk]:
    with (
        workbench(database=database, redis_url=redis_url) as bench,
        walking(bench) as walk,
    ):
        yield walk


def install(page: Page, walk: Walk, enterprise: Enterprise) -> None:
    """Confirm, choose the corp at WeCom's page, and be back."""
    page.click("[data-action=confirm]")
    page.check(f"input[value={enterprise.corp_id}]")
    page.click("[data-action=authorise]")
    page.wait_for_url(f"{walk.public_url}/install/done**")


def overflows(page: Page) -> bool:
    return bool(
        page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    )


def test_the_first_sync_appears_while_one_looks_at_a_phone(
    walk: Walk, browser: Browser
) -> None:
    enterprise = walk.bench.found()
    context = browser.new_context(locale="zh-CN", viewport=PHONE)
    page = context.new_page()
    page.goto(intent_of(walk))
    began_too_wide = overflows(page)

    install(page, walk, enterprise)
    page.evaluate("window.sameDocument = true")
    walk.work()
    page.wait_for_selector(".ending")

    assert page.evaluate("window.sameDocument") is True
    assert f"公司 {COMPANY}" in page.inner_text("h1")
    assert not began_too_wide
    assert not overflows(page)
    context.close()


def test_without_scripts_the_page_reloads_itself_until_it_is_over(
    walk: Walk, browser: Browser
) -> None:
    enterprise = walk.bench.found()
    context = browser.new_context(
        locale="en",
        viewport=PHONE,
        java_script_enabled=False,
    )
    page = context.new_page()
    page.goto(f"{walk.public_url}/register")
    page.check("input[value=enterprise]")
    page.click("[data-action=choose-edition]")

    install(page, walk, enterprise)
    walk.work()
    page.wait_for_selector(".ending")

    assert "is linked to" in page.inner_text("h1")
    assert page.locator("[data-action=continue]").count() == 1
    context.close()
