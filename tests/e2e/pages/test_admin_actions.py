"""Each thing that a WeCom admin can do to people, departments and tags is followed."""

from collections.abc import Callable

import pytest

from tests.e2e.office import ROOT, InstallAll, Office

Act = Callable[[Office], None]


def hire(office: Office) -> None:
    office.act("hire", departments=office.departments()[:2])


def hire_and_activate(office: Office) -> None:
    made = office.act("hire", departments=office.departments()[:1], status=4)
    office.await_in_step()
    office.act("activate", userid=made["userid"])


def move(office: Office) -> None:
    person = office.people()[0]
    others = set(office.departments()) - set(person["departments"])
    office.act("move", userid=person["userid"], departments=[min(others)])


def join_a_second_department(office: Office) -> None:
    person = next(row for row in office.people() if len(row["departments"]) == 1)
    others = set(office.departments()) - set(person["departments"])
    both = [*person["departments"], min(others)]
    office.act("move", userid=person["userid"], departments=both)


def change_main_department(office: Office) -> None:
    join_a_second_department(office)
    office.await_in_step()
    person = next(row for row in office.people() if len(row["departments"]) == 2)
    (other,) = set(person["departments"]) - {person["main_department"]}
    office.act(
        "move",
        userid=person["userid"],
        departments=person["departments"],
        main_department=other,
    )


def promote(office: Office) -> None:
    person = office.people()[0]
    office.act("promote", userid=person["userid"], leads=person["departments"])


def change_direct_leader(office: Office) -> None:
    first, second = office.people()[:2]
    office.act(
        "set-direct-leader", userid=first["userid"], direct_leader=second["userid"]
    )


def rename(office: Office) -> None:
    office.act("rename-userid", userid=office.people()[0]["userid"])


def rename_and_move(office: Office) -> None:
    person = office.people()[0]
    others = set(office.departments()) - set(person["departments"])
    made = office.act("rename-userid", userid=person["userid"])
    office.act("move", userid=made["userid"], departments=[min(others)])


def disable(office: Office) -> None:
    office.act("disable", userid=office.people()[0]["userid"])


def disable_and_enable(office: Office) -> None:
    userid = office.people()[0]["userid"]
    office.act("disable", userid=userid)
    office.await_in_step()
    office.act("enable", userid=userid)


def quit_the_company(office: Office) -> None:
    office.act("quit", userid=office.people()[0]["userid"])


def leave(office: Office) -> None:
    office.act("leave", userid=office.people()[0]["userid"])


def leave_while_disabled(office: Office) -> None:
    disabled = next(r for r in office.directory()["members"] if r["status"] != 1)
    office.act("leave", userid=disabled["userid"])


def disable_first(office: Office) -> None:
    disable(office)
    office.await_in_step()
    leave_while_disabled(office)


def add_department(office: Office) -> None:
    office.act("add-department", parent_id=office.departments()[0])


def move_department(office: Office) -> None:
    lone = next(each for each in office.departments() if not office.children(each))
    other = next(each for each in office.departments() if each != lone)
    office.act("move-department", department_id=lone, parent_id=other)


def remove_department(office: Office) -> None:
    made = office.act("add-department", parent_id=ROOT)
    office.await_in_step()
    office.act("remove-department", department_id=made["department_id"])


def close_a_team(office: Office) -> None:
    leaf = [each for each in office.departments() if not office.children(each)][-1]
    for row in office.directory()["members"]:
        if leaf in row["departments"]:
            office.act("move", userid=row["userid"], departments=[ROOT])
    office.act("remove-department", department_id=leaf)


def reorder_department(office: Office) -> None:
    # WeCom tells nobody of an order; the next department event brings it along.
    office.act("set-department", department_id=office.departments()[0], order=7)
    add_department(office)


CASES: dict[str, tuple[Act, set[str]]] = {
    "hire": (hire, {"AddMember"}),
    "activation": (hire_and_activate, {"AddMember", "SetDetails"}),
    "move": (move, {"MoveMember", "SetMain"}),
    "second department": (join_a_second_department, {"MoveMember"}),
    "main department": (change_main_department, {"MoveMember", "SetMain"}),
    "promotion": (promote, {"SetLeads"}),
    "direct leader": (change_direct_leader, {"SetDirectLeader"}),
    "new userid": (rename, {"RenameUserid"}),
    "new userid and move": (rename_and_move, {"RenameUserid", "MoveMember", "SetMain"}),
    "disabling": (disable, {"MarkLeft"}),
    "enabling": (disable_and_enable, {"MarkLeft", "MarkWorking"}),
    "quitting": (quit_the_company, {"MarkLeft"}),
    "leaving": (leave, {"RemoveMember"}),
    "leaving while disabled": (disable_first, {"MarkLeft", "RemoveMember"}),
    "new department": (add_department, {"AddDepartment"}),
    "moved department": (move_department, {"MoveDepartment"}),
    "removed department": (remove_department, {"AddDepartment", "RemoveDepartment"}),
    "closed team": (
        close_a_team,
        {"MoveMember", "SetMain", "SetLeads", "RemoveDepartment"},
    ),
    "reordered department": (
        reorder_department,
        {"ReorderDepartment", "AddDepartment"},
    ),
}


@pytest.fixture(scope="module")
def offices(install_all: InstallAll) -> dict[str, Office]:
    return install_all(CASES)


@pytest.mark.parametrize("case", CASES)
def test_what_an_admin_does_is_followed_and_nothing_else_changes(
    offices: dict[str, Office], case: str
) -> None:
    office, (act, expected) = offices[case], CASES[case]
    before, runs = len(office.decisions()), len(office.runs())

    act(office)

    office.await_in_step()
    assert set(office.decisions()[before:]) == expected
    assert len(office.runs()) == runs
