"""Odd fields on request, WeCom's limits on userids, and corps whose ids ignore case."""

import pytest

from simulator.admin.admin_members import Impossible
from simulator.faults import Kind
from tests.unit.simulator.staging import ANN, BOB, CAT, LABS, NORTH, SALES, Stage


@pytest.mark.parametrize("userid", ["张三", "x" * 65, "-first", "a b", "a|b"])
def test_nobody_is_hired_whom_user_get_would_refuse(stage: Stage, userid: str) -> None:
    with pytest.raises(Impossible):
        stage.act("hire", userid=userid)
    with pytest.raises(Impossible):
        stage.act("rename-userid", userid=ANN, new_userid=userid)


def test_whom_a_list_shows_user_get_shows_too(stage: Stage) -> None:
    stage.install(allow_party=[1])
    stage.act("hire", userid="a.b@c-d_1", departments=[NORTH])

    listed = stage.get("user/list", department_id=NORTH)["userlist"]

    assert "a.b@c-d_1" in {one["userid"] for one in listed}
    for one in listed:
        assert stage.get("user/get", userid=one["userid"])["userid"] == one["userid"]


def test_an_old_corp_answers_to_an_id_in_any_case_and_spells_it_its_own_way(
    stage: Stage,
) -> None:
    stage.install(allow_party=[1])
    assert stage.get("user/get", userid=ANN.upper())["errcode"] == 60111

    stage.corp.plain_ids = True

    assert stage.get("user/get", userid=ANN.upper())["userid"] == ANN
    with pytest.raises(Impossible):
        stage.act("hire", userid=ANN.swapcase())


def test_a_field_of_one_row_can_be_of_an_odd_type(stage: Stage) -> None:
    stage.install(allow_party=[1])
    stage.fault(Kind.ODD, match="user/*", key=CAT, field="status", value="on")

    listed = stage.get("user/list", department_id=NORTH)["userlist"]

    assert {one["userid"]: one["status"] for one in listed} == {ANN: 1, CAT: "on"}
    assert stage.get("user/get", userid=CAT)["status"] == "on"
    assert stage.get("user/get", userid=ANN)["status"] == 1


def test_old_clients_may_still_fetch_all_below_a_department(stage: Stage) -> None:
    stage.install(allow_party=[1])

    direct = stage.get("user/list", department_id=SALES)["userlist"]
    below = stage.get("user/list", department_id=SALES, fetch_child=1)["userlist"]

    assert direct == []
    assert {one["userid"] for one in below} == {ANN, CAT}
    assert BOB in {
        one["userid"]
        for one in stage.get("user/simplelist", department_id=LABS)["userlist"]
    }


@pytest.mark.parametrize(("kind", "status"), [(Kind.HTML, 200), (Kind.REDIRECT, 301)])
def test_a_proxy_may_answer_in_wecoms_place(
    stage: Stage, kind: Kind, status: int
) -> None:
    stage.install(allow_party=[1])
    token = stage.corp_token()
    stage.fault(kind, match="user/get")

    answer = stage.client.get(
        "/cgi-bin/user/get", query_string={"access_token": token, "userid": ANN}
    )

    assert answer.status_code == status
    assert answer.get_json(silent=True) is None
