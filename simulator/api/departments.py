"""department/*: ids and shape of the tree, never names (wecom.md 3.4)."""

from collections.abc import Iterable
from typing import Any

from simulator.api.calls import Call, Endpoint, Needs, Refusal, whole
from simulator.org.directory import Department, Directory
from simulator.org.grant import AuthMode


def simplelist(call: Call) -> dict[str, Any]:
    """Source: WeCom 95406."""
    view = call.view
    shown = view.listed_departments()
    wanted = _wanted(view, shown, whole(call.query, "id"))
    return {"department_id": [_node(one) for one in _sorted(view, wanted)]}


def get(call: Call) -> dict[str, Any]:
    """Source: WeCom 95407."""
    view = call.view
    department_id = whole(call.query, "id")
    if department_id is None:
        raise Refusal(40058, "id is required")
    _check_visible(view, view.listed_departments(), department_id)
    answer = _node(view.departments[department_id])
    if view.grant.sees_whole_tree:
        answer["department_leader"] = [
            member.userid
            for member in view.people(department_id)
            if department_id in member.leads and view.is_readable(member)
        ]
    return {"department": answer}


def list_departments(call: Call) -> dict[str, Any]:
    """Visible ones alone, whatever the permissions; name is the id (WeCom 90344)."""
    view = call.view
    wanted = _wanted(view, view.visible.readable_departments, whole(call.query, "id"))
    return {
        "department": [
            {**_node(one), "name": str(one.department_id)}
            for one in _sorted(view, wanted)
        ]
    }


def _wanted(view: Directory, shown: frozenset[int], root: int | None) -> Iterable[int]:
    if view.grant.auth_mode is AuthMode.MEMBER:
        raise Refusal(60011)
    if root is None:
        return shown
    _check_visible(view, shown, root)
    return view.subtree([root]) & shown


def _check_visible(view: Directory, shown: frozenset[int], department_id: int) -> None:
    if view.grant.auth_mode is AuthMode.MEMBER:
        raise Refusal(60011)
    if department_id not in view.departments:
        raise Refusal(60003)
    if department_id not in shown:
        raise Refusal(60011)


def _sorted(view: Directory, wanted: Iterable[int]) -> list[Department]:
    """Biggest id first, so that children come before their parents as they may."""
    return [view.departments[one] for one in sorted(wanted, reverse=True)]


def _node(department: Department) -> dict[str, Any]:
    return {
        "id": department.department_id,
        "parentid": department.parent_id,
        "order": department.order,
    }


ENDPOINTS = {
    "department/simplelist": Endpoint(
        method="GET", needs=Needs.CORP, handler=simplelist
    ),
    "department/get": Endpoint(method="GET", needs=Needs.CORP, handler=get),
    "department/list": Endpoint(
        method="GET", needs=Needs.CORP, handler=list_departments
    ),
}
