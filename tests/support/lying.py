"""WeCom when its sets are shrunken: whoever a test leaves out is not in them.

Each set has the name of its question, as in World: `departments`, `list:7`, `tag:5`,
`authorised`, `auth_info`. Old sets are made by World's `before` and `stale`.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from tests.support.fakes import NOBODY, FakeCorp
from wecom.errors import NotVisible
from wecom.wire import AuthInfo, DepartmentRow, MemberAuthPage, MemberRow, TagRow

Name = TypeVar("Name", int, str)


class LyingCorp(FakeCorp):
    """The calls of one corp, with what its world leaves out."""

    def auth_info(self) -> AuthInfo:
        """The authorisation without what is left out of its lists."""
        info = super().auth_info()
        scope = info.agent.scope
        scope = replace(
            scope,
            departments=self._kept("auth_info", scope.departments),
            userids=self._kept("auth_info", scope.userids),
            tags=self._kept("auth_info", scope.tags),
        )
        return replace(info, agent=replace(info.agent, scope=scope))

    def departments(self) -> list[DepartmentRow]:
        """The listing without the rows that are left out."""
        rows = super().departments()
        kept = self._kept("departments", (each.department_id for each in rows))
        return [each for each in rows if each.department_id in kept]

    def members_of(self, department_id: int) -> list[MemberRow]:
        """A list without the people who are left out."""
        rows = super().members_of(department_id)
        kept = self._kept(f"list:{department_id}", (each.userid for each in rows))
        return [each for each in rows if each.userid in kept]

    def tag(self, tag_id: int) -> TagRow:
        """A tag without whom and what is left out."""
        row, name = super().tag(tag_id), f"tag:{tag_id}"
        return replace(
            row,
            userids=self._kept(name, row.userids),
            departments=self._kept(name, row.departments),
        )

    def member(self, userid: str) -> MemberRow:
        """One person; some corps know them by their open_userid as well."""
        truth = self._world.truth
        if truth.plaintext and truth.takes_open_userids:
            for known, person in truth.people.items():
                if person.open_userid == userid:
                    return super().member(known)
        return super().member(userid)

    def userid_by_mobile(self, mobile: str) -> str:
        """Whose mobile this is, among those who are visible."""
        truth = self._ask(f"mobile:{mobile}")
        for userid, person in truth.people.items():
            if mobile in {person.mobile, person.number} and truth.is_visible(userid):
                return userid
        raise NotVisible(errcode=NOBODY)

    def authorised_members(self, cursor: str | None) -> MemberAuthPage:
        """A page without those who are left out."""
        page, truth = super().authorised_members(cursor), self._world.truth
        kept = self._kept("authorised", page.open_userids)
        named = [each for each in page.open_userids if each in kept]
        if truth.plaintext:
            named = [truth.people[each].open_userid or each for each in named]
        return replace(page, open_userids=tuple(named))

    def _kept(self, question: str, names: Iterable[Name]) -> frozenset[Name]:
        left_out = self._world.left_out
        return frozenset(each for each in names if (question, each) not in left_out)
