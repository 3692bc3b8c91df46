"""What a correct mirror of a corp shows, told by the one who knows."""

from typing import Any

from simulator.org.directory import Directory, Member, Status
from simulator.org.grant import AuthMode

ACTIVATION = {
    Status.ACTIVE: "active",
    Status.DISABLED: "disabled",
    Status.PENDING: "pending",
    Status.QUIT: "quit",
}


def snapshot(directory: Directory) -> dict[str, Any]:
    """Departments and usable members in the shape of the product's own API.

    Shape: names are left out, for WeCom shows none; lists are ascending.
    """
    listed = mirrored_departments(directory)
    return {
        "departments": [_department(directory, one, listed) for one in sorted(listed)],
        "members": [
            _member(directory, member, listed)
            for member in sorted(_usable(directory), key=lambda m: m.userid.encode())
        ],
    }


def mirrored_departments(directory: Directory) -> frozenset[int]:
    """The readable tree, or nothing when no department is usable."""
    if not directory.visible.usable_departments:
        return frozenset()
    return directory.listed_departments()


def _usable(directory: Directory) -> list[Member]:
    below = directory.people_below(directory.visible.usable_departments)
    alone = directory.visible.usable_people & directory.members.keys()
    return [directory.members[one] for one in {*below, *alone}]


def _department(
    directory: Directory, department_id: int, listed: frozenset[int]
) -> dict[str, Any]:
    department = directory.departments[department_id]
    parent_id = department.parent_id if department.parent_id in listed else None
    return {
        "department_id": department_id,
        "parent_id": parent_id,
        "order": department.order,
    }


def _member(
    directory: Directory, member: Member, listed: frozenset[int]
) -> dict[str, Any]:
    grant = directory.grant
    alone = grant.auth_mode is AuthMode.MEMBER
    shown = [] if alone else sorted(listed & set(member.departments))
    leads = sorted(member.leads & set(shown)) if grant.sees_whole_tree else []
    left = member.status in (Status.DISABLED, Status.QUIT)
    return {
        "userid": member.userid,
        "open_userid": member.open_userid,
        "departments": shown,
        "main_department": member.main_department
        if member.main_department in shown
        else None,
        "leads": leads,
        "activation": ACTIVATION[member.status],
        "employment": "left" if left else "working",
    }
