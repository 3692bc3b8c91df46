"""Who may decide about a corp's app at this moment: asked of WeCom each time."""

from typing import Protocol

from domain.ids import Userid
from wecom.errors import NotPermitted, NotVisible
from wecom.wire import AdminRow


class AdminApi(Protocol):
    """The question that tells."""

    def admins(self) -> list[AdminRow]: ...


def managing_admins(api: AdminApi) -> frozenset[Userid]:
    """The administrators with auth_type 1; nobody where WeCom names none.

    Raises: WeComError when WeCom does not answer: that decides nothing.
    """
    try:
        rows = api.admins()
    except (NotPermitted, NotVisible):
        return frozenset()
    return frozenset(Userid(each.userid) for each in rows if each.manages)
