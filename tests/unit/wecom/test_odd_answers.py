"""What is odd in an answer costs only what it is about."""

from typing import Any

import pytest

from wecom import answers
from wecom.errors import OddAnswer
from wecom.wire import DepartmentRow, MemberRow

PRIVILEGE = {
    "level": 1,
    "allow_party": [2, 4294967295],
    "allow_user": ["woU1"],
    "allow_tag": [3],
    "extra_party": [5],
    "extra_user": ["woU2"],
    "extra_tag": [6],
}


def auth_info(**privilege: Any) -> dict[str, Any]:
    return {
        "auth_corp_info": {"corpid": "wpCorpA", "corp_name": "甲", "corp_user_max": 99},
        "auth_info": {
            "agent": [{"agentid": 1000002, "auth_mode": 0, "privilege": privilege}]
        },
    }


def member(**fields: Any) -> MemberRow:
    return answers.member({"userid": "woU1"} | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"userid": None},
        {"userid": ""},
        {"userid": 7},
        {"userid": "a\x00"},
        {"userid": "\ud800"},
        {"department": 2},
        {"department": "2"},
        {"department": ["two"]},
        {"department": [None]},
        {"department": [2.0]},
        {"department": [True]},
        {"department": [-1]},
        {"department": [2**63]},
        {"department": ["9" * 25]},
        {"status": []},
        {"status": True},
        {"status": 1.0},
        {"status": -1},
        {"open_userid": 7},
        {"open_userid": ["woU1"]},
    ],
)
def test_an_odd_type_in_a_field_that_decides_is_no_answer(
    fields: dict[str, Any],
) -> None:
    with pytest.raises(OddAnswer):
        member(**fields)


@pytest.mark.parametrize("odd", [5, 1.5, True, {}, [{}], -1, "\ud800", [""], 2**70])
@pytest.mark.parametrize(
    "field",
    [
        "name",
        "alias",
        "mobile",
        "email",
        "biz_mail",
        "position",
        "direct_leader",
        "order",
        "is_leader_in_dept",
        "main_department",
    ],
)
def test_an_odd_type_in_a_field_that_decides_nothing_is_not_visible(
    field: str, odd: object
) -> None:
    plain = member(department=[2], status=1)
    row = member(department=[2], status=1, **{field: odd})

    if field == "main_department" and odd == 5:
        assert row.main_department == 5
    else:
        assert row == plain


def test_an_odd_row_costs_only_itself() -> None:
    rows: list[Any] = [
        {"userid": "woA", "department": [2], "status": 1},
        {"userid": "woB", "department": "2"},
        {"userid": 7},
        "junk",
    ]

    shown = answers.members({"userlist": rows})

    assert [each.userid for each in shown] == ["woA", "woB", "", ""]
    assert [bool(each.odd) for each in shown] == [False, True, True, True]
    assert shown[1].odd == "department is not a list"


def test_an_odd_department_costs_only_itself() -> None:
    rows: list[Any] = [{"id": 2, "parentid": 1, "order": -1}, {"id": 3, "parentid": []}]

    shown = answers.departments({"list": [*rows, {"id": "x"}, None]}, name="list")

    assert shown[0] == DepartmentRow(department_id=2, parent_id=1, order=None)
    assert [each.department_id for each in shown] == [2, 3, 0, 0]
    assert [bool(each.odd) for each in shown] == [False, True, True, True]


def test_whom_the_list_of_admins_does_not_name_clearly_is_none() -> None:
    rows: list[Any] = [
        {"userid": "woA", "auth_type": 1},
        {"userid": 5, "auth_type": 1},
        {"userid": "woB", "auth_type": "boss"},
        7,
    ]

    assert [each.userid for each in answers.admins({"admin": rows})] == ["woA"]


def test_a_page_of_authorised_members_says_that_somebody_may_be_missing() -> None:
    listed: list[Any] = [{"open_userid": "woA"}, {"open_userid": 3}]

    page = answers.member_auth_page({"member_auth_list": listed, "next_cursor": ""})

    assert page.open_userids == ("woA",)
    assert page.odd


@pytest.mark.parametrize("odd", [None, "yes", 2.0, [], {}, ""])
def test_an_app_is_closed_only_when_wecom_says_so(odd: object) -> None:
    assert answers.agent_is_closed({"close": 1})
    assert not answers.agent_is_closed({"close": "0"})
    with pytest.raises(OddAnswer):
        answers.agent_is_closed({"close": odd})


def test_what_a_corp_is_called_decides_nothing_about_its_scope() -> None:
    plain = answers.auth_info(auth_info(**PRIVILEGE))
    odd = auth_info(**PRIVILEGE)
    odd["auth_corp_info"] |= {"corp_name": 5, "corp_user_max": -3, "subject_type": []}

    info = answers.auth_info(odd)

    assert (info.scope, info.corp.name, info.corp.user_max) == (plain.scope, None, None)


def test_a_tag_with_an_odd_entry_says_that_it_may_hold_more() -> None:
    people: list[Any] = [{"userid": "woA"}, {"userid": 5}, 7]

    tag = answers.tag({"userlist": people, "partylist": [2, "x"]}, tag_id=3)

    assert (tag.userids, tag.departments) == (frozenset({"woA"}), frozenset({2}))
    assert tag.odd
