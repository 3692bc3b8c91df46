"""From the notice on the phone to a linked account, over HTTP and in a browser."""

from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page as Tab
from playwright.sync_api import ViewportSize

from demo.browser import Page
from tests.e2e.installing import account_of, tell_accounts
from tests.e2e.office import Office, found
from tests.e2e.product import Product
from tests.e2e.visitor import Visitor, visiting

PHONE = ViewportSize(width=390, height=844)
NAMES = (
    "proves",
    "creates",
    "proves elsewhere",
    "in two tabs",
    "shares",
    "refuses",
    "zh-CN",
    "en-US",
)


@pytest.fixture(scope="module")
def office(product: Product) -> Office:
    """A company founded from WeCom, some of whose newcomers TAPD half knows."""
    office = found(product, tells_details=True)
    office.install()
    office.await_in_step()
    people = [
        {
            "name": name,
            "mobile": f"178{place:08d}",
            "email": f"p{place}@asked.example.com",
        }
        for place, name in enumerate(NAMES)
    ]
    rows = [
        account_of(one, _account(office, one["name"]), mobile=f"189{place:08d}")
        for place, one in enumerate(people)
    ]
    tell_accounts(product, office.read()["company_id"], rows)
    for row in rows:
        product.control("POST", "tapd/accounts", row)
    for one in people:
        office.act("hire", departments=office.departments()[:1], **one)
    product.eventually(partial(_unrung, office))
    return office


def _account(office: Office, name: str) -> str:
    return f"{office.corp_id[-8:]}:{name}".replace(" ", "-")


def _userid(office: Office, name: str) -> str:
    rows = office.directory()["members"]
    return next(str(row["userid"]) for row in rows if row["name"] == name)


def _unrung(office: Office) -> list[str]:
    found = []
    for name in NAMES:
        path = f"corps/{office.corp_id}/members/{_userid(office, name)}/messages"
        items = office.product.control("GET", path)["items"]
        found += [] if len(items) == 1 else [f"{name} has {len(items)} messages"]
    return found


def _unlinked(office: Office, userid: str) -> object:
    link = office.link(userid)
    return link["state"] != "linked" and link


@pytest.fixture
def visitor(office: Office, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """Whom the test names."""
    with visiting(office, _userid(office, request.param)) as visitor:
        yield visitor


def prove(visitor: Visitor, page: Page, account_id: str) -> Page:
    """Sign in to TAPD as that account, agree, and come back."""
    visitor.sign_in_to_tapd(account_id)
    return visitor.browser.act(visitor.browser.act(page, "link-existing"), "agree")


def settle(visitor: Visitor) -> None:
    visitor.office.product.eventually(
        partial(_unlinked, visitor.office, visitor.userid)
    )


@pytest.mark.parametrize("visitor", ["proves"], indirect=True)
def test_whoever_proves_their_account_is_linked_to_it(visitor: Visitor) -> None:
    account_id = _account(visitor.office, "proves")

    done = prove(visitor, visitor.open_message(), account_id)
    settle(visitor)
    afterwards = visitor.open_message()

    assert done.status == 200
    link = visitor.link()
    assert (link["account_id"], link["reason"]) == (account_id, "own_proof")
    assert {"link-existing", "create-account"}.isdisjoint(afterwards.actions)
    assert len(visitor.messages()) == 1


@pytest.mark.parametrize("visitor", ["creates"], indirect=True)
def test_whoever_wants_a_new_account_gets_one(visitor: Visitor) -> None:
    page = visitor.open_message()

    done = visitor.browser.act(page, "create-account")
    if "confirm" in done.actions:
        done = visitor.browser.act(done, "confirm")
    settle(visitor)

    assert done.status == 200
    assert visitor.link()["account_id"] != _account(visitor.office, "creates")


@pytest.mark.parametrize("visitor", ["proves elsewhere"], indirect=True)
def test_an_account_that_is_somebody_elses_already_is_a_conflict(
    visitor: Visitor,
) -> None:
    office = visitor.office
    # People are listed by ids that chance gave: the first may have no account yet.
    taken = next(filter(None, (one["account_id"] for one in office.links().values())))

    office.product.control("POST", "tapd/accounts", {"account_id": taken})
    done = prove(visitor, visitor.open_message(), taken)
    office.product.eventually(
        lambda: visitor.link()["state"] != "conflict" and visitor.link()
    )

    assert done.status == 200
    holders = [one for one in office.links().values() if one["account_id"] == taken]
    assert len(holders) == 1


@pytest.mark.parametrize("visitor", ["in two tabs"], indirect=True)
def test_two_tabs_and_a_second_submission_change_nothing(visitor: Visitor) -> None:
    account_id = _account(visitor.office, "in two tabs")
    first, second = visitor.open_message(), visitor.open_message()

    prove(visitor, first, account_id)
    settle(visitor)
    late = visitor.browser.act(second, "create-account")

    assert late.status < 500
    visitor.office.product.eventually(visitor.office.restless)
    assert visitor.link()["account_id"] == account_id


@pytest.mark.parametrize("visitor", ["shares"], indirect=True)
def test_a_notice_is_of_no_use_to_somebody_else(visitor: Visitor) -> None:
    url = visitor.messages()[0]["sent"]["url"]
    [stranger, *_] = visitor.office.people()

    with visiting(visitor.office, stranger["userid"]) as other:
        page = other.browser.open(url)

    assert {"link-existing", "create-account"}.isdisjoint(page.actions)
    assert visitor.link()["state"] == "pending"


@pytest.mark.parametrize("visitor", ["refuses"], indirect=True)
def test_whoever_refuses_in_tapd_can_choose_again(visitor: Visitor) -> None:
    visitor.sign_in_to_tapd(_account(visitor.office, "refuses"))

    at_tapd = visitor.browser.act(visitor.open_message(), "link-existing")
    back = visitor.browser.act(at_tapd, "refuse")
    again = visitor.open_message()

    assert back.url.startswith(f"{visitor.office.product.api}/")
    assert back.status < 500
    assert "link-existing" in again.actions
    assert visitor.link()["state"] == "pending"


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_the_whole_way_on_a_phone(
    office: Office, browser: Chromium, language: str
) -> None:
    userid, account_id = _userid(office, language), _account(office, language)
    context = browser.new_context(locale=language, viewport=PHONE)
    tab = context.new_page()

    tab.goto(f"{office.product.simulator}/phone/{office.corp_id}/{userid}")
    widths = [_width_after(tab, "[data-action=open-message]")]
    widths.append(_width_after(tab, "[data-action=link-existing]"))
    # TAPD lists a few of all the accounts that tests have made.
    tab.locator("input[name=search]").fill(account_id)
    widths.append(_width_after(tab, "form.line button"))
    widths.append(_width_after(tab, f"button[value='{account_id}']"))
    widths.append(_width_after(tab, "[data-action=agree]"))
    said = tab.locator("html").get_attribute("lang")
    context.close()

    office.product.eventually(partial(_unlinked, office, userid))
    assert office.link(userid)["account_id"] == account_id
    assert max(widths) <= PHONE["width"]
    assert said == ("en" if language == "en-US" else "zh-CN")


def _width_after(tab: Tab, control: str) -> int:
    tab.locator(control).first.click()
    tab.wait_for_load_state()
    width: int = tab.evaluate("document.documentElement.scrollWidth")
    return width
