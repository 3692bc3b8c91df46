"""What each admin action pushes, to the element."""

import re

import pytest

from simulator.admin.admin_members import Impossible
from simulator.org.grant import ORGANISATION_INFO
from tests.unit.simulator.staging import ANN, BOB, CAT, LABS, NORTH, SALES, Stage


def elements(xml: str) -> dict[str, str]:
    found = re.findall(r"<(\w+)>(?:<!\[CDATA\[(.*?)\]\]>|(\d+))</\1>", xml)
    common = {"SuiteId", "AuthCorpId", "InfoType", "TimeStamp", "ChangeType"}
    return {name: text or number for name, text, number in found if name not in common}


def test_hiring_tells_who_where_and_status_and_hides_the_name(stage: Stage) -> None:
    stage.install(allow_party=[SALES])

    stage.act("hire", name="王伟", userid="woNew", departments=[NORTH])

    created, subscribed = stage.pushed()
    assert elements(created.xml) == {
        "UserID": "woNew",
        "OpenUserID": stage.corp.now.members["woNew"].open_userid,
        "Name": "woNew",
        "Department": "3",
        "MainDepartment": "3",
        "Status": "1",
    }
    assert (subscribed.name, subscribed.channel) == ("subscribe", "data")


def test_hiring_outside_the_scope_tells_nothing(stage: Stage) -> None:
    stage.install(allow_party=[SALES])

    stage.act("hire", departments=[LABS])

    assert stage.pushed() == []


def test_moving_within_scope_tells_the_new_complete_visible_list(stage: Stage) -> None:
    stage.install(allow_party=[SALES])

    stage.act("move", userid=CAT, departments=[SALES, LABS])

    [push] = stage.pushed()
    assert push.name == "update_user"
    assert elements(push.xml) == {
        "UserID": CAT,
        "OpenUserID": f"open-{CAT}",
        "Department": "2",
        "MainDepartment": "2",
    }


def test_leaving_the_scope_still_updates_and_unsubscribes(stage: Stage) -> None:
    stage.install(allow_party=[SALES])

    stage.act("move", userid=ANN, departments=[LABS])

    assert stage.pushed_names() == ["update_user", "unsubscribe"]
    assert elements(stage.pushed()[0].xml)["Department"] == ""


def test_disabling_only_unsubscribes_and_enabling_tells_the_status(
    stage: Stage,
) -> None:
    stage.install(allow_party=[SALES])

    stage.act("disable", userid=ANN)
    stage.act("enable", userid=ANN)

    assert stage.pushed_names() == ["unsubscribe", "update_user", "subscribe"]
    assert elements(stage.pushed()[1].xml)["Status"] == "1"


def test_deleting_a_member_names_them_alone(stage: Stage) -> None:
    stage.install(allow_party=[SALES])

    stage.act("leave", userid=ANN)

    assert stage.pushed_names() == ["delete_user", "unsubscribe"]
    expected = {"UserID": ANN, "OpenUserID": f"open-{ANN}"}
    assert elements(stage.pushed()[0].xml) == expected
    assert stage.corp.now.members[BOB].direct_leader is None


def test_a_new_userid_is_told_with_the_old_one_and_followed_everywhere(
    stage: Stage,
) -> None:
    stage.install(allow_user=[ANN])

    stage.act("rename-userid", userid=ANN, new_userid="woAnn2")

    [push] = stage.pushed()
    assert elements(push.xml)["UserID"] == ANN
    assert elements(push.xml)["NewUserID"] == "woAnn2"
    assert stage.corp.now.grant.scope.allow_user == ("woAnn2",)
    assert stage.corp.now.members[BOB].direct_leader == "woAnn2"


def test_names_mobiles_and_department_names_are_told_to_nobody(stage: Stage) -> None:
    stage.install()

    stage.act("set-details", userid=ANN, name="新名", mobile="1")
    stage.act("set-department", department_id=SALES, name="新名")

    assert stage.pushed() == []


