"""Answers of a double as JSON, spoiled, and read again by the real reading."""

from collections.abc import Mapping
from typing import Any

from wecom import answers
from wecom.wire import DepartmentRow, MemberRow, TagRow

# What no field of WeCom's ever is; a test takes one for a field of its choice.
ODD_VALUES: tuple[Any, ...] = (
    {},
    [{}],
    [[1]],
    -1,
    1.5,
    True,
    2**70,
    "\ud800",
    [None],
    "no such thing",
)
# Fields of a member on which something hangs, and those that are only shown.
DECIDING = ("department", "status", "open_userid")
SHOWN = ("name", "mobile", "alias", "order", "is_leader_in_dept", "direct_leader")


def spoiled_member(row: MemberRow, fields: Mapping[str, Any] | None) -> MemberRow:
    """What the reading of user/list makes of this member with other fields."""
    if fields is None:
        return row
    told: dict[str, Any] = {"userid": row.userid, "open_userid": row.open_userid}
    told |= {"department": [*row.departments], "status": row.status}
    told |= {"order": None if row.orders is None else [*row.orders]}
    told |= {"main_department": row.main_department, "mobile": row.mobile}
    if row.leader_flags is not None:
        told["is_leader_in_dept"] = [int(each) for each in row.leader_flags]
    if row.direct_leaders is not None:
        told["direct_leader"] = [*row.direct_leaders]
    told |= {"email": row.email}
    return answers.members({"userlist": [{**told, **fields}]})[0]


def spoiled_department(
    row: DepartmentRow, fields: Mapping[str, Any] | None
) -> DepartmentRow:
    """What the reading of department/simplelist makes of it with other fields."""
    if fields is None:
        return row
    told = {"id": row.department_id, "parentid": row.parent_id or 0, "order": row.order}
    return answers.departments({"list": [{**told, **fields}]}, name="list")[0]


def spoiled_tag(row: TagRow, extra: Mapping[str, Any] | None) -> TagRow:
    """What the reading of tag/get makes of it; `extra` replaces its lists."""
    if extra is None:
        return row
    people = [{"userid": each} for each in sorted(row.userids)]
    told = {"userlist": people, "partylist": sorted(row.departments)}
    return answers.tag({**told, **extra}, tag_id=row.tag_id)
