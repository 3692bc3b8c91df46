"""A corp's admin decides about held removals on a card in WeCom."""

import pytest

from tests.e2e.office import Install, Office
from tests.e2e.org.test_guard import await_held, guard, plans, userids
from tests.e2e.product import Row
from tests.e2e.visitor import Visitor, visiting

DECIDED = {"approve": "approved", "reject": "rejected"}


def shrink_around(office: Office, userid: str) -> None:
    """Only one small department and the admin may use the app from now on."""
    office.act("set-scope", allow_party=office.departments()[-1:], allow_user=[userid])


def cards(visitor: Visitor) -> list[Row]:
    """The cards on the admin's phone; they are told of each plan once."""
    messages = [each["shown"] for each in visitor.messages()]
    return [one for one in messages if "main_title" in one]


def click(visitor: Visitor, verb: str) -> None:
    """Press a button of every card that still has some."""
    path = f"corps/{visitor.office.corp_id}/members/{visitor.userid}"
    for message in visitor.messages():
        for button in message["shown"].get("button_list") or []:
            if button["key"].startswith(f"{verb}:"):
                given = {"message_id": message["message_id"], "key": button["key"]}
                visitor.office.product.control("POST", f"{path}/click", given)


@pytest.mark.parametrize("verb", DECIDED)
def test_an_admin_decides_with_a_button_and_the_card_says_so(
    install: Install, verb: str
) -> None:
    office = install()
    admin = office.summary()["installer"]
    guard(office)
    before = userids(office)
    with visiting(office, admin) as visitor:
        shrink_around(office, admin)
        await_held(office)
        held = plans(office, "held")
        office.product.eventually(lambda: len(cards(visitor)) != len(held))

        click(visitor, verb)
        office.product.eventually(lambda: len(plans(office, "held")))
        office.product.eventually(
            lambda: [one for one in cards(visitor) if one.get("button_list")]
        )
        told = cards(visitor)
    office.product.eventually(office.restless)

    assert len(plans(office, DECIDED[verb])) == len(held) == len(told)
    assert (userids(office) < before) == (verb == "approve")


def test_a_click_of_somebody_who_is_no_admin_any_more_decides_nothing(
    install: Install,
) -> None:
    office = install()
    admin = office.summary()["installer"]
    other = next(row for row in office.people() if row["userid"] != admin)
    guard(office)
    with visiting(office, admin) as visitor:
        shrink_around(office, admin)
        await_held(office)
        office.product.eventually(lambda: not cards(visitor))
        office.act("set-admins", admins={other["userid"]: 1})

        click(visitor, "approve")
        office.product.eventually(
            lambda: [one for one in cards(visitor) if one.get("button_list")]
        )
    office.product.eventually(office.restless)

    assert plans(office, "held")
    assert not plans(office, "approved")
