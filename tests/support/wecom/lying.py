"""WeCom when it lies: old, shrunken and torn sets, odd values, other spellings.

Each set has the name of its question, as in World: `departments`, `list:7`, `tag:5`,
`authorised`, `auth_info`. Old sets are made by World's `before` and `stale`.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from tests.support.wecom.fakes import NOBODY, FakeCorp, Truth, World
from wecom.errors import NotVisible, OddAnswer
from wecom.wire import AuthInfo, DepartmentRow, MemberAuthPage, MemberRow, TagRow
from workers.calls.call_count import CallCount

Name = TypeVar("Name", int, str)

INVALID = 40003
# What WeCom lets a userid be (90331); user/get refuses whatever else it is asked for.
USERID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_\-@.]{0,63}")


@dataclass(slots=True, kw_only=True)
class LyingWorld(World):
    """A World that counts the lies it told; one that changes nothing is none.

    Shape: `fetches_children` as for old clients: a list shows everybody below, too.
    """

    fetches_children: bool = False
    lies: Counter[str] = field(default_factory=Counter)

    def answer_from(self, question: str, count: CallCount | None) -> Truth:
        """Take a question down, and the truth that answers it."""
        kind = question.partition(":")[0]
        if not self.faults.keys().isdisjoint({question, kind}):
            self.lies[f"no answer: {kind}"] += 1
        # Not `super()`: a dataclass with slots is another class than its methods'.
        answer = World.answer_from(self, question, count)
        if answer is not self.truth and answer != self.truth:
            self.lies[f"old: {kind}"] += 1
        return answer


class LyingCorp(FakeCorp):
    """The calls of one corp, with the lies of its world."""

    _world: LyingWorld

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
        self._count_odd(f"department:{each.department_id}" for each in rows)
        kept = self._kept("departments", (each.department_id for each in rows))
        return [each for each in rows if each.department_id in kept]

    def members_of(self, department_id: int) -> list[MemberRow]:
        """A list without the people who are left out; some show those below, too."""
        rows = super().members_of(department_id)
        if self._world.fetches_children:
            rows += self._below(department_id, {each.userid for each in rows})
        self._count_odd(f"member:{each.userid}" for each in rows)
        kept = self._kept(f"list:{department_id}", (each.userid for each in rows))
        return [each for each in rows if each.userid in kept]

    def tag(self, tag_id: int) -> TagRow:
        """A tag without whom and what is left out."""
        row, name = super().tag(tag_id), f"tag:{tag_id}"
        self._count_odd([name])
        return replace(
            row,
            userids=self._kept(name, row.userids),
            departments=self._kept(name, row.departments),
        )

    def member(self, userid: str) -> MemberRow:
        """One person; some corps know them by their open_userid as well."""
        if USERID.fullmatch(userid) is None:
            self._ask(f"member:{userid}")
            self._world.lies["an impossible userid"] += 1
            raise NotVisible(errcode=INVALID)
        asked = self._known_as(userid)
        try:
            row = super().member(asked)
        except OddAnswer:
            self._count_odd([f"member:{asked}"])
            raise
        if row.userid != asked:
            self._world.lies["another spelling"] += 1
        return row

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
        odd = "member_auth_list" if "authorised" in self._world.odd else None
        self._count_odd(["authorised"])
        return replace(page, open_userids=tuple(named), odd=odd)

    def _known_as(self, userid: str) -> str:
        truth = self._world.truth
        if truth.plaintext and truth.takes_open_userids:
            for known, person in truth.people.items():
                if person.open_userid == userid:
                    self._world.lies["asked by open_userid"] += 1
                    return known
        return userid

    def _below(self, department_id: int, shown: set[str]) -> list[MemberRow]:
        """The rows of people of the departments below, as `fetch_child` shows them."""
        truth = self._world.truth
        below = truth.below({department_id}) - {department_id}
        rows = [
            self._row(truth, who)
            for who, person in truth.people.items()
            if who not in shown and not below.isdisjoint(person.departments)
        ]
        self._world.lies["children fetched"] += len(rows)
        return rows

    def _count_odd(self, shown: Iterable[str]) -> None:
        for each in self._world.odd.keys() & set(shown):
            for name in self._world.odd[each]:
                self._world.lies[f"odd: {each.partition(':')[0]} {name}"] += 1

    def _kept(self, question: str, names: Iterable[Name]) -> frozenset[Name]:
        names = frozenset(names)
        left_out = self._world.left_out
        kept = frozenset(each for each in names if (question, each) not in left_out)
        if kept != names:
            self._world.lies[f"left out: {question.partition(':')[0]}"] += 1
        return kept
