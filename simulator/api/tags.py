"""tag/*: own tags and tags in scope (wecom.md 3.5)."""

from typing import Any

from simulator.admin.admin_tree import scope_tags
from simulator.api.calls import Call, Endpoint, Needs, Refusal, whole


def list_tags(call: Call) -> dict[str, Any]:
    """Only tags the app made itself, and it makes none."""
    return {"taglist": []}


def get(call: Call) -> dict[str, Any]:
    """Source: WeCom 90349."""
    view = call.view
    tag_id = whole(call.query, "tagid")
    if tag_id is None:
        raise Refusal(40058, "tagid is required")
    tag = view.tags.get(tag_id)
    if tag is None:
        raise Refusal(40068)
    if tag_id not in scope_tags(view):
        raise Refusal(81011)
    people = [
        view.members[userid] for userid in sorted(tag.userids & view.members.keys())
    ]
    return {
        "tagname": tag.name,
        "userlist": [{"userid": one.userid} for one in people if view.is_readable(one)],
        "partylist": sorted(tag.department_ids),
    }


ENDPOINTS = {
    "tag/list": Endpoint(method="GET", needs=Needs.CORP, handler=list_tags),
    "tag/get": Endpoint(method="GET", needs=Needs.CORP, handler=get),
}
