"""Item events become cards: to whom they concern, once, in what words."""

import pytest

from tests.support.item_office import STORY, WORKSPACE, ItemOffice, open_office
from tests.support.workbench import Workbench


@pytest.fixture
def office(simulated: Workbench) -> ItemOffice:
    return open_office(simulated, "李四", "王五", "赵六")


def test_an_edit_is_carried_at_once_to_whom_it_concerns(office: ItemOffice) -> None:
    office.story(owner="李四;", cc="王五;")

    office.tell(
        office.event(
            "story::update",
            old_name="登录页重做",
            old_owner="李四;",
            old_cc="王五;",
            old_status="planning",
            old_priority="Middle",
            new_priority="High",
            new_modified=at_noon(),
            change_fields="priority,modified",
        )
    )

    [card] = office.cards("李四")
    assert card["card_type"] == "text_notice"
    assert card["sub_title_text"] == "登录页重做"
    assert card["horizontal_content_list"] == [
        {"keyname": "优先级", "value": "Middle → High"}
    ]
    assert (
        f"%2F{WORKSPACE}%2Fprong%2Fstories%2Fview%2F{STORY}"
        in (card["card_action"]["url"])
    )
    assert len(office.cards("王五")) == 1
    assert office.cards("赵六") == []


def at_noon() -> str:
    return "2026-03-02 12:00:00"
