"""What WeCom's answers in tests have in common: their endpoints, and a plain corp."""

from wecom.wire import CorpInfo

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
}


def corp_info(corp_id: str) -> CorpInfo:
    """A corp of which only id and name are known."""
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
