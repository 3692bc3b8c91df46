"""agent/*: the app as the corp has configured it (wecom.md 3.2, 3.6)."""

from typing import Any

from simulator.api.authorisation import privilege
from simulator.api.calls import Call, Endpoint, Needs, Refusal, whole
from simulator.org.grant import AuthMode

OTHER_AGENTS = range(1_000_001, 1_001_000)


def get(call: Call) -> dict[str, Any]:
    """Source: WeCom 90363."""
    check_agent(call, whole(call.query, "agentid"))
    scope = privilege(call.view)
    return {
        "agentid": call.agent.agent_id,
        "name": "TAPD",
        "square_logo_url": "",
        "description": "",
        "allow_userinfos": {"user": [{"userid": one} for one in scope["allow_user"]]},
        "allow_partys": {"partyid": scope["allow_party"]},
        "allow_tags": {"tagid": scope["allow_tag"]},
        "close": int(call.agent.closed),
        "redirect_domain": "",
        "report_location_flag": 0,
        "isreportenter": 0,
        "home_url": call.world.config.home_url,
    }


def list_agents(call: Call) -> dict[str, Any]:
    """The one app of this token."""
    one = {"agentid": call.agent.agent_id, "name": "TAPD", "square_logo_url": ""}
    return {"agentlist": [one]}


def get_permissions(call: Call) -> dict[str, Any]:
    """Source: WeCom 99052."""
    names = sorted(call.view.grant.permissions)
    return {"app_permissions": names, "app_permissions_ext": []}


def get_admin_list(call: Call) -> dict[str, Any]:
    """Source: WeCom 100073."""
    if call.view.grant.auth_mode is AuthMode.MEMBER:
        return {"admin": []}
    return {
        "admin": [
            {"userid": userid, "auth_type": auth_type}
            for userid, auth_type in sorted(call.corp.admins.items())
        ]
    }


def check_agent(call: Call, agent_id: int | None) -> None:
    """Whether the call names the app that its token is for.

    Raises: Refusal.
    """
    if agent_id == call.agent.agent_id:
        return
    raise Refusal(301002 if agent_id in OTHER_AGENTS else 40056)


ENDPOINTS = {
    "agent/get": Endpoint(method="GET", needs=Needs.CORP, handler=get),
    "agent/list": Endpoint(method="GET", needs=Needs.CORP, handler=list_agents),
    "agent/get_permissions": Endpoint(
        method="POST", needs=Needs.CORP, handler=get_permissions
    ),
    "agent/get_admin_list": Endpoint(
        method="POST", needs=Needs.CORP, handler=get_admin_list
    ),
}
