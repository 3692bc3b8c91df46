"""WeCom as the sync meets it: a truth that a test changes, and the answers it gives."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from domain.ids import DepartmentId, Userid
from domain.org.org import Member, Org
from tests.support.wecom import odd_answers
from tests.support.wecom.fake_answers import (
    ENDPOINTS,
    answering,
    authorisation,
    plain_department,
)
from tests.support.wecom.told_apart import ListsToldApart
from wecom.errors import NotVisible, OddAnswer, WeComError
from wecom.wire import (
    AuthInfo,
    DepartmentRow,
    MemberAuthPage,
    MemberRow,
    Scope,
    TagRow,
)
from workers.answers.observe import member_from
from workers.calls.call_count import CallCount

UNKNOWN = 60111
OUTSIDE = 60011
NOBODY = 46004
ORGANISATION_INFO = "corp_arch:base:base"
PERMISSIONS = frozenset({"contact:sensitive:position"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A department as the admin knows it."""

    parent: int | None
    order: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of the corp as the admin knows them; `departments` with their order.

    Shape: `mobile` and `email` are shown to us, `number` is the mobile that WeCom knows
        and shows nobody; no `open_userid` where neither answers nor events tell it.
    """

    open_userid: str | None
    departments: Mapping[int, int]
    main: int | None = None
    status: int = 1
    leads: frozenset[int] = frozenset()
    leaders: tuple[str, ...] = ()
    mobile: str | None = None
    email: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a tag holds."""

    userids: frozenset[str] = frozenset()
    departments: frozenset[int] = frozenset()


@dataclass(slots=True, kw_only=True)
class Truth:
    """What the corp is at one moment.

    Shape: `authorised` counts in auth_mode 1 alone; with `whole_tree` the corp has
        granted the organisation info, so that every department can be seen; with
        `ignores_case` it is an old one whose people answer to any spelling. A
        `plaintext` corp is as old: its open_userids are no userids, and user/get
        `takes_open_userids` or refuses them: WeCom's pages do not tell.
    """

    departments: dict[int, Place] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    tags: dict[int, Holding] = field(default_factory=dict)
    allow_departments: frozenset[int] = frozenset()
    allow_members: frozenset[str] = frozenset()
    allow_tags: frozenset[int] = frozenset()
    extra_departments: frozenset[int] = frozenset()
    extra_members: frozenset[str] = frozenset()
    extra_tags: frozenset[int] = frozenset()
    authorised: frozenset[str] = frozenset()
    auth_mode: int = 0
    whole_tree: bool = False
    plaintext: bool = False
    takes_open_userids: bool = False
    ignores_case: bool = False

    def copy(self) -> "Truth":
        """The same, to be changed on its own."""
        return replace(
            self,
            departments=dict(self.departments),
            people=dict(self.people),
            tags=dict(self.tags),
        )

    def below(self, roots: Iterable[int]) -> frozenset[int]:
        """The departments at or below the roots."""
        reached = frozenset(each for each in roots if each in self.departments)
        while True:
            more = frozenset(
                each
                for each, place in self.departments.items()
                if place.parent in reached
            )
            if more <= reached:
                return reached
            reached |= more

    @property
    def usable_departments(self) -> frozenset[int]:
        """Those whose people may use the app."""
        if self.auth_mode == 1:
            return frozenset()
        return self._granted(self.allow_departments, self.allow_tags)

    @property
    def visible_departments(self) -> frozenset[int]:
        """Those that WeCom shows us."""
        if self.auth_mode == 1:
            return frozenset()
        if self.whole_tree:
            return frozenset(self.departments)
        extra = self._granted(self.extra_departments, self.extra_tags)
        return self.usable_departments | extra

    def _granted(self, roots: frozenset[int], tags: Iterable[int]) -> frozenset[int]:
        return self.below(roots.union(*(self.tags[each].departments for each in tags)))

    def grounds(self, userid: str) -> frozenset[str]:
        """Why the person may use the app."""
        if self.auth_mode == 1:
            return frozenset({"direct"} if userid in self.authorised else ())
        mine = frozenset(self.people[userid].departments)
        why = {"direct"} if self.named(userid, self.allow_members) else set()
        for root in self.allow_departments:
            if mine & self.below({root}):
                why.add(f"department:{root}")
        for tag_id in self.allow_tags:
            tag = self.tags[tag_id]
            named = self.named(userid, tag.userids)
            if named or mine & self.below(tag.departments):
                why.add(f"tag:{tag_id}")
        return frozenset(why)

    def known(self, names: frozenset[str]) -> frozenset[str]:
        """Those of the names that somebody answers to."""
        return answering(names, self.people, ignoring_case=self.ignores_case)

    def named(self, userid: str, names: frozenset[str]) -> bool:
        """Whether one of the names is this person's."""
        return bool(answering({userid}, names, ignoring_case=self.ignores_case))

    def is_visible(self, userid: str) -> bool:
        """Whether user/get answers."""
        if self.grounds(userid):
            return True
        tagged = (self.tags[each].userids for each in self.extra_tags)
        mine = frozenset(self.people[userid].departments)
        return userid in self.extra_members.union(*tagged) or bool(
            mine & self.visible_departments
        )

    def org(self) -> Org:
        """What our org must be, by design.md §3 and nothing of ours."""
        usable = self.usable_departments
        listed = self.visible_departments if usable else frozenset()
        return Org(
            departments={
                DepartmentId(each): plain_department(each, place.parent, place.order)
                for each, place in self.departments.items()
                if each in listed
            },
            members={
                Userid(who): self._member(who)
                for who in self.people
                if self.grounds(who)
            },
        )

    def row(self, userid: str) -> MemberRow:
        """The person as WeCom shows them: names hidden, only what is visible."""
        person = self.people[userid]
        if self.auth_mode == 1:
            return MemberRow(
                userid=userid,
                open_userid=person.open_userid,
                departments=(1,),
                status=person.status,
            )
        shown = tuple(
            each for each in person.departments if each in self.visible_departments
        )
        return MemberRow(
            userid=userid,
            open_userid=person.open_userid,
            departments=shown,
            orders=tuple(person.departments[each] for each in shown),
            leader_flags=self._flags(person, shown),
            main_department=person.main if person.main in shown else None,
            direct_leaders=person.leaders if self.whole_tree else None,
            status=person.status,
            mobile=person.mobile,
            email=person.email,
        )

    def _flags(self, person: Person, shown: tuple[int, ...]) -> tuple[bool, ...] | None:
        if not self.whole_tree:
            return None
        return tuple(each in person.leads for each in shown)

    def _member(self, userid: str) -> Member:
        shown = member_from(self.row(userid))
        grounds = self.grounds(userid)
        if self.auth_mode == 1:
            return replace(shown, placements=(), main_department=None, grounds=grounds)
        return replace(shown, grounds=grounds)


