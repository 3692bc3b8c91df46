"""A member opens the app from the workbench, and so may nobody who is out of it."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from demo.browser import Browser
from tests.e2e.office import InstallAll, Office
from tests.e2e.visitor import visiting

Act = Callable[[Office, str], None]


def disable(office: Office, userid: str) -> None:
    office.act("disable", userid=userid)


def delete(office: Office, userid: str) -> None:
    office.act("leave", userid=userid)


def shrink_the_scope(office: Office, userid: str) -> None:
    others = [row["userid"] for row in office.people() if row["userid"] != userid]
    office.act("set-scope", allow_user=others[:3])


CASES: dict[str, Act] = {
    "disabled": disable,
    "deleted": delete,
    "out of scope": shrink_the_scope,
}
PAGES = ("/me", "/enter")


@pytest.fixture(scope="module")
def offices(install_all: InstallAll) -> dict[str, Office]:
    return install_all(CASES)


@pytest.mark.parametrize("case", CASES)
def test_a_member_comes_in_and_on_to_tapd_until_they_may_not_any_more(
    offices: dict[str, Office], case: str
) -> None:
    office = offices[case]
    [somebody, *_] = office.people()
    with visiting(office, somebody["userid"]) as visitor:
        home, onward = visitor.open_app(), visitor.open("/enter?to=/")
        before = [visitor.open(path).status for path in PAGES]

        CASES[case](office, somebody["userid"])
        office.await_in_step()
        after = [visitor.open(path).status for path in PAGES]

    assert (home.status, urlsplit(home.url).path) == (200, "/enter")
    # TAPD has no session for them yet, which is TAPD's own affair.
    assert onward.url.startswith(f"{office.product.simulator}/tapd/login")
    assert (before, after) == ([200, 200], [403, 403])


def test_somebody_of_no_company_is_told_so(offices: dict[str, Office]) -> None:
    office = offices["disabled"]
    browser = Browser()
    browser.session.cookies.set("member", "nocorp/nobody")

    page = browser.open(f"{office.product.api}/me")

    browser.close()
    assert page.status == 403