def test_departments_are_told_only_where_visible(stage: Stage) -> None:
    stage.install(allow_party=[SALES])

    seen = stage.act("add-department", parent_id=NORTH, order=9)["department_id"]
    stage.act("add-department", parent_id=LABS)
    stage.act("move-department", department_id=seen, parent_id=SALES)
    stage.act("remove-department", department_id=seen)

    assert stage.pushed_names() == ["create_party", "update_party", "delete_party"]
    created, moved, removed = (elements(one.xml) for one in stage.pushed())
    expected = {"Id": str(seen), "Name": str(seen), "ParentId": "3", "Order": "9"}
    assert created == expected
    assert moved == {"Id": str(seen), "ParentId": "2"}
    assert removed == {"Id": str(seen)}


def test_a_department_that_leaves_the_scope_unsubscribes_its_people(
    stage: Stage,
) -> None:
    stage.install(allow_party=[SALES])

    stage.act("move-department", department_id=NORTH, parent_id=LABS)

    names = ["unsubscribe", "unsubscribe", "update_party"]
    assert stage.pushed_names() == names


def test_a_scope_change_carries_no_difference(stage: Stage) -> None:
    stage.install(allow_party=[SALES])

    stage.act("set-scope", allow_party=[LABS])

    assert sorted(stage.pushed_names()) == ["change_auth", "subscribe", "unsubscribe"]
    change = next(one for one in stage.pushed() if one.name == "change_auth")
    assert elements(change.xml) == {"ExtraInfo": ""}


def test_organisation_info_is_told_as_corp_arch_auth(stage: Stage) -> None:
    stage.install(allow_party=[SALES])

    stage.act("set-permissions", permissions=[ORGANISATION_INFO])
    stage.act("set-permissions", permissions=[])

    assert stage.pushed_names() == ["corp_arch_auth", "change_auth"]


def test_a_market_install_pushes_the_code_and_a_redirect_does_not(
    stage: Stage,
) -> None:
    market = stage.act("install", way="market", quiet=True)["auth_code"]
    first = stage.pushed()[0]
    stage.act("uninstall")
    stage.world.logs.reset_pushes()

    stage.act("install", way="redirect", quiet=True)

    assert first.name == "create_auth"
    assert elements(first.xml)["AuthCode"] == market
    assert stage.pushed_names() == ["change_app_admin"]


def test_uninstalling_is_told_once_and_then_silence(stage: Stage) -> None:
    stage.install()

    stage.act("uninstall")
    stage.act("leave", userid=ANN)

    assert stage.pushed_names() == ["cancel_auth"]


def test_a_tag_in_scope_tells_the_difference(stage: Stage) -> None:
    tag_id = stage.act("add-tag")["tag_id"]
    stage.act("set-tag", tag_id=tag_id, userids=[ANN])
    stage.install(allow_tag=[tag_id])

    stage.act("set-tag", tag_id=tag_id, userids=[BOB], department_ids=[SALES])

    update = next(one for one in stage.pushed() if one.name == "update_tag")
    assert elements(update.xml) == {
        "TagId": str(tag_id),
        "AddUserItems": BOB,
        "DelUserItems": ANN,
        "AddPartyItems": "2",
    }


@pytest.mark.parametrize(
    ("action", "given", "errcode"),
    [
        ("remove-department", {"department_id": NORTH}, 60005),
        ("remove-department", {"department_id": SALES}, 60006),
        ("move-department", {"department_id": SALES, "parent_id": NORTH}, 60004),
        ("move", {"userid": ANN, "departments": [99]}, 60123),
        ("leave", {"userid": "woann"}, 60111),
        ("hire", {"mobile": f"+86-{ANN}"}, 60104),
    ],
)
def test_the_console_refuses_the_impossible(
    stage: Stage, action: str, given: dict[str, object], errcode: int
) -> None:
    with pytest.raises(Impossible) as refused:
        stage.act(action, **given)

    assert refused.value.errcode == errcode