@dataclass(slots=True, kw_only=True)
class World:
    """WeCom for one corp, with the moods that a test gives it.

    Shape: every question has a name, `departments`, `list:7`, `member:woA` and so on.
        `stale` are the names answered from the truth `before`; `empty` lists answer
        nothing; `faults` are raised; `watch` is called before each answer. `odd` are
        fields that a key is shown with (`tag:5`); `closed` is what agent/get says;
        `left_out` are sets and what they lack (see tests/support/wecom/lying.py).
    """

    corp_id: str = "wpCorpA"
    truth: Truth = field(default_factory=Truth)
    before: Truth = field(default_factory=Truth)
    stale: Callable[[str], bool] = lambda _: False
    empty: set[str] = field(default_factory=set)
    faults: dict[str, Exception] = field(default_factory=dict)
    left_out: set[tuple[str, int | str]] = field(default_factory=set)
    watch: Callable[[str], None] = lambda _: None
    odd: dict[str, dict[str, Any]] = field(default_factory=dict)
    closed: bool = False
    page_size: int = 2
    calls: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def asked(self, question: str) -> int:
        """How often a question was asked."""
        return self.calls.count(question)

    def answer_from(self, question: str, count: CallCount | None) -> Truth:
        """Take a question down, and the truth that answers it."""
        with self._lock:
            self.calls.append(question)
            if count is not None:
                count.add(ENDPOINTS[question.partition(":")[0]])
        self.watch(question)
        for name in (question, question.partition(":")[0]):
            if name in self.faults:
                raise self.faults[name]
        return self.before if self.stale(question) else self.truth


