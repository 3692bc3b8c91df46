"""A company's pages on a phone, without scripts: readable, and the desk can be used."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from tests.support.people.companies import CORP, Company, evidence, open_company
from tests.support.webclient import cookies_of
from texts.catalogue import catalogue

PAGES = ("", "?group=pending", "people/li", "people/li/desk", "people/wang/unlink")
PHONE_PIXELS = 390
WIDTH = "document.documentElement.scrollWidth"
LONG = "woAJ2GCAAAXQvpOs0zYBCtmkJdLPfGHw"


@pytest.fixture
def company(database: str, redis_url: str) -> Iterator[Company]:
    with open_company(database=database, redis_url=redis_url) as company:
        company.account("1000000001", nick="老李", mobile="13812345678")
        company.account("1000000002", nick="小李", email="xiaoli@long-name.example.com")
        holder = company.person("wang", "linked", account_id="1000000002")
        company.person(
            "li",
            "conflict",
            reason="several_accounts",
            evidence=[
                evidence("1000000001", mobile="equal", asked=True),
                evidence("1000000002", email="differs", held_by=holder),
            ],
        )
        company.person(LONG, "pending")
        company.enter()
        yield company


@contextmanager
def phone(browser: Browser, company: Company, language: str) -> Iterator[Page]:
    """The admin's phone, at the company."""
    server = make_server("127.0.0.1", 0, company.visit.web.app, threaded=True)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,))
    serving.start()
    address = f"http://127.0.0.1:{server.server_port}"
    context = browser.new_context(
        base_url=f"{address}/company/{CORP}/",
        locale=language,
        viewport={"width": PHONE_PIXELS, "height": 844},
        java_script_enabled=False,
    )
    for name, value in cookies_of(company.visit.client).items():
        context.add_cookies([{"name": name, "value": value, "url": address}])
    try:
        yield context.new_page()
    finally:
        context.close()
        server.shutdown()
        server.server_close()
        serving.join()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_conflict_is_resolved_on_a_phone_without_scripts(
    browser: Browser, company: Company, language: str
) -> None:
    words = catalogue(language)

    with phone(browser, company, language) as page:
        for path in PAGES:
            page.goto(path)
            assert page.evaluate(WIDTH) == PHONE_PIXELS, path
        page.goto("people/li/desk")
        page.get_by_role("radio").nth(0).check()
        assert page.get_by_role("radio").nth(1).is_disabled()
        page.locator("[data-action=confirm]").click()

        said = words["company.act.chosen"].format(who="li", account="1000000001")
        assert said in page.locator("main").inner_text()
        company.settle()
        page.reload()
        assert words["company.act.now"] in page.locator("main").inner_text()
    assert [account_id for _, _, account_id, _ in company.claims()] == ["1000000001"]
