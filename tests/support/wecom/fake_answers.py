"""What the double of WeCom answers with, apart from what the corp is."""

from collections.abc import Iterable

from domain.ids import DepartmentId
from domain.org.org import Department
from wecom.wire import AgentInfo, AuthInfo, CorpInfo, Scope

ENDPOINTS = {
    "auth_info": "service/get_auth_info",
    "permissions": "agent/get_permissions",
    "departments": "department/simplelist",
    "list": "user/list",
    "ids": "user/simplelist",
    "member": "user/get",
    "tag": "tag/get",
    "authorised": "user/list_member_auth",
    "mobile": "user/getuserid",
    "agent": "agent/get",
}


def answering(
    names: Iterable[str], people: Iterable[str], *, ignoring_case: bool
) -> frozenset[str]:
    """Those of the names that one of the people answers to."""
    if not ignoring_case:
        return frozenset(names).intersection(people)
    folded = {each.lower() for each in people}
    return frozenset(each for each in names if each.lower() in folded)


def authorisation(corp_id: str, *, auth_mode: int, scope: Scope) -> AuthInfo:
    """The authorisation of a corp with one agent."""
    agent = AgentInfo(
        agent_id=1000001,
        name=None,
        auth_mode=auth_mode,
        is_customized=False,
        level=1,
        scope=scope,
    )
    return AuthInfo(corp=_corp_info(corp_id), agent=agent)


def _corp_info(corp_id: str) -> CorpInfo:
    return CorpInfo(
        corp_id=corp_id,
        name="corp",
        full_name=None,
        corp_type=None,
        subject_type=None,
        user_max=None,
        scale=None,
        industry=None,
        sub_industry=None,
        square_logo_url=None,
    )


def plain_department(department_id: int, parent: int | None, order: int) -> Department:
    """A department as our org is to have it."""
    return Department(
        department_id=DepartmentId(department_id),
        parent_id=None if parent is None else DepartmentId(parent),
        order=order,
        name=None,
    )
