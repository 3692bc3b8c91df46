"""What the contact endpoints answer, and what they refuse."""

from typing import NoReturn

import pytest

from simulator.faults import Kind
from simulator.org.directory import Member
from simulator.org.grant import DIRECT_LEADER, ORGANISATION_INFO
from tests.unit.simulator.staging import ANN, BOB, CAT, LABS, NORTH, SALES, Stage


def test_names_equal_ids_everywhere(stage: Stage) -> None:
    stage.install(allow_party=[SALES])

    people = stage.get("user/list", department_id=NORTH)["userlist"]
    departments = stage.get("department/list")["department"]

    assert [one["name"] for one in people] == [ANN, CAT]
    assert [one["name"] for one in departments] == ["3", "2"]


def test_only_visible_departments_of_a_member_are_shown(stage: Stage) -> None:
    stage.install(allow_party=[LABS])

    cat = stage.get("user/get", userid=CAT)

    assert cat["department"] == [LABS]
    assert cat["order"] == [1]
    assert "main_department" not in cat
    assert "is_leader_in_dept" not in cat


def test_organisation_info_widens_departments_but_not_people(stage: Stage) -> None:
    stage.install(allow_party=[NORTH], permissions=[ORGANISATION_INFO])

    listed = stage.get("department/simplelist")["department_id"]
    labs = stage.get("department/get", id=LABS)["department"]

    assert [one["id"] for one in listed] == [LABS, NORTH, SALES, 1]
    # Bob leads Labs, but is not visible himself; Cat is a member there, not a leader.
    assert labs["department_leader"] == []
    assert stage.get("user/list", department_id=LABS)["errcode"] == 60011
    assert stage.get("user/get", userid=CAT)["is_leader_in_dept"] == [1, 0]


def test_the_direct_leader_needs_its_permission_and_a_visible_leader(
    stage: Stage,
) -> None:
    stage.install(allow_party=[1], permissions=[DIRECT_LEADER])
    seen = stage.get("user/get", userid=BOB)

    stage.act("set-scope", allow_party=[LABS])

    assert seen["direct_leader"] == [ANN]
    assert "direct_leader" not in stage.get("user/get", userid=BOB)


@pytest.mark.parametrize(
    ("endpoint", "query", "errcode"),
    [
        ("user/get", {"userid": BOB}, 60011),
        ("user/get", {"userid": "woann"}, 60111),
        ("user/get", {"userid": "no such id"}, 40003),
        ("user/list", {"department_id": LABS}, 60011),
        ("user/list", {"department_id": 99}, 60123),
        ("user/list", {}, 40058),
        ("department/simplelist", {"id": 1}, 60011),
        ("department/get", {"id": 99}, 60003),
        ("tag/get", {"tagid": 99}, 40068),
        ("user/list_id", {}, 40058),
        ("user/list_member_auth", {}, 40058),
    ],
)
def test_what_is_not_in_scope_is_refused(
    stage: Stage, endpoint: str, query: dict[str, object], errcode: int
) -> None:
    stage.install(allow_party=[SALES])

    assert stage.get(endpoint, **query)["errcode"] == errcode


def test_user_list_id_needs_another_kind_of_app(stage: Stage) -> None:
    stage.install()

    assert stage.post("user/list_id", limit=10)["errcode"] == 48002


def test_member_mode_closes_departments_and_pages_through_people(
    stage: Stage,
) -> None:
    stage.install(auth_mode=1, self_authorised=[ANN, BOB])

    first = stage.post("user/list_member_auth", limit=1)
    second = stage.post("user/list_member_auth", limit=1, cursor=first["next_cursor"])

    assert first["member_auth_list"] == [{"open_userid": f"open-{ANN}"}]
    assert second["member_auth_list"] == [{"open_userid": f"open-{BOB}"}]
    assert second["next_cursor"] == ""
    assert stage.get("department/list")["errcode"] == 60011
    ann = stage.get("user/get", userid=ANN)
    assert (ann["department"], ann["main_department"]) == ([1], 1)
    assert "order" not in ann


def test_too_many_wrong_numbers_block_the_lookup(stage: Stage) -> None:
    stage.install()
    right = stage.post("user/getuserid", mobile=f"+86-{ANN}")

    wrong = [stage.post("user/getuserid", mobile="0")["errcode"] for _ in range(2)]

    assert right["userid"] == ANN
    assert wrong == [46004, 45009]


class Unwalkable(dict[str, Member]):
    """Members that can be looked up but not walked through."""

    def __iter__(self) -> NoReturn:
        raise AssertionError("walked through the whole corp")

    values = items = __iter__


def test_reading_a_department_or_a_member_walks_through_nobody_else(
    stage: Stage,
) -> None:
    stage.install()
    directory = stage.corp.now
    directory._members = Unwalkable(directory.members)

    listed = stage.get("user/list", department_id=NORTH)["errcode"]
    one = stage.get("user/get", userid=ANN)["errcode"]
    stage.act("move", userid=ANN, departments=[LABS])

    assert (listed, one) == (0, 0)


def test_a_late_answer_is_the_state_before_the_change(stage: Stage) -> None:
    stage.install()
    stage.fault(Kind.LATE, match="user/get", count=1, seconds=60.0)

    stage.act("move", userid=ANN, departments=[LABS])

    assert stage.get("user/get", userid=ANN)["department"] == [NORTH]
    assert stage.get("user/get", userid=ANN)["department"] == [LABS]


def test_an_empty_answer_keeps_its_errcode_and_loses_its_rows(stage: Stage) -> None:
    stage.install()
    stage.fault(Kind.EMPTY, match="user/list", count=1)

    answer = stage.get("user/list", department_id=NORTH)

    assert answer == {"errcode": 0, "errmsg": "ok", "userlist": []}


def test_a_shrunken_list_lacks_whom_and_what_it_was_told_to(stage: Stage) -> None:
    stage.install()
    stage.fault(Kind.SHRUNKEN, match="user/list", key=f"{ANN},{BOB}", count=1)
    stage.fault(Kind.SHRUNKEN, match="department/*", key=str(NORTH), count=1)

    listed = stage.get("user/list", department_id=NORTH)["userlist"]
    tree = stage.get("department/simplelist")["department_id"]

    assert {each["userid"] for each in listed}.isdisjoint({ANN, BOB})
    assert NORTH not in {each["id"] for each in tree}
    assert len(tree) < len(stage.get("department/simplelist")["department_id"])


def test_calls_are_counted_by_endpoint_and_errcode(stage: Stage) -> None:
    stage.install(allow_party=[SALES])

    stage.get("user/get", userid=ANN)
    stage.get("user/get", userid=BOB)

    counted = stage.world.logs.counters(corp_id=stage.corp.corp_id)
    assert counted == {"user/get": {"0": 1, "60011": 1}}


def test_an_old_authorisation_still_tells_who_people_are(stage: Stage) -> None:
    stage.install()
    hidden = stage.get("user/get", userid=ANN)

    stage.corp.tells_details = True
    told = stage.get("user/get", userid=ANN)
    stage.act("set-details", userid=ANN, mobile="13900000000")

    assert (hidden["name"], "mobile" in hidden) == (ANN, False)
    assert told["name"] == f"名{ANN}"
    assert told["email"] == f"{ANN}@example.com"
    [push] = stage.pushed()
    assert "<Mobile><![CDATA[13900000000]]></Mobile>" in push.xml
    assert "<Email>" not in push.xml
