"""user/*: what an ordinary third-party app may read of people (wecom.md 3.4, 3.12)."""

from collections.abc import Iterator
from typing import Any

from simulator.admin.changes import direct_leader, main_department
from simulator.api.calls import Call, Endpoint, Needs, Refusal, listed, text, whole
from simulator.org.directory import USERID, Directory, Member
from simulator.org.grant import AuthMode

LONGEST_PAGE = 1000
MISSED_SHARE = 0.2


def simplelist(call: Call) -> dict[str, Any]:
    """Source: WeCom 90336."""
    view = call.view
    return {
        "userlist": [
            {
                "userid": member.userid,
                "name": member.userid,
                "department": list(view.shown_departments(member)),
                "open_userid": member.open_userid,
            }
            for member in _people(call, view)
        ]
    }


def list_members(call: Call) -> dict[str, Any]:
    """Direct members of one department; with fetch_child all below it (WeCom 90337)."""
    view = call.view
    return {"userlist": [_shown(call, member) for member in _people(call, view)]}


def get(call: Call) -> dict[str, Any]:
    """Source: WeCom 90332."""
    userid = text(call.query, "userid", missing=40003)
    if USERID.fullmatch(userid) is None:
        raise Refusal(40003)
    view = call.view
    member = view.find_member(userid, ignoring_case=call.corp.plain_ids)
    if member is None:
        raise Refusal(60111)
    if not view.is_readable(member):
        raise Refusal(60011)
    return _shown(call, member)


def list_member_auth(call: Call) -> dict[str, Any]:
    """Who authorised alone, in pages (WeCom 94513)."""
    view = call.view
    if view.grant.auth_mode is not AuthMode.MEMBER:
        raise Refusal(60218)
    limit = whole(call.body, "limit", default=LONGEST_PAGE) or 0
    if not 1 <= limit <= LONGEST_PAGE:
        raise Refusal(40058, "limit is 1 to 1000")
    start = _cursor(call.body.get("cursor") or "0")
    alone = [
        view.members[userid].open_userid
        for userid in view.grant.self_authorised
        if userid in view.members
    ]
    end = start + limit
    return {
        "next_cursor": str(end) if end < len(alone) else "",
        "member_auth_list": [{"open_userid": one} for one in alone[start:end]],
    }


def getuserid(call: Call) -> dict[str, Any]:
    """Source: WeCom 91693."""
    mobile = text(call.body, "mobile")
    return _looked_up(call, call.view.find_by_mobile(mobile))


def get_userid_by_email(call: Call) -> dict[str, Any]:
    """Source: WeCom 95892."""
    email = text(call.body, "email")
    return _looked_up(call, call.view.find_by_email(email))


def userid_to_openuserid(call: Call) -> dict[str, Any]:
    """Source: WeCom 97062."""
    names = listed(call.body, "userid_list", most=1000, code=40032)
    view = call.view
    found: list[dict[str, str]] = []
    missed: list[str] = []
    for name in names:
        member = view.members.get(str(name))
        if member is None or not view.is_usable(member):
            missed.append(str(name))
        else:
            known = {"userid": member.userid, "open_userid": member.open_userid}
            found.append(known)
    return {"open_userid_list": found, "invalid_userid_list": missed}


def forbidden(call: Call) -> dict[str, Any]:
    """list_id wants contact-edit authorisation, invite a contact app (96021, 91127)."""
    raise Refusal(48002)


def _people(call: Call, view: Directory) -> Iterator[Member]:
    """Whom a list shows; `fetch_child` is kept for old clients."""
    department_id = _department(call, view)
    if whole(call.query, "fetch_child", default=0) != 1:
        yield from view.people(department_id)
        return
    for userid in view.people_below([department_id]):
        yield view.members[userid]


def _department(call: Call, view: Directory) -> int:
    department_id = whole(call.query, "department_id")
    if department_id is None:
        raise Refusal(40058, "department_id is required")
    if view.grant.auth_mode is AuthMode.MEMBER:
        raise Refusal(60011)
    if department_id not in view.departments:
        raise Refusal(60123)
    if department_id not in view.visible.readable_departments:
        raise Refusal(60011)
    return department_id


def _shown(call: Call, member: Member) -> dict[str, Any]:
    view = call.view
    shown = view.shown_departments(member)
    answer: dict[str, Any] = {
        "userid": member.userid,
        "name": member.userid,
        "open_userid": member.open_userid,
        "department": list(shown),
        "status": int(member.status),
        "gender": "0",
    }
    if view.grant.auth_mode is not AuthMode.MEMBER:
        known = dict(zip(member.departments, member.orders, strict=True))
        answer["order"] = [known[one] for one in shown]
    main = main_department(view, member)
    if main is not None:
        answer["main_department"] = main
    if view.grant.sees_whole_tree:
        answer["is_leader_in_dept"] = [int(one in member.leads) for one in shown]
    leader = direct_leader(view, member)
    if leader is not None:
        answer["direct_leader"] = [leader]
    return {**answer, **_details(member)} if call.corp.tells_details else answer


def _details(member: Member) -> dict[str, Any]:
    """What only apps of long ago are still told (wecom.md 3.12)."""
    names = ("name", "mobile", "email", "position")
    return {name: getattr(member, name) for name in names}


def _cursor(value: str) -> int:
    if not value.isdecimal():
        raise Refusal(50100)
    return int(value)


def _looked_up(call: Call, member: Member | None) -> dict[str, Any]:
    corp = call.corp
    if corp.lookups_missed > MISSED_SHARE * max(len(corp.now.members), 1):
        raise Refusal(45009, "too many wrong numbers: blocked for a day")
    if member is None or not call.view.is_readable(member):
        corp.lookups_missed += 1
        raise Refusal(46004)
    return {"userid": member.userid}


ENDPOINTS = {
    "user/simplelist": Endpoint(method="GET", needs=Needs.CORP, handler=simplelist),
    "user/list": Endpoint(method="GET", needs=Needs.CORP, handler=list_members),
    "user/get": Endpoint(method="GET", needs=Needs.CORP, handler=get),
    "user/list_member_auth": Endpoint(
        method="POST", needs=Needs.CORP, handler=list_member_auth
    ),
    "user/getuserid": Endpoint(method="POST", needs=Needs.CORP, handler=getuserid),
    "user/get_userid_by_email": Endpoint(
        method="POST", needs=Needs.CORP, handler=get_userid_by_email
    ),
    "batch/userid_to_openuserid": Endpoint(
        method="POST", needs=Needs.CORP, handler=userid_to_openuserid
    ),
    "user/list_id": Endpoint(method="POST", needs=Needs.CORP, handler=forbidden),
    "batch/invite": Endpoint(method="POST", needs=Needs.CORP, handler=forbidden),
}
