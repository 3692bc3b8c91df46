"""An answer says what it says; a broken one says nothing at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wecom import answers
from wecom.errors import OddAnswer
from wecom.wire import (
    DepartmentRow,
    Installer,
    MemberRow,
    Scope,
    SendResult,
    TagRow,
)

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


def test_a_member_shows_what_is_visible() -> None:
    row = member(
        open_userid="woU1",
        name="woU1",
        department=[2, 4294967295],
        order=[1, 4294967040],
        is_leader_in_dept=[0, 1],
        main_department=2,
        direct_leader=["woU9"],
        status=1,
        mobile="13800000001",
    )

    assert row == MemberRow(
        userid="woU1",
        open_userid="woU1",
        name=None,
        departments=(2, 4294967295),
        orders=(1, 4294967040),
        leader_flags=(False, True),
        main_department=2,
        direct_leaders=("woU9",),
        status=1,
        mobile="13800000001",
    )


def test_a_member_of_whom_nothing_is_visible_has_no_departments() -> None:
    assert member() == MemberRow(userid="woU1")


def test_null_is_not_visible_and_an_empty_text_is_visibly_empty() -> None:
    row = member(mobile=None, email="", department=None, direct_leader=[])

    assert (row.mobile, row.email) == (None, "")
    assert (row.departments, row.direct_leaders) == ((), ())


def test_a_name_that_is_not_the_userid_is_a_name() -> None:
    assert member(name="王小明").name == "王小明"
    assert member(name="wou1").name == "wou1"


def test_numbers_may_be_text() -> None:
    row = member(department=["2"], main_department="2", status="1")

    assert (row.departments, row.main_department, row.status) == ((2,), 2, 1)


def test_a_list_of_another_length_than_the_departments_shows_nothing() -> None:
    row = member(department=[2, 7], order=[1], is_leader_in_dept=[1, 0, 0])

    assert (row.orders, row.leader_flags) == (None, None)


def test_a_detail_that_no_database_can_hold_counts_as_not_shown() -> None:
    row = answers.member(
        json.loads('{"userid": "u", "name": "a\\u0000", "alias": "\\ud800"}')
    )

    assert (row.name, row.alias) == (None, None)


@pytest.mark.parametrize(
    ("row", "department"),
    [
        (
            {"id": 2315041299, "parentid": 2, "order": 4294967040},
            DepartmentRow(department_id=2315041299, parent_id=2, order=4294967040),
        ),
        (
            {"id": 1, "parentid": 0},
            DepartmentRow(department_id=1, parent_id=None, order=None),
        ),
        ({"id": 7}, DepartmentRow(department_id=7, parent_id=None, order=None)),
        (
            {"id": 7, "name": "7", "parentid": "1"},
            DepartmentRow(department_id=7, parent_id=1, order=None),
        ),
        (
            {"id": 7, "name": "研发", "department_leader": []},
            DepartmentRow(
                department_id=7, parent_id=None, order=None, name="研发", leaders=()
            ),
        ),
    ],
)
def test_a_department_shows_what_it_says(
    row: dict[str, Any], department: DepartmentRow
) -> None:
    assert answers.departments({"list": [row]}, name="list") == [department]


@pytest.mark.parametrize("payload", [{}, {"list": None}, {"list": {}}, {"list": 1}])
def test_a_missing_list_is_not_an_empty_one(payload: dict[str, Any]) -> None:
    with pytest.raises(OddAnswer):
        answers.departments(payload, name="list")


@pytest.mark.parametrize(
    ("payload", "tag"),
    [
        (
            {"tagname": "t", "userlist": [{"userid": "woU1"}], "partylist": [2]},
            TagRow(
                tag_id=3,
                name="t",
                userids=frozenset({"woU1"}),
                departments=frozenset({2}),
            ),
        ),
        (
            {"userlist": []},
            TagRow(tag_id=3, name=None, userids=frozenset(), departments=frozenset()),
        ),
        (
            {"partylist": [2]},
            TagRow(
                tag_id=3, name=None, userids=frozenset(), departments=frozenset({2})
            ),
        ),
    ],
)
def test_a_tag_holds_what_it_lists(payload: dict[str, Any], tag: TagRow) -> None:
    assert answers.tag(payload, tag_id=3) == tag


@pytest.mark.parametrize(
    "payload", [{}, {"userlist": None}, {"userlist": {}}, {"partylist": None}]
)
def test_a_tag_without_its_lists_is_no_answer(payload: dict[str, Any]) -> None:
    with pytest.raises(OddAnswer):
        answers.tag(payload, tag_id=3)


def test_an_authorisation_names_corp_agent_and_scope() -> None:
    info = answers.auth_info(auth_info(**PRIVILEGE))

    assert (info.corp.corp_id, info.corp.name, info.corp.user_max) == (
        "wpCorpA",
        "甲",
        99,
    )
    assert (info.agent.agent_id, info.by_members) == (1000002, False)
    assert info.scope == Scope(
        departments=frozenset({2, 4294967295}),
        userids=frozenset({"woU1"}),
        tags=frozenset({3}),
        extra_departments=frozenset({5}),
        extra_userids=frozenset({"woU2"}),
        extra_tags=frozenset({6}),
    )


def test_two_scopes_are_equal_in_any_order() -> None:
    forth = answers.auth_info(auth_info(allow_party=[1, 2]))
    back = answers.auth_info(auth_info(allow_party=[2, 1]))

    assert forth == back


def test_a_member_authorisation_is_told() -> None:
    payload = auth_info(allow_user=[])
    payload["auth_info"]["agent"][0]["auth_mode"] = 1

    assert answers.auth_info(payload).by_members


@pytest.mark.parametrize(
    "payload",
    [
        {},
        auth_info(),
        auth_info(level=1, extra_party=[1]),
        auth_info(allow_party=None),
        auth_info(allow_party=[1], allow_user="woU1"),
        {"auth_corp_info": {"corpid": "c"}},
        {"auth_corp_info": {"corpid": "c"}, "auth_info": {"agent": []}},
        {"auth_corp_info": {"corpid": "c"}, "auth_info": {"agent": [{"agentid": 1}]}},
        auth_info(allow_party=[1]) | {"auth_corp_info": {}},
    ],
)
def test_a_scope_that_is_not_told_is_not_an_empty_scope(
    payload: dict[str, Any],
) -> None:
    with pytest.raises(OddAnswer):
        answers.auth_info(payload)


@pytest.mark.parametrize("payload", [{}, {"app_permissions": None}])
def test_permissions_that_are_not_told_are_not_none(payload: dict[str, Any]) -> None:
    with pytest.raises(OddAnswer):
        answers.permissions(payload)


@pytest.mark.parametrize("told", [None, {}, {"name": "x"}, []])
def test_an_exchange_may_leave_the_installer_out(told: object) -> None:
    code = answers.permanent_code(
        {
            "permanent_code": "hush",
            "auth_corp_info": {"corpid": "wpCorpA"},
            "auth_user_info": told,
        }
    )

    assert code.installer is None
    assert code.corp_name is None
    assert "hush" not in repr(code)


def test_an_exchange_names_the_installer() -> None:
    code = answers.permanent_code(
        {
            "permanent_code": "pc",
            "auth_corp_info": {"corpid": "wpCorpA"},
            "auth_user_info": {"userid": "woA", "name": "woA"},
        }
    )

    assert code.installer == Installer(userid="woA", open_userid=None, name="woA")


@pytest.mark.parametrize(
    "payload",
    [
        {"auth_corp_info": {"corpid": "c"}},
        {"permanent_code": "pc"},
        {"permanent_code": "pc", "auth_corp_info": {}},
    ],
)
def test_an_exchange_without_code_or_corp_is_no_answer(payload: dict[str, Any]) -> None:
    with pytest.raises(OddAnswer):
        answers.permanent_code(payload)


@pytest.mark.parametrize("payload", [{"expires_in": 7200}, {"t": ""}, {"t": 7}])
def test_a_token_without_value_is_no_answer(payload: dict[str, Any]) -> None:
    with pytest.raises(OddAnswer):
        answers.token(payload, name="t")


def test_a_message_that_is_out_is_never_unavailable() -> None:
    result = answers.send_result(
        {
            "invaliduser": {},
            "unlicenseduser": "woa|wob|",
            "msgid": 7,
            "response_code": "",
        }
    )

    assert result == SendResult(
        invalid_userids=(),
        unlicensed_userids=("woa", "wob"),
        invalid_departments=(),
        invalid_tags=(),
        msgid=None,
        response_code=None,
    )


def test_a_stranger_signs_in_with_an_openid() -> None:
    identity = answers.identity({"openid": "o-1", "user_ticket": "hush"})

    assert (identity.userid, identity.openid) == (None, "o-1")
    assert "hush" not in repr(identity)


def test_a_sign_in_that_names_nobody_is_no_answer() -> None:
    with pytest.raises(OddAnswer):
        answers.identity({"corpid": "wpCorpA"})
