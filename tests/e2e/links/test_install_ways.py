"""A company comes in by each of its ways, and each refusal ends on its own page."""

import re
from collections.abc import Iterator

import pytest

from demo.browser import Browser, Page
from tests.e2e.installing import (
    account_of,
    agree_in_wecom,
    browsing,
    found_in_tapd,
    intend,
    link_existing,
    look_again,
    register,
)
from tests.e2e.office import ROOT, Office, found
from tests.e2e.product import Product

# How a page says that an install is over, and that it was stopped.
ENDING, FAULT = 'class="ending"', 'class="fault"'


@pytest.fixture
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def office(product: Product) -> Office:
    return found(product, tells_details=True)


@pytest.fixture
def company_id(office: Office) -> str:
    """A company in TAPD whose admin is the one who installs in WeCom."""
    company_id = f"way-{office.corp_id[-8:]}"
    directory = {row["userid"]: row for row in office.directory()["members"]}
    installer = directory[office.summary()["installer"]]
    admin = account_of(installer, f"admin-{company_id}")
    found_in_tapd(office.product, company_id, [admin])
    return company_id


def outsider(office: Office) -> dict[str, str]:
    """A scope that leaves the installer out, who is in the first department."""
    return {"allow_party": str(office.departments()[-1])}


def once_it_says(browser: Browser, page: Page, mark: str, office: Office) -> Page:
    """The page of an install when it has come to an end of that kind."""
    seen = [page]

    def missing() -> object:
        seen[0] = look_again(browser, page)
        return mark not in seen[0].text and seen[0].text[-3000:]

    office.product.eventually(missing)
    return seen[0]


def counted(page: Page) -> dict[str, int]:
    """What the page counts of the first sync."""
    pairs = re.findall(r'data-count="(\w+)">([\d,]+)<', page.text)
    return {name: int(number.replace(",", "")) for name, number in pairs}


def test_an_existing_company_is_linked_and_its_first_sync_shown(
    browser: Browser, office: Office, company_id: str
) -> None:
    page = link_existing(browser, office, company_id, admin=f"admin-{company_id}")
    after = once_it_says(browser, page, ENDING, office)
    office.await_in_step()

    assert office.read()["company_id"] == company_id
    directory, counts = office.directory(), counted(after)
    assert counts["departments"] == len(directory["departments"])
    assert counts["members"] == len(directory["members"])
    assert (counts["linked"], counts["asked"]) == (1, 0)
    installer = office.link(office.summary()["installer"])
    assert installer["account_id"] == f"admin-{company_id}"


def test_a_new_company_is_founded_with_the_edition_that_was_chosen(
    browser: Browser, office: Office
) -> None:
    register(browser, office)
    office.await_in_step()

    company = office.product.read(f"companies/{office.read()['company_id']}")
    assert (company["edition"], company["origin"]) == ("enterprise", "wecom")
    assert {one["state"] for one in office.links().values()} <= {"linked", "none"}


def test_an_intent_is_good_once(
    browser: Browser, office: Office, company_id: str
) -> None:
    url = intend(office.product, company_id, f"admin-{company_id}")
    page = browser.open(url)

    agree_in_wecom(browser, page, office)
    office.await_in_step()
    again = browser.open(url)

    assert "confirm" in page.actions
    assert "confirm" not in again.actions


def test_an_intent_belongs_to_the_browser_that_confirms_it_not_to_who_looks(
    browser: Browser, office: Office, company_id: str
) -> None:
    url = intend(office.product, company_id, f"admin-{company_id}")
    with browsing() as other:
        looked = other.open(url)

        at_wecom = browser.act(browser.open(url), "confirm")
        late = other.act(looked, "confirm")
        after = other.open(url)

    assert "confirm" in looked.actions
    assert at_wecom.url.startswith(office.product.simulator)
    assert late.url.startswith(office.product.api)
    assert "confirm" not in after.actions


def test_a_tampered_intent_leads_nowhere(
    browser: Browser, office: Office, company_id: str
) -> None:
    url = intend(office.product, company_id, f"admin-{company_id}")

    page = browser.open(f"{url[:-2]}xx")

    assert page.status >= 400
    assert "confirm" not in page.actions


def test_an_admin_who_does_not_agree_in_wecom_is_told_how_to_go_on(
    browser: Browser, office: Office, company_id: str
) -> None:
    page = browser.open(intend(office.product, company_id, f"admin-{company_id}"))

    at_wecom = browser.act(page, "confirm")
    back = browser.act(at_wecom, "refuse")

    assert back.url.startswith(f"{office.product.api}/install/done")
    assert office.product.ask("GET", f"corps/{office.corp_id}").status_code == 404
    company = office.product.read(f"companies/{company_id}")
    assert company["name"]


def test_an_installer_outside_the_scope_is_refused_until_they_are_inside(
    browser: Browser, office: Office, company_id: str
) -> None:
    page = link_existing(
        browser, office, company_id, admin=f"admin-{company_id}", **outsider(office)
    )

    stopped = once_it_says(browser, page, FAULT, office)
    before = office.read()
    office.act("set-scope", allow_party=[ROOT])
    browser.act(stopped, "continue")
    office.await_in_step()

    assert (before["state"], before["company_id"]) == ("authorised", None)
    assert office.read()["company_id"] == company_id


def test_a_company_that_is_linked_already_is_not_linked_twice(
    browser: Browser, office: Office, company_id: str, product: Product
) -> None:
    admin, second = f"admin-{company_id}", found(product)
    first_url, second_url = (intend(product, company_id, admin) for _ in range(2))

    agree_in_wecom(browser, browser.open(first_url), office)
    office.await_in_step()
    with browsing() as other:
        page = agree_in_wecom(other, other.open(second_url), second)
        once_it_says(other, page, FAULT, second)

    assert office.read()["company_id"] == company_id
    assert second.read()["state"] == "authorised"
