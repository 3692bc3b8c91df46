"""Says of each question to a corp what it is about, for the log of the calls."""

from tracing.call_log import asking
from wecom.wire import (
    AuthInfo,
    DepartmentRow,
    MemberAuthPage,
    MemberList,
    MemberRow,
    TagRow,
)
from workers.calls.corp_api import CorpApi


class LoggedApi:
    """A corp's questions, each told to the log of whoever works."""

    def __init__(self, api: CorpApi) -> None:
        self._api = api

    def departments(self) -> list[DepartmentRow]:
        """See `wecom.corp.Corp`."""
        return asking("tree", self._api.departments, size=len)

    def members_of(self, department_id: int) -> list[MemberRow]:
        """See `wecom.corp.Corp`."""
        return asking(
            f"department:{department_id}",
            lambda: self._api.members_of(department_id),
            size=len,
        )

    def members_unless(self, department_id: int, known: bytes | None) -> MemberList:
        """See `wecom.corp.Corp`."""
        return asking(
            f"department:{department_id}",
            lambda: self._api.members_unless(department_id, known),
            size=lambda listed: len(listed.rows or ()),
        )

    def userids_of(self, department_id: int) -> list[str]:
        """See `wecom.corp.Corp`."""
        return asking(
            f"department:{department_id}",
            lambda: self._api.userids_of(department_id),
            size=len,
        )

    def member(self, userid: str) -> MemberRow:
        """See `wecom.corp.Corp`."""
        return asking(f"member:{userid}", lambda: self._api.member(userid), size=_one)

    def tag(self, tag_id: int) -> TagRow:
        """See `wecom.corp.Corp`."""
        return asking(f"tag:{tag_id}", lambda: self._api.tag(tag_id), size=_in_tag)

    def auth_info(self) -> AuthInfo:
        """See `wecom.corp.Corp`."""
        return asking("scope", self._api.auth_info, size=_one)

    def permissions(self) -> frozenset[str]:
        """See `wecom.corp.Corp`."""
        return asking("scope", self._api.permissions, size=len)

    def authorised_members(self, cursor: str | None) -> MemberAuthPage:
        """See `wecom.corp.Corp`."""
        return asking(
            "authorised",
            lambda: self._api.authorised_members(cursor),
            size=lambda page: len(page.open_userids),
        )


def _one(_answer: object) -> int:
    return 1


def _in_tag(tag: TagRow) -> int:
    return len(tag.userids) + len(tag.departments)
