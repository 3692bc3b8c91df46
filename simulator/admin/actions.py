"""Every admin action by name, fed alike by JSON and by the page's forms."""

from collections.abc import Callable, Mapping
from typing import Any

from simulator.admin import admin_app, admin_members, admin_tree
from simulator.admin.admin_members import NewMember
from simulator.admin.forms import (
    Given,
    read_auth_mode,
    read_flag,
    read_grant,
    read_number,
    read_numbers,
    read_scope,
    read_status,
    read_text,
    read_texts,
)
from simulator.org.corp import Corp
from simulator.org.directory import ROOT, Status
from simulator.org.people import person_name
from simulator.world import World

Action = Callable[[World, Corp, Given], dict[str, Any]]


def act(world: World, corp: Corp, name: str, given: Given) -> dict[str, Any]:
    """Carry one action out, alone.

    Raises: Impossible, LookupError for an unknown action.
    """
    action = ACTIONS[name]
    with world.lock:
        return action(world, corp, given)


def _hire(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    name, _ = person_name(corp.minter.dice)
    leader = read_text(given, "direct_leader")
    person = NewMember(
        name=read_text(given, "name") or name,
        departments=read_numbers(given, "departments") or (ROOT,),
        main_department=read_number(given, "main_department"),
        leads=frozenset(read_numbers(given, "leads")),
        direct_leader=leader or None,
        status=read_status(given),
        mobile=read_text(given, "mobile"),
        email=read_text(given, "email"),
        position=read_text(given, "position"),
        userid=read_text(given, "userid"),
        open_userid=read_text(given, "open_userid"),
    )
    member = admin_members.hire(world, corp, person)
    return {"userid": member.userid, "open_userid": member.open_userid}


def _move(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admin_members.move(
        world,
        corp,
        read_text(given, "userid"),
        departments=read_numbers(given, "departments"),
        main_department=read_number(given, "main_department"),
    )
    return {}


def _promote(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    leads = read_numbers(given, "leads")
    admin_members.set_leads(world, corp, read_text(given, "userid"), leads)
    return {}


def _set_direct_leader(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    leader = read_text(given, "direct_leader") or None
    admin_members.set_direct_leader(world, corp, read_text(given, "userid"), leader)
    return {}


def _set_details(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    names = ("name", "mobile", "email", "position")
    changes = {name: read_text(given, name) for name in names if name in given}
    admin_members.set_details(world, corp, read_text(given, "userid"), changes=changes)
    return {}


def _rename_userid(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    member = admin_members.rename_userid(
        world, corp, read_text(given, "userid"), read_text(given, "new_userid")
    )
    return {"userid": member.userid}


def _becomes(status: Status) -> Action:
    def action(world: World, corp: Corp, given: Given) -> dict[str, Any]:
        admin_members.set_status(world, corp, read_text(given, "userid"), status)
        return {}

    return action


def _leave(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admin_members.leave(world, corp, read_text(given, "userid"))
    return {}


def _set_licence(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admin_members.set_licensed(
        world, corp, read_text(given, "userid"), licensed=read_flag(given, "licensed")
    )
    return {}


def _add_department(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    made = admin_tree.add_department(
        world,
        corp,
        name=read_text(given, "name") or "新部门",
        parent_id=read_number(given, "parent_id") or ROOT,
        order=read_number(given, "order") or 0,
        department_id=read_number(given, "department_id"),
    )
    return {"department_id": made.department_id}


def _move_department(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admin_tree.move_department(
        world,
        corp,
        read_number(given, "department_id") or 0,
        parent_id=read_number(given, "parent_id") or 0,
    )
    return {}


def _set_department(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admin_tree.set_department(
        world,
        corp,
        read_number(given, "department_id") or 0,
        name=read_text(given, "name") or None,
        order=read_number(given, "order"),
    )
    return {}


def _remove_department(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admin_tree.remove_department(world, corp, read_number(given, "department_id") or 0)
    return {}


def _add_tag(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    tag = admin_tree.add_tag(world, corp, name=read_text(given, "name") or "新标签")
    return {"tag_id": tag.tag_id}


def _set_tag(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admin_tree.set_tag(
        world,
        corp,
        read_number(given, "tag_id") or 0,
        userids=read_texts(given, "userids"),
        department_ids=read_numbers(given, "department_ids"),
    )
    return {}


def _remove_tag(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admin_tree.remove_tag(world, corp, read_number(given, "tag_id") or 0)
    return {}


def _install(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    from_market = read_text(given, "way") != "redirect"
    install = (
        admin_app.install_from_market if from_market else admin_app.install_by_redirect
    )
    if installer := read_text(given, "installer"):
        corp.installer = admin_members.get_member(corp, installer).userid
    code = install(
        world,
        corp,
        grant=read_grant(given),
        state=read_text(given, "state"),
        quiet=read_flag(given, "quiet"),
    )
    return {"auth_code": code, "expires_in": 600, "state": read_text(given, "state")}


def _uninstall(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admin_app.uninstall(world, corp)
    return {}


def _reset_permanent_code(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    return {"auth_code": admin_app.reset_permanent_code(world, corp)}


def _set_scope(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    quiet = read_flag(given, "quiet")
    admin_app.set_scope(world, corp, read_scope(given), quiet=quiet)
    return {}


def _set_permissions(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admin_app.set_permissions(world, corp, read_texts(given, "permissions"))
    return {}


def _set_auth_mode(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    mode = read_auth_mode(given)
    alone = read_texts(given, "self_authorised")
    admin_app.set_auth_mode(world, corp, mode, self_authorised=alone)
    return {}


def _authorise_self(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admin_app.authorise_self(world, corp, read_text(given, "userid"))
    return {}


def _set_admins(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admins = given.get("admins") or {}
    if not isinstance(admins, Mapping):
        # A form names managers alone.
        admins = dict.fromkeys(read_texts(given, "admins"), 1)
    admin_app.set_admins(world, corp, {str(k): int(v) for k, v in admins.items()})
    return {}


def _set_closed(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admin_app.set_closed(corp, closed=read_flag(given, "closed"))
    return {}


def _report_activity(world: World, corp: Corp, given: Given) -> dict[str, Any]:
    admin_app.report_activity(world, corp, read_text(given, "event"))
    return {}


ACTIONS: dict[str, Action] = {
    "hire": _hire,
    "move": _move,
    "promote": _promote,
    "set-direct-leader": _set_direct_leader,
    "set-details": _set_details,
    "rename-userid": _rename_userid,
    "activate": _becomes(Status.ACTIVE),
    "disable": _becomes(Status.DISABLED),
    "enable": _becomes(Status.ACTIVE),
    "quit": _becomes(Status.QUIT),
    "leave": _leave,
    "set-licence": _set_licence,
    "add-department": _add_department,
    "move-department": _move_department,
    "set-department": _set_department,
    "remove-department": _remove_department,
    "add-tag": _add_tag,
    "set-tag": _set_tag,
    "remove-tag": _remove_tag,
    "install": _install,
    "uninstall": _uninstall,
    "reset-permanent-code": _reset_permanent_code,
    "set-scope": _set_scope,
    "set-permissions": _set_permissions,
    "set-auth-mode": _set_auth_mode,
    "authorise-self": _authorise_self,
    "set-admins": _set_admins,
    "set-closed": _set_closed,
    "report-activity": _report_activity,
}
