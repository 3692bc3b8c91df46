"""Random histories of people and accounts: nobody is linked twice, or asked twice."""

from collections import Counter

import pytest

from tests.e2e.chance_links import LinkHistory
from tests.e2e.installing import (
    account_of,
    browsing,
    found_in_tapd,
    link_existing,
    tell_accounts,
)
from tests.e2e.office import Office, found
from tests.e2e.product import Product, Row

EVENTS = 90
PATIENCE_SECONDS = 90.0
pytestmark = pytest.mark.timeout(3 * PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def office(product: Product, module_seed: int) -> Office:
    """A company of TAPD's after such a history, repeated and shuffled."""
    office = found(product, tells_details=True)
    company_id = f"chance-{office.corp_id[-8:]}"
    people = office.people()
    rows = [
        account_of(one, f"{company_id}:{place}") for place, one in enumerate(people)
    ]
    found_in_tapd(product, company_id, rows[::2])
    with browsing() as browser:
        link_existing(browser, office, company_id, admin=rows[0]["account_id"])
    office.await_in_step()
    office.fault("duplicate", share=0.3, times=3)
    office.fault("reorder", share=0.5, window=5, seconds=0.5)
    history = LinkHistory(office, seed=module_seed)
    for _ in range(2):
        history.go_on(EVENTS // 3)
        history.change_scope()
    office.act("set-scope", allow_party=[1])
    history.go_on(EVENTS // 3)
    # Chance alone may leave nobody to be asked, and then nothing would be shown.
    history.hire_doubtful()
    office.product.eventually(lambda: at_rest(office), seconds=PATIENCE_SECONDS)
    office.behave()
    return office


def at_rest(office: Office) -> list[object]:
    notices = office.product.rows(f"corps/{office.corp_id}/notices")
    waiting: list[object] = [one for one in notices if one["state"] == "queued"]
    return [*office.unsettled(), *waiting]


def sent(office: Office) -> dict[str, list[Row]]:
    """What is on each phone."""
    path = f"corps/{office.corp_id}/members"
    userids = [row["userid"] for row in office.directory()["members"]]
    return {
        each: office.product.control("GET", f"{path}/{each}/messages")["items"]
        for each in userids
    }


def causes(messages: list[Row]) -> Counter[str]:
    """How often a phone was rung for each kind of notice."""
    return Counter(one["sent"]["url"].rsplit("/", 2)[1] for one in messages)


def test_no_account_has_two_people_and_nobody_two_accounts(office: Office) -> None:
    links = office.links()

    held = Counter(one["account_id"] for one in links.values() if one["account_id"])
    assert [each for each, times in held.items() if times > 1] == []
    assert {one["state"] for one in links.values() if one["account_id"]} == {"linked"}
    states = {one["state"] for one in links.values()}
    assert states >= {"linked", "pending", "conflict"}


def test_nobody_is_asked_twice_for_the_same_cause(office: Office) -> None:
    rung = {userid: causes(messages) for userid, messages in sent(office).items()}

    assert any(rung.values())
    assert {u: c for u, c in rung.items() if c and max(c.values()) > 1} == {}


def test_a_resync_decides_nothing_more_and_asks_nobody(office: Office) -> None:
    lines = len(list(office.product.rows(f"corps/{office.corp_id}/journal")))
    before = {userid: len(messages) for userid, messages in sent(office).items()}

    office.resync()
    office.product.eventually(lambda: at_rest(office))

    after = {userid: len(messages) for userid, messages in sent(office).items()}
    assert after == before
    assert len(list(office.product.rows(f"corps/{office.corp_id}/journal"))) == lines


def test_who_is_out_of_scope_is_never_sent_anything(office: Office) -> None:
    inside, *outside = office.people()
    office.act("set-scope", allow_user=[inside["userid"]])
    office.product.eventually(lambda: at_rest(office))
    before = sent(office)
    asking = [account_of(one, f"late:{one['userid']}") for one in outside[:5]]

    rows = [{**row, "mobile": None} for row in asking]
    tell_accounts(office.product, office.read()["company_id"], rows)
    office.resync()
    office.product.eventually(lambda: at_rest(office))

    assert sent(office) == before
