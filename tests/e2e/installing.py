"""Installs as people make them: page after page, in one browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from demo.browser import Browser, Page
from tests.e2e.office import Office
from tests.e2e.product import Product, Row


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser that nobody has used before."""
    browser = Browser()
    try:
        yield browser
    finally:
        browser.close()


def found_in_tapd(product: Product, company_id: str, accounts: list[Row]) -> None:
    """A company that TAPD has, with people whom the product has been told of."""
    body = {"name": f"TAPD {company_id}", "edition": "professional"}
    answer = product.ask("PUT", f"companies/{company_id}", json=body)
    assert answer.status_code == 200, answer.text
    tell_accounts(product, company_id, accounts)


def tell_accounts(product: Product, company_id: str, accounts: list[Row]) -> None:
    """TAPD's side names people."""
    path = f"companies/{company_id}/accounts"
    answer = product.ask("POST", path, json=accounts)
    assert answer.status_code == 200, answer.text


def intend(product: Product, company_id: str, admin: str) -> str:
    """Where TAPD's admin is sent who wants to link a company."""
    given = {"company_id": company_id, "admin_account_id": admin}
    answer = product.ask("POST", "install-intents", json=given)
    assert answer.status_code == 201, answer.text
    url: str = answer.json()["url"]
    return url


def agree_in_wecom(browser: Browser, page: Page, office: Office, **filled: str) -> Page:
    """Confirm on our page, agree on WeCom's; where one comes out."""
    at_wecom = browser.act(page, "confirm")
    return browser.act(at_wecom, "authorise", corp_id=office.corp_id, **filled)


def link_existing(
    browser: Browser, office: Office, company_id: str, *, admin: str, **filled: str
) -> Page:
    """Way 1: TAPD's admin links a company that TAPD has."""
    page = browser.open(intend(office.product, company_id, admin))
    return agree_in_wecom(browser, page, office, **filled)


def register(browser: Browser, office: Office, **filled: str) -> Page:
    """Way 2: somebody founds a company from WeCom."""
    page = browser.open(f"{office.product.api}/register")
    page = browser.act(page, "choose-edition", edition="enterprise")
    return agree_in_wecom(browser, page, office, **filled)


def look_again(browser: Browser, page: Page) -> Page:
    """The page as it is a moment later."""
    return browser.open(page.url)


def account_of(person: Row, account_id: str, **other: Any) -> Row:
    """An account with everything that WeCom knows of a member, or something else."""
    same = {name: person[name] for name in ("name", "mobile", "email")}
    return {"account_id": account_id, "nick": account_id, **same, **other}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """A company of TAPD's, and whom of a corp it has in which way."""

    company_id: str
    admin: str
    people: dict[str, list[Row]]


def deal(office: Office, **counts: int) -> Dealt:
    """A company in TAPD after a corp's people, so many of each kind, all told."""
    product, given = office.product, {"corp_id": office.corp_id, **counts}
    made = product.control("POST", "tapd/companies", given)
    company_id = f"dealt-{office.corp_id[-8:]}"
    path = f"tapd/companies/{made['company_id']}/accounts"
    found_in_tapd(product, company_id, product.control("GET", path)["items"])
    people: dict[str, list[Row]] = {}
    for one in made["people"]:
        people.setdefault(one["kind"], []).append(one)
    return Dealt(company_id=company_id, admin=made["admins"][0], people=people)
