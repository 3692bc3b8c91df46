"""What becomes of links: settled at the desk, undone, asked again, taken up again."""

from functools import partial

import pytest

from tests.e2e.installing import Dealt, browsing, deal, link_existing
from tests.e2e.office import Office, found
from tests.e2e.product import Product, Row
from tests.e2e.visitor import visiting

KINDS = {"same_mobile": 6, "twice": 2, "same_email": 2}


@pytest.fixture(scope="module")
def dealt(product: Product) -> tuple[Office, Dealt]:
    """An existing company with people linked, asked and in conflict."""
    return _link(found(product, tells_details=True))


def _link(office: Office) -> tuple[Office, Dealt]:
    dealt = deal(office, **KINDS)
    with browsing() as browser:
        link_existing(browser, office, dealt.company_id, admin=dealt.admin)
    office.await_in_step()
    asked = [one["userid"] for one in dealt.people["same_email"]]
    for userid in asked:
        office.product.eventually(partial(_rung, office, userid, 1))
    return office, dealt


def _rung(office: Office, userid: str, times: int) -> object:
    path = f"corps/{office.corp_id}/members/{userid}/messages"
    number = len(office.product.control("GET", path)["items"])
    return number != times and f"{userid} was rung {number} times"


def _is_not(office: Office, userid: str, **wanted: object) -> object:
    link = office.link(userid)
    return {name: link[name] for name in wanted} != wanted and link


def test_an_admin_settles_a_conflict_at_the_desk(
    dealt: tuple[Office, Dealt],
) -> None:
    office, company = dealt
    torn = company.people["twice"][0]
    path = f"/company/{office.corp_id}/people/{torn['userid']}/desk"
    chosen = torn["account_ids"][1]

    with visiting(office, torn["userid"]) as visitor:
        refused = visitor.open(path)
    with visiting(office, office.summary()["installer"]) as admin:
        desk = admin.open(path)
        done = admin.browser.act(desk, "confirm", choice=f"account:{chosen}")
    office.product.eventually(
        partial(_is_not, office, torn["userid"], state="linked", account_id=chosen)
    )

    assert (refused.status, desk.status, done.status) == (403, 200, 200)


def test_a_conflict_can_be_settled_by_a_new_account(
    dealt: tuple[Office, Dealt],
) -> None:
    office, company = dealt
    torn = company.people["twice"][1]
    path = f"/company/{office.corp_id}/people/{torn['userid']}/desk"

    with visiting(office, office.summary()["installer"]) as admin:
        admin.browser.act(admin.open(path), "confirm", choice="new")
    office.product.eventually(partial(_is_not, office, torn["userid"], state="linked"))

    assert office.link(torn["userid"])["account_id"] not in torn["account_ids"]


def test_what_a_person_undid_no_machine_does_again(
    dealt: tuple[Office, Dealt],
) -> None:
    office, company = dealt
    person = company.people["same_mobile"][-1]

    with visiting(office, person["userid"]) as visitor:
        done = visitor.browser.act(visitor.open("/me/unlink"), "confirm")
    gone = partial(_is_not, office, person["userid"], state="unlinked")
    office.product.eventually(gone)
    office.resync()
    office.product.eventually(office.restless)

    assert done.status == 200
    assert not gone()
    assert not _rung(office, person["userid"], 0)


def test_a_member_can_be_asked_again_three_times_a_day(
    dealt: tuple[Office, Dealt],
) -> None:
    office, company = dealt
    userid = company.people["same_email"][0]["userid"]
    path = f"corps/{office.corp_id}/members/{userid}/invite"

    for times in (2, 3, 4):
        answer = office.product.ask("POST", path)
        assert answer.status_code == 202, answer.text
        office.product.eventually(partial(_rung, office, userid, times))
    once_more = office.product.ask("POST", path)

    assert once_more.status_code == 429
    assert not _rung(office, userid, 4)


def test_somebody_who_is_linked_cannot_be_asked(dealt: tuple[Office, Dealt]) -> None:
    office, company = dealt
    userid = company.people["same_mobile"][0]["userid"]

    answer = office.product.ask(
        "POST", f"corps/{office.corp_id}/members/{userid}/invite"
    )

    assert answer.status_code == 409
    assert not _rung(office, userid, 0)


def test_an_install_after_an_uninstall_finds_everybody_again(
    product: Product,
) -> None:
    office, company = _link(found(product, tells_details=True))
    # Somebody whom no strategy would find: by their own word alone.
    asked = company.people["same_email"][0]
    with visiting(office, asked["userid"]) as visitor:
        account_id = asked["account_ids"][0]
        visitor.sign_in_to_tapd(account_id)
        page = visitor.browser.act(visitor.open_message(), "link-existing")
        visitor.browser.act(page, "agree")
        office.product.eventually(
            partial(_is_not, office, asked["userid"], account_id=account_id)
        )
    before = _held(office.links())

    office.act("uninstall")
    office.product.eventually(lambda: _linked_still(office))
    office.install()
    office.await_in_step()
    office.product.eventually(lambda: _held(office.links()) != before)

    assert office.read()["company_id"] == company.company_id
    for userid in before:
        assert not _rung(office, userid, int(userid == asked["userid"]))


def _held(links: dict[str, Row]) -> dict[str, str]:
    """Who has which account."""
    return {
        userid: link["account_id"]
        for userid, link in links.items()
        if link["account_id"]
    }


def _linked_still(office: Office) -> object:
    answer = office.product.ask("GET", f"corps/{office.corp_id}")
    return answer.status_code == 200 and answer.json()["state"] != "revoked"
