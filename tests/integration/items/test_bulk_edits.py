"""What a bulk edit costs: calls are counted, not time."""

from collections import Counter
from collections.abc import Sequence

import pytest

from tests.support.notices.item_office import STORY, ItemOffice, open_office
from tests.support.workbench import Workbench

PEOPLE, ITEMS, AT_ONCE, TO_ONE_CALL = 12, 60, 20, 1_000


@pytest.fixture
def office(simulated: Workbench) -> ItemOffice:
    office = open_office(simulated, *(f"人{n}" for n in range(PEOPLE)))
    office.without_tapd()
    return office


def edit_all(office: ItemOffice, owners: Sequence[str]) -> int:
    """One person edits an item for each of these owners; the calls that it costs."""
    for number, owner in enumerate(owners):
        office.send(
            office.event(
                "story::update",
                id=f"{int(STORY) + number}",
                old_name=f"需求{number}",
                old_owner=owner,
                old_creator="操作者",
                old_priority="Middle",
                new_priority="High",
                change_fields="priority",
            )
        )
    office.calm()
    while office.bench.rows("SELECT 1 AS one FROM inbox WHERE state = 'pending'"):
        office.follow()
    while office.bench.rows("SELECT 1 AS one FROM notices WHERE state = 'queued'"):
        office.deliver()
        office.wait(61)
    return office.bench.calls("message/send")


def test_items_of_all_people_cost_a_call_for_each_card_and_one_for_all_digests(
    office: ItemOffice,
) -> None:
    everybody = ";".join(office.nicks) + ";"

    calls = edit_all(office, [everybody] * ITEMS)

    assert calls == AT_ONCE * -(-PEOPLE // TO_ONE_CALL) + 1
    for nick in office.nicks:
        # Twenty cards and the digest, in which the rest is counted.
        assert len(office.phone(nick)) == AT_ONCE + 1
        assert str(ITEMS - AT_ONCE) in office.cards(nick)[-1]["main_title"]["title"]


def test_items_of_one_owner_each_cost_no_more_than_cards_and_digests(
    office: ItemOffice,
) -> None:
    owners = [f"{office.nicks[number % PEOPLE]};" for number in range(ITEMS)]

    calls = edit_all(office, owners)

    assert calls == AT_ONCE + PEOPLE
    told = Counter(
        row["nick"]
        for row in office.bench.rows(
            "SELECT nick FROM item_notices JOIN notices USING (corp_pk, notice_id)"
            " WHERE notices.state = 'sent'"
        )
    )
    # Everything was told, to its owner, once.
    assert told == Counter(each.rstrip(";") for each in owners)
