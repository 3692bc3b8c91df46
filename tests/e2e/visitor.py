"""A member of a company, with a phone and a browser of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from demo.browser import Browser, Page
from tests.e2e.office import Office
from tests.e2e.product import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """One member; WeCom's sign-in pages know them by the phone they hold."""

    office: Office
    userid: str
    browser: Browser

    def messages(self) -> list[Row]:
        """What came to the phone, newest first."""
        path = f"corps/{self.office.corp_id}/members/{self.userid}/messages"
        found: list[Row] = self.office.product.control("GET", path)["items"]
        return found

    def open(self, path: str) -> Page:
        """A page of the product."""
        return self.browser.open(f"{self.office.product.api}{path}")

    def open_app(self) -> Page:
        """The app from the workbench."""
        return self.browser.act(self._phone(), "enter-app")

    def open_message(self) -> Page:
        """The page that the newest card leads to."""
        return self.browser.act(self._phone(), "open-message")

    def sign_in_to_tapd(self, account_id: str) -> None:
        """Be this account in TAPD from now on."""
        address = f"{self.office.product.simulator}/tapd/login"
        self.browser.session.post(address, data={"account_id": account_id})

    def link(self) -> Row:
        """What the product shows of their link."""
        return self.office.link(self.userid)

    def _phone(self) -> Page:
        return self.browser.open(
            f"{self.office.product.simulator}/phone/{self.office.corp_id}/{self.userid}"
        )


@contextmanager
def visiting(office: Office, userid: str) -> Iterator[Visitor]:
    """A member with a phone in their hand and a browser of their own."""
    browser = Browser()
    visitor = Visitor(office=office, userid=userid, browser=browser)
    # Opening the phone is what makes the browser theirs.
    visitor._phone()
    try:
        yield visitor
    finally:
        browser.close()
