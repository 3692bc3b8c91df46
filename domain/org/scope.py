"""Who and what a corp lets us see: the authorisation scope and what follows from it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property

from domain.ids import DepartmentId, TagId, Userid
from domain.org.org import Department, Member
from domain.org.tree import Tree

DIRECT = "direct"


class AuthMode(IntEnum):
    """Who authorised the app: an admin for a scope, or each member for themselves."""

    ADMIN = 0
    MEMBER = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthScope:
    """The scope as get_auth_info shows it: selected nodes, not expanded.

    Shape: the first three may use the app; the extra ones can only be read.
    """

    auth_mode: int
    departments: frozenset[DepartmentId] = frozenset()
    members: frozenset[Userid] = frozenset()
    tags: frozenset[TagId] = frozenset()
    extra_departments: frozenset[DepartmentId] = frozenset()
    extra_members: frozenset[Userid] = frozenset()
    extra_tags: frozenset[TagId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """What a tag of the scope holds."""

    tag_id: TagId
    userids: frozenset[Userid]
    department_ids: frozenset[DepartmentId]


Tags = Mapping[TagId, Tag]
Grounds = frozenset[str]
NO_GROUNDS: Grounds = frozenset()


def department_ground(root: DepartmentId) -> str:
    """The ground of everyone below a department of the scope."""
    return f"department:{root}"


def tag_ground(tag_id: TagId) -> str:
    """The ground of everyone whom a tag of the scope holds."""
    return f"tag:{tag_id}"


@dataclass(frozen=True, kw_only=True)
class Usable:
    """Who may use the app, and why: the expanded scope.

    Shape: grounds by usable department and by person granted singly; nothing in
        auth_mode 1, where WeCom's answering for a person is the ground.
    """

    auth_mode: int
    by_department: Mapping[DepartmentId, Grounds]
    by_member: Mapping[Userid, Grounds]

    @cached_property
    def departments(self) -> frozenset[DepartmentId]:
        """The usable departments."""
        return frozenset(self.by_department)

    def grounds_of(
        self, userid: Userid, department_ids: Iterable[DepartmentId]
    ) -> Grounds:
        """Why this person in these departments may use the app; empty: they may not."""
        if self.auth_mode == AuthMode.MEMBER:
            return frozenset({DIRECT})
        grounds = self.by_member.get(userid, NO_GROUNDS)
        for each in department_ids:
            # Most people have one ground: the shared set is then passed on as it is.
            if not (more := self.by_department.get(each, NO_GROUNDS)) <= grounds:
                grounds = grounds | more if grounds else more
        return grounds

    def grounded(self, member: Member) -> Member:
        """The member with their grounds; in auth_mode 1 without any department."""
        grounds = self.grounds_of(member.userid, member.department_ids)
        if self.auth_mode != AuthMode.MEMBER:
            return replace(member, grounds=grounds)
        return replace(
            member,
            placements=(),
            main_department=None,
            leads=None if member.leads is None else frozenset(),
            grounds=grounds,
        )


def usable_of(*, scope: AuthScope, tags: Tags, tree: Tree) -> Usable:
    """The scope expanded over tags and tree; do it once, then ask for each person.

    Shape: a tag of the scope that is not in `tags` grants nothing.
    """
    if scope.auth_mode == AuthMode.MEMBER:
        return Usable(auth_mode=scope.auth_mode, by_department={}, by_member={})
    granted: dict[DepartmentId, set[str]] = defaultdict(set)
    singly: dict[Userid, set[str]] = defaultdict(set)
    for root in scope.departments:
        granted[root].add(department_ground(root))
    for userid in scope.members:
        singly[userid].add(DIRECT)
    for tag in (tags[each] for each in scope.tags if each in tags):
        for root in tag.department_ids:
            granted[root].add(tag_ground(tag.tag_id))
        for userid in tag.userids:
            singly[userid].add(tag_ground(tag.tag_id))
    return Usable(
        auth_mode=scope.auth_mode,
        by_department=_inherited(granted, tree=tree),
        by_member={userid: frozenset(why) for userid, why in singly.items()},
    )


def grounds_of(
    *,
    userid: Userid,
    department_ids: Iterable[DepartmentId],
    scope: AuthScope,
    tags: Tags,
    tree: Tree,
) -> Grounds:
    """Why one person may use the app; for many people ask one `usable_of`."""
    usable = usable_of(scope=scope, tags=tags, tree=tree)
    return usable.grounds_of(userid, department_ids)


def usable_departments(
    *, scope: AuthScope, tags: Tags, tree: Tree
) -> frozenset[DepartmentId]:
    """The listed departments whose people may use the app."""
    return usable_of(scope=scope, tags=tags, tree=tree).departments


def readable_departments(
    *, listed: Iterable[Department], usable: frozenset[DepartmentId]
) -> tuple[Department, ...]:
    """The departments of the org: all that WeCom lists, or none if none is usable."""
    return tuple(listed) if usable else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeChange:
    """What one part of a scope gained and lost."""

    gained: frozenset[object]
    lost: frozenset[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeDifference:
    """What a scope change is made of; decided as one, never as leavers and joiners.

    Shape: `parts` by field name of AuthScope, only those that differ.
    """

    mode_switched: bool
    parts: Mapping[str, ScopeChange]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not self.mode_switched and not self.parts


_PARTS = (
    "departments",
    "members",
    "tags",
    "extra_departments",
    "extra_members",
    "extra_tags",
)


def difference(*, before: AuthScope, after: AuthScope) -> ScopeDifference:
    """What changed between two scopes."""
    parts = {}
    for part in _PARTS:
        old, new = getattr(before, part), getattr(after, part)
        if old != new:
            parts[part] = ScopeChange(gained=new - old, lost=old - new)
    return ScopeDifference(
        mode_switched=before.auth_mode != after.auth_mode, parts=parts
    )


def _inherited(
    granted: Mapping[DepartmentId, set[str]], *, tree: Tree
) -> dict[DepartmentId, Grounds]:
    """The grounds of every listed department, its own and those from above."""
    grounds: dict[DepartmentId, Grounds] = {}
    for cycle in tree.find_cycles():
        # Everyone on a cycle is below everyone else on it.
        around = NO_GROUNDS.union(*(granted.get(each, ()) for each in cycle))
        grounds.update(dict.fromkeys(cycle, around))
    for each in tree.parents_first():
        if each in grounds:
            continue
        parent = tree.parents[each]
        above = NO_GROUNDS
        if parent is not None:
            # An unlisted parent may itself be a root of the scope.
            above = grounds.get(parent, frozenset(granted.get(parent, ())))
        grounds[each] = above | granted[each] if each in granted else above
    return {each: why for each, why in grounds.items() if why}
