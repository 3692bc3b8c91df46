"""A TAPD admin links their company on a phone: from the button to the first sync."""

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.e2e.installing import found_in_tapd
from tests.e2e.office import Office, found
from tests.e2e.product import Product, Row

PHONE = ViewportSize(width=390, height=844)
PATIENCE_MILLISECONDS = 30_000


def in_tapd(office: Office) -> Row:
    """A company in TAPD with half of the people, known to the product as well."""
    product, given = office.product, {"same_mobile": 8, "same_email": 2, "twice": 1}
    made = product.control(
        "POST", "tapd/companies", {"corp_id": office.corp_id, **given}
    )
    path = f"tapd/companies/{made['company_id']}/accounts"
    rows = product.control("GET", path)["items"]
    found_in_tapd(product, made["company_id"], rows)
    return made


def press(tab: Page, action: str) -> None:
    """The control, and the page it leads to, which has to fit the phone."""
    tab.locator(f"[data-action={action}]").click()
    tab.wait_for_load_state()
    width = tab.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"], tab.url


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_a_company_is_linked_page_by_page(
    product: Product, browser: Browser, language: str
) -> None:
    office = found(product, tells_details=True)
    company = in_tapd(office)
    context = browser.new_context(locale=language, viewport=PHONE)
    tab = context.new_page()
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))

    tab.goto(f"{product.simulator}/tapd/login?search={company['admins'][0]}")
    press(tab, "sign-in")
    tab.goto(f"{product.simulator}/tapd/companies/{company['company_id']}")
    press(tab, "link-wecom")
    press(tab, "confirm")
    tab.locator(f"input[value='{office.corp_id}']").check()
    press(tab, "authorise")
    ending = tab.locator(".ending")
    expect(ending).to_be_visible(timeout=PATIENCE_MILLISECONDS)
    asked = tab.locator("[data-count=asked]").inner_text()
    tongue = tab.locator("html").get_attribute("lang")
    context.close()

    assert office.read()["company_id"] == company["company_id"]
    assert asked == "2"
    assert tongue == ("en" if language == "en-US" else "zh-CN")
    assert said == []
