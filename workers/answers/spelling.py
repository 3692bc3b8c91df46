"""Asks a corp in WeCom's own spelling, and learns where WeCom ignores case."""

from collections.abc import Mapping
from dataclasses import replace

from domain.events.spelling import differ_by_case, learn, spelt
from domain.ids import Userid
from wecom.wire import (
    AuthInfo,
    DepartmentRow,
    MemberAuthPage,
    MemberList,
    MemberRow,
    TagRow,
)
from workers.calls.corp_api import CorpApi


class SpellingApi:
    """A corp's questions, whose answers name people as WeCom spells them.

    Shape: `learnt` are the spellings that its answers have shown; threads share it.
    """

    def __init__(self, api: CorpApi, known: Mapping[Userid, Userid]) -> None:
        self._api = api
        self.spellings = dict(known)
        self.learnt: dict[Userid, Userid] = {}

    def departments(self) -> list[DepartmentRow]:
        """See `wecom.corp.Corp`."""
        return self._api.departments()

    def members_of(self, department_id: int) -> list[MemberRow]:
        """See `wecom.corp.Corp`."""
        return self._api.members_of(department_id)

    def members_unless(self, department_id: int, known: bytes | None) -> MemberList:
        """See `wecom.corp.Corp`."""
        return self._api.members_unless(department_id, known)

    def userids_of(self, department_id: int) -> list[str]:
        """See `wecom.corp.Corp`."""
        return [self._spelt(each) for each in self._api.userids_of(department_id)]

    def member(self, userid: str) -> MemberRow:
        """See `wecom.corp.Corp`; the row may spell the person differently."""
        row = self._api.member(userid)
        if row.odd is None and differ_by_case(row.userid, userid):
            for each in (self.learnt, self.spellings):
                learn(each, asked=Userid(userid), told=Userid(row.userid))
        return row

    def tag(self, tag_id: int) -> TagRow:
        """See `wecom.corp.Corp`."""
        row = self._api.tag(tag_id)
        return replace(row, userids=self._all_spelt(row.userids))

    def auth_info(self) -> AuthInfo:
        """See `wecom.corp.Corp`."""
        info = self._api.auth_info()
        if not self.spellings:
            return info
        scope = replace(
            info.scope,
            userids=self._all_spelt(info.scope.userids),
            extra_userids=self._all_spelt(info.scope.extra_userids),
        )
        return replace(info, agent=replace(info.agent, scope=scope))

    def permissions(self) -> frozenset[str]:
        """See `wecom.corp.Corp`."""
        return self._api.permissions()

    def authorised_members(self, cursor: str | None) -> MemberAuthPage:
        """See `wecom.corp.Corp`."""
        page = self._api.authorised_members(cursor)
        people = tuple(map(self._spelt, page.open_userids))
        return replace(page, open_userids=people)

    def _spelt(self, userid: str) -> str:
        return spelt(Userid(userid), self.spellings)

    def _all_spelt(self, userids: frozenset[str]) -> frozenset[str]:
        return frozenset(map(self._spelt, userids))
