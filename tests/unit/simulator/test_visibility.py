"""What a scope makes usable and readable."""

from simulator.org.grant import ORGANISATION_INFO
from simulator.org.truth import snapshot
from tests.unit.simulator.staging import ANN, BOB, CAT, LABS, NORTH, SALES, Stage


def usable(stage: Stage) -> list[str]:
    now = stage.corp.now
    return sorted(one.userid for one in now.members.values() if now.is_usable(one))


def test_a_department_in_scope_includes_its_subtree(stage: Stage) -> None:
    stage.install(allow_party=[SALES])

    assert usable(stage) == [ANN, CAT]
    assert stage.corp.now.listed_departments() == {SALES, NORTH}


def test_extra_departments_are_readable_but_not_usable(stage: Stage) -> None:
    stage.install(allow_party=[SALES], extra_party=[LABS])

    bob = stage.corp.now.members[BOB]
    assert stage.corp.now.is_readable(bob)
    assert not stage.corp.now.is_usable(bob)


def test_a_tag_grants_its_people_and_its_departments_subtrees(stage: Stage) -> None:
    tag_id = stage.act("add-tag", name="项目")["tag_id"]
    stage.act("set-tag", tag_id=tag_id, userids=[BOB], department_ids=[SALES])

    stage.install(allow_tag=[tag_id])

    assert usable(stage) == [ANN, BOB, CAT]


def test_a_mirror_has_no_departments_when_none_is_usable(stage: Stage) -> None:
    stage.install(allow_user=[ANN], extra_party=[LABS])

    mirror = snapshot(stage.corp.now)

    assert mirror["departments"] == []
    assert [one["userid"] for one in mirror["members"]] == [ANN]
    assert mirror["members"][0]["departments"] == []
    assert mirror["members"][0]["main_department"] is None


def test_a_scope_root_has_no_parent_in_the_mirror(stage: Stage) -> None:
    stage.install(allow_party=[NORTH])

    mirror = snapshot(stage.corp.now)

    assert mirror["departments"] == [
        {"department_id": NORTH, "parent_id": None, "order": 0}
    ]


def test_leads_are_mirrored_with_organisation_info_alone(stage: Stage) -> None:
    stage.install(allow_party=[SALES])
    before = snapshot(stage.corp.now)["members"][0]["leads"]

    stage.act("set-permissions", permissions=[ORGANISATION_INFO])

    assert before == []
    assert snapshot(stage.corp.now)["members"][0]["leads"] == [NORTH]


def test_member_mode_counts_those_who_authorised_alone(stage: Stage) -> None:
    stage.install(auth_mode=1, self_authorised=[BOB])

    mirror = snapshot(stage.corp.now)

    assert [one["userid"] for one in mirror["members"]] == [BOB]
    assert mirror["members"][0]["departments"] == []
    assert mirror["departments"] == []


def test_a_copy_is_not_touched_by_later_changes(stage: Stage) -> None:
    earlier = stage.corp.now.copy()

    stage.act("move", userid=ANN, departments=[LABS])

    assert [one.userid for one in earlier.people(NORTH)] == [ANN, CAT]
    assert [one.userid for one in stage.corp.now.people(NORTH)] == [CAT]