class FakeCorp(ListsToldApart):
    """The calls of one corp, answered from a World."""

    def __init__(self, world: World, count: CallCount | None) -> None:
        # Not the parent's: there is no transport behind this one.
        self.corp_id = world.corp_id
        self._world = world
        self._count = count

    def auth_info(self) -> AuthInfo:
        """The authorisation."""
        truth = self._ask("auth_info")
        return authorisation(
            self.corp_id,
            auth_mode=truth.auth_mode,
            scope=Scope(
                departments=truth.allow_departments,
                userids=truth.allow_members,
                tags=truth.allow_tags,
                extra_departments=truth.extra_departments,
                extra_userids=truth.extra_members,
                extra_tags=truth.extra_tags,
            ),
        )

    def permissions(self) -> frozenset[str]:
        """What the corp allows."""
        truth = self._ask("permissions")
        return PERMISSIONS | {ORGANISATION_INFO} if truth.whole_tree else PERMISSIONS

    def departments(self) -> list[DepartmentRow]:
        """The visible departments, children before their parents."""
        truth = self._ask("departments")
        if truth.auth_mode == 1:
            raise NotVisible(errcode=OUTSIDE)
        if "departments" in self._world.empty:
            return []
        return [
            self._department(each, truth.departments[each])
            for each in sorted(truth.visible_departments, reverse=True)
        ]

    def members_of(self, department_id: int) -> list[MemberRow]:
        """Everybody directly in a usable department."""
        truth, userids = self._listed("list", department_id)
        return [self._row(truth, each) for each in userids]

    def userids_of(self, department_id: int) -> list[str]:
        """Their ids alone."""
        return self._listed("ids", department_id)[1]

    def member(self, userid: str) -> MemberRow:
        """One person."""
        truth = self._ask(f"member:{userid}")
        userid = self._spelling(truth, userid)
        if userid not in truth.people:
            raise NotVisible(errcode=UNKNOWN)
        if not truth.is_visible(userid):
            raise NotVisible(errcode=OUTSIDE)
        row = self._row(truth, userid)
        if row.odd:
            raise OddAnswer(row.odd, endpoint="user/get")
        return row

    def agent_is_closed(self, agent_id: int) -> bool:
        """What agent/get says of the app."""
        self._ask("agent")
        return self._world.closed

    def tag(self, tag_id: int) -> TagRow:
        """What a tag of the scope holds."""
        truth = self._ask(f"tag:{tag_id}")
        if tag_id not in truth.allow_tags | truth.extra_tags:
            raise NotVisible(errcode=OUTSIDE)
        holding = truth.tags[tag_id]
        departments = holding.departments & truth.departments.keys()
        userids = truth.known(holding.userids)
        row = TagRow(tag_id=tag_id, name=None, userids=userids, departments=departments)
        return odd_answers.spoiled_tag(row, self._world.odd.get(f"tag:{tag_id}"))

    def authorised_members(self, cursor: str | None) -> MemberAuthPage:
        """A page of those who authorised the app; the cursor is where it begins."""
        truth = self._ask(f"authorised:{cursor}")
        if truth.auth_mode == 0:
            raise NotVisible(errcode=OUTSIDE)
        if "authorised" in self._world.empty:
            return MemberAuthPage(open_userids=(), next_cursor=None)
        everyone = sorted(truth.authorised & truth.people.keys())
        start = int(cursor or 0)
        end = start + self._world.page_size
        more = str(end) if end < len(everyone) else None
        return MemberAuthPage(open_userids=tuple(everyone[start:end]), next_cursor=more)

    def _ask(self, question: str) -> Truth:
        return self._world.answer_from(question, self._count)

    def _spelling(self, truth: Truth, userid: str) -> str:
        mine = answering(truth.people, {userid}, ignoring_case=truth.ignores_case)
        return userid if userid in mine else next(iter(mine), userid)

    def _row(self, truth: Truth, userid: str) -> MemberRow:
        odd = self._world.odd.get(f"member:{userid}")
        return odd_answers.spoiled_member(truth.row(userid), odd)

    def _department(self, department_id: int, place: Place) -> DepartmentRow:
        row = DepartmentRow(
            department_id=department_id, parent_id=place.parent, order=place.order
        )
        odd = self._world.odd.get(f"department:{department_id}")
        return odd_answers.spoiled_department(row, odd)

    def _listed(self, kind: str, department_id: int) -> tuple[Truth, list[str]]:
        question = f"{kind}:{department_id}"
        truth = self._ask(question)
        if truth.auth_mode == 1 or department_id not in truth.usable_departments:
            raise NotVisible(errcode=OUTSIDE)
        if question in self._world.empty:
            return truth, []
        return truth, [
            userid
            for userid, person in truth.people.items()
            if department_id in person.departments
        ]


def refused(errcode: int = UNKNOWN) -> WeComError:
    """The error of a read that WeCom refuses."""
    return NotVisible(errcode=errcode)
