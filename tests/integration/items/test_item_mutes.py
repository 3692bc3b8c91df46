"""What somebody does not want any more is not sent any more, and they are told so."""

from typing import Any

import pytest

from domain.items.items import ItemKind
from domain.items.people import RoleChoice
from simulator.faults import Kind
from store.database import transaction
from store.items.preferences import StoredPreferences, keep_preferences
from tests.integration.items.test_item_notices import became_of, edit, quiet
from tests.support.notices.item_office import ItemOffice, open_office
from tests.support.workbench import Workbench


@pytest.fixture
def office(simulated: Workbench) -> ItemOffice:
    office = open_office(simulated, "李四", "王五")
    office.without_tapd()
    office.story(owner="李四;", cc="王五;")
    return office


def press(office: ItemOffice, number: int) -> None:
    """李四 presses an act of the menu of their first card."""
    message = office.phone("李四")[0]
    office.press(
        "李四", message, message.sent["action_menu"]["action_list"][number]["key"]
    )


def choose(office: ItemOffice, nick: str, **choice: Any) -> None:
    """Somebody saves their preferences."""
    userid = office.userids[office.nicks.index(nick)]
    [row] = office.bench.rows("SELECT member_pk FROM members WHERE userid = %s", userid)
    whole: dict[str, Any] = {
        "item_notices": True,
        "kinds": tuple(ItemKind),
        "roles": tuple(RoleChoice),
        **choice,
    }
    with transaction(office.bench.runtime.pool) as connection:
        keep_preferences(
            connection,
            office.corp.corp_pk,
            row["member_pk"],
            StoredPreferences(**whole),
        )


@pytest.mark.parametrize(("act", "said"), [(0, "此条不再提醒"), (1, "需求不再提醒")])
def test_where_the_card_cannot_be_changed_any_more_a_message_says_so_once(
    office: ItemOffice, act: int, said: str
) -> None:
    office.tell(edit(office, 0, priority=("Low", "High")))
    office.bench.misbehave(
        Kind.ERRCODE, match="message/update_template_card", errcode=60140
    )

    press(office, act)
    for _ in range(3):
        office.deliver()

    [card, told] = office.phone("李四")
    assert card.shown == card.sent
    assert told.msgtype == "textcard"
    assert told.sent["title"] == said
    assert "登录页重做" in told.sent["description"]
    assert told.sent["url"].endswith("/me/preferences")
    assert len(office.phone("王五")) == 1


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ({"item_notices": False}, "muted"),
        ({"muted_items": ("1148464494001000276",)}, "item_muted"),
        ({"kinds": (ItemKind.BUG,)}, "kind"),
        ({"roles": (RoleChoice.CC, RoleChoice.FOLLOWER)}, "role"),
        ({"roles": ()}, "role"),
    ],
)
def test_what_waits_and_is_not_wanted_any_more_is_dropped_at_once_for_its_reason(
    office: ItemOffice, choice: dict[str, Any], reason: str
) -> None:
    quiet(office, "李四")
    office.tell(edit(office, 0, priority=("Low", "High")))
    assert became_of(office.told(), "李四") == ["quiet_hours"]

    choose(office, "李四", **choice)
    office.wait(3 * 3600)
    office.deliver()

    assert office.phone("李四") == []
    assert office.bench.rows(
        "SELECT state, reason FROM notices WHERE reason <> ''"
    ) == [{"state": "dropped", "reason": reason}]
    assert len(office.phone("王五")) == 1


def test_what_waits_and_is_still_wanted_in_one_of_its_roles_is_sent(
    office: ItemOffice,
) -> None:
    office.tell(edit(office, 0, follower=("", "李四;")))
    office.bench.rows("DELETE FROM notices WHERE state <> 'queued'")
    quiet(office, "李四")
    office.tell(edit(office, 50, by="别人", priority=("Low", "High")))

    choose(office, "李四", roles=(RoleChoice.FOLLOWER,))
    office.wait(3 * 3600)
    office.deliver()

    assert len(office.phone("李四")) == 2


def test_once_the_company_switches_item_notices_off_what_waits_is_not_sent(
    office: ItemOffice,
) -> None:
    quiet(office, "李四")
    office.tell(edit(office, 0, priority=("Low", "High")))
    told_before = len(office.phone("王五"))

    office.bench.rows("""UPDATE companies SET item_notices = '{"switch": "off"}'""")
    office.tell(edit(office, 60, by="别人", priority=("High", "Low")))
    office.bench.rows("UPDATE item_preferences SET quiet_from = NULL, quiet_to = NULL")
    office.wait(3 * 3600)
    office.deliver()

    assert office.phone("李四") == []
    assert len(office.phone("王五")) == told_before
    assert office.bench.rows(
        "SELECT state, reason FROM notices WHERE reason <> ''"
    ) == [{"state": "dropped", "reason": "company_off"}]
    assert became_of(office.told(), "王五")[-1] == "company_off"
