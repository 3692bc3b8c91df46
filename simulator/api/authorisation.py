"""From install to auth info (wecom.md 3.2, 3.10)."""

import secrets
from typing import Any

from simulator.api.calls import Call, Endpoint, Needs, Refusal, text, whole
from simulator.org.corp import Corp
from simulator.org.directory import Directory
from simulator.org.grant import AuthMode, Scope
from simulator.tokens import Issued, Paper

SHORTEST_AUTH_CODE = 64
LEVEL_BASIC = 1
LEVEL_SINGLE_MEMBER = 4


def get_pre_auth_code(call: Call) -> dict[str, Any]:
    """Source: WeCom 90601."""
    code = call.world.papers.issue(Paper.PRE_AUTH_CODE, owner=call.suite_id)
    return {
        "pre_auth_code": code.value,
        "expires_in": call.world.papers.seconds_left(code),
    }


def set_session_info(call: Call) -> dict[str, Any]:
    """Source: WeCom 90602."""
    value = text(call.body, "pre_auth_code", missing=40077)
    check_pre_auth_code(call, value)
    session = call.body.get("session_info") or {}
    if whole(session, "auth_type", default=0) not in (0, 1):
        raise Refusal(40058, "auth_type is 0 or 1")
    return {}


def check_pre_auth_code(call: Call, value: str) -> Issued:
    """The code as it was issued.

    Raises: Refusal.
    """
    code = call.world.papers.find(Paper.PRE_AUTH_CODE, value)
    if code is None:
        raise Refusal(40077)
    if call.world.papers.is_expired(code):
        raise Refusal(42007)
    return code


def get_permanent_code_v2(call: Call) -> dict[str, Any]:
    """Neither token nor scope (WeCom 100776)."""
    corp, state = _exchange(call)
    answer: dict[str, Any] = {
        "permanent_code": _permanent_code(corp),
        "auth_corp_info": {"corpid": corp.corp_id, "corp_name": corp.name},
    }
    if installer := _installer(corp):
        answer["auth_user_info"] = installer
    if state:
        answer["state"] = state
    return answer


def get_permanent_code_v1(call: Call) -> dict[str, Any]:
    """The older form, with token and scope in one (WeCom 90603)."""
    corp, state = _exchange(call)
    papers = call.world.papers
    token = papers.current(Paper.CORP_TOKEN, owner=corp.corp_id)
    answer: dict[str, Any] = {
        "access_token": token.value,
        "expires_in": papers.seconds_left(token),
        "permanent_code": _permanent_code(corp),
        **_auth_info(corp, corp.now),
        "edition_info": {"agent": []},
        "state": state,
    }
    if installer := _installer(corp):
        answer["auth_user_info"] = installer
    return answer


def get_auth_info(call: Call) -> dict[str, Any]:
    """Source: WeCom 100779."""
    corp = call.world.corps.get(text(call.body, "auth_corpid", missing=40013))
    if corp is None:
        raise Refusal(40013)
    code = text(call.body, "permanent_code", missing=41025)
    if corp.agent is None or corp.agent.permanent_code != code:
        raise Refusal(40084)
    return _auth_info(corp, call.view_of(corp))


def corpid_to_opencorpid(call: Call) -> dict[str, Any]:
    """Source: WeCom 97061."""
    corp = call.world.corps.get(text(call.body, "corpid", missing=40013))
    if corp is None or corp.agent is None:
        raise Refusal(48001)
    return {"open_corpid": corp.corp_id}


def privilege(directory: Directory) -> dict[str, Any]:
    """The scope as nodes; empty where members authorise alone."""
    single = directory.grant.auth_mode is AuthMode.MEMBER
    scope = Scope() if single else directory.grant.scope
    return {
        "level": LEVEL_SINGLE_MEMBER if single else LEVEL_BASIC,
        "allow_party": list(scope.allow_party),
        "allow_user": list(scope.allow_user),
        "allow_tag": list(scope.allow_tag),
        "extra_party": list(scope.extra_party),
        "extra_user": list(scope.extra_user),
        "extra_tag": list(scope.extra_tag),
    }


def _exchange(call: Call) -> tuple[Corp, str]:
    value = text(call.body, "auth_code")
    if len(value) < SHORTEST_AUTH_CODE:
        raise Refusal(40058, "auth_code: min length 64")
    papers = call.world.papers
    code = papers.find(Paper.AUTH_CODE, value)
    if code is None or code.used or papers.is_expired(code):
        raise Refusal(40078)
    corp = call.world.corps.get(code.owner)
    if corp is None or corp.agent is None:
        raise Refusal(40078)
    code.used = True
    if code.payload.get("reset"):
        corp.agent.permanent_code = secrets.token_urlsafe(48)
    return corp, str(code.payload.get("state", ""))


def _permanent_code(corp: Corp) -> str:
    return corp.agent.permanent_code if corp.agent else ""


def _installer(corp: Corp) -> dict[str, str]:
    member = corp.now.members.get(corp.installer or "")
    if member is None or not corp.tells_installer:
        return {}
    return {
        "userid": member.userid,
        "open_userid": member.open_userid,
        "name": member.userid,
        "avatar": "",
    }


def _auth_info(corp: Corp, directory: Directory) -> dict[str, Any]:
    grant = directory.grant
    agent = {
        "agentid": corp.agent.agent_id if corp.agent else 0,
        "name": "TAPD",
        "round_logo_url": "",
        "square_logo_url": "",
        "auth_mode": int(grant.auth_mode),
        "is_customized_app": False,
        "auth_from_thirdapp": False,
        "privilege": privilege(directory),
    }
    return {"auth_corp_info": _corp_info(corp), "auth_info": {"agent": [agent]}}


def _corp_info(corp: Corp) -> dict[str, Any]:
    single = corp.now.grant.auth_mode is AuthMode.MEMBER
    return {
        "corpid": corp.corp_id,
        "corp_name": corp.name,
        "corp_type": "verified",
        "corp_square_logo_url": "",
        "corp_user_max": corp.user_max,
        "corp_full_name": corp.name,
        "verified_end_time": 4_102_444_800,
        "subject_type": 1,
        "corp_scale": "" if single else "501-1000人",
        "corp_industry": "" if single else "IT服务",
        "corp_sub_industry": "" if single else "计算机软件/硬件/信息服务",
        "corp_ex_name": "",
    }


ENDPOINTS = {
    "service/get_pre_auth_code": Endpoint(
        method="GET", needs=Needs.SUITE, handler=get_pre_auth_code
    ),
    "service/set_session_info": Endpoint(
        method="POST", needs=Needs.SUITE, handler=set_session_info
    ),
    "service/v2/get_permanent_code": Endpoint(
        method="POST", needs=Needs.SUITE, handler=get_permanent_code_v2
    ),
    "service/get_permanent_code": Endpoint(
        method="POST", needs=Needs.SUITE, handler=get_permanent_code_v1
    ),
    "service/v2/get_auth_info": Endpoint(
        method="POST", needs=Needs.SUITE, handler=get_auth_info
    ),
    "service/get_auth_info": Endpoint(
        method="POST", needs=Needs.SUITE, handler=get_auth_info
    ),
    "service/corpid_to_opencorpid": Endpoint(
        method="POST", needs=Needs.PROVIDER, handler=corpid_to_opencorpid
    ),
}
