"""One state of an enterprise's contacts, indexed so that big corps answer quickly."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from simulator.org.grant import AuthMode, Grant, Visible

ROOT = 1
# 1 to 64 bytes, the first of them alphanumeric (WeCom 90331).
USERID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_\-@.]{0,63}")


class Status(IntEnum):
    """Activation as WeCom counts it."""

    ACTIVE = 1
    DISABLED = 2
    PENDING = 4
    QUIT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A node of the tree, with the name only the admin sees."""

    department_id: int
    name: str
    parent_id: int
    order: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person, with all that the admin knows.

    Shape: `orders` is aligned to `departments`.
    """

    userid: str
    open_userid: str
    name: str
    departments: tuple[int, ...]
    orders: tuple[int, ...]
    main_department: int
    leads: frozenset[int] = frozenset()
    direct_leader: str | None = None
    status: Status = Status.ACTIVE
    mobile: str = ""
    email: str = ""
    position: str = ""
    licensed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A named set of people and departments."""

    tag_id: int
    name: str
    userids: frozenset[str] = frozenset()
    department_ids: frozenset[int] = frozenset()


class Directory:
    """Departments, members, tags and the grant; every lookup by key."""

    def __init__(self) -> None:
        self._departments: dict[int, Department] = {}
        self._members: dict[str, Member] = {}
        self._tags: dict[int, Tag] = {}
        self._children: dict[int, dict[int, None]] = {}
        self._people: dict[int, dict[str, None]] = {}
        self._mobiles: dict[str, str] = {}
        self._emails: dict[str, str] = {}
        self._grant = Grant()
        self._visible: Visible | None = None

    @property
    def departments(self) -> Mapping[int, Department]:
        """Every department by id."""
        return self._departments

    @property
    def members(self) -> Mapping[str, Member]:
        """Every member by exact userid."""
        return self._members

    @property
    def tags(self) -> Mapping[int, Tag]:
        """Every tag by id."""
        return self._tags

    @property
    def grant(self) -> Grant:
        """What the app may see."""
        return self._grant

    @grant.setter
    def grant(self, grant: Grant) -> None:
        self._grant = grant
        self._visible = None

    def copy(self) -> "Directory":
        """A state that later changes here do not touch; the values are shared."""
        other = Directory()
        other._departments = self._departments.copy()
        other._members = self._members.copy()
        other._tags = self._tags.copy()
        other._children = {key: of.copy() for key, of in self._children.items()}
        other._people = {key: of.copy() for key, of in self._people.items()}
        other._mobiles = self._mobiles.copy()
        other._emails = self._emails.copy()
        other._grant = self._grant
        other._visible = self._visible
        return other

    def put_department(self, department: Department) -> None:
        """Add a department, or replace the one with its id."""
        key = department.department_id
        old = self._departments.get(key)
        if old is not None:
            self._children[old.parent_id].pop(key, None)
        self._departments[key] = department
        self._children.setdefault(department.parent_id, {})[key] = None
        self._visible = None

    def drop_department(self, department_id: int) -> None:
        """Remove an empty department."""
        old = self._departments.pop(department_id)
        self._children[old.parent_id].pop(department_id, None)
        self._children.pop(department_id, None)
        self._people.pop(department_id, None)
        self._visible = None

    def put_member(self, member: Member) -> None:
        """Add a member, or replace the one with this userid."""
        if member.userid in self._members:
            self._unlist(self._members[member.userid])
        self._members[member.userid] = member
        for department_id in member.departments:
            self._people.setdefault(department_id, {})[member.userid] = None
        if member.mobile:
            self._mobiles[member.mobile] = member.userid
        if member.email:
            self._emails[member.email] = member.userid

    def drop_member(self, userid: str) -> None:
        """Remove a member from the corp."""
        self._unlist(self._members.pop(userid))

    def put_tag(self, tag: Tag) -> None:
        """Add a tag, or replace the one with its id."""
        self._tags[tag.tag_id] = tag
        self._visible = None

    def drop_tag(self, tag_id: int) -> None:
        """Remove a tag."""
        del self._tags[tag_id]
        self._visible = None

    def find_member(self, userid: str, *, ignoring_case: bool) -> Member | None:
        """The member of this userid; of old corps whatever the case (wecom.md 3.10)."""
        found = self._members.get(userid)
        if found is not None or not ignoring_case:
            return found
        folded = userid.lower()
        others = (each for each in self._members if each.lower() == folded)
        return self._members.get(next(others, ""))

    def find_by_mobile(self, mobile: str) -> Member | None:
        """The one member with this mobile."""
        return self._members.get(self._mobiles.get(mobile, ""))

    def find_by_email(self, email: str) -> Member | None:
        """The one member with this e-mail."""
        return self._members.get(self._emails.get(email, ""))

    def children(self, department_id: int) -> Iterable[int]:
        """Ids of the departments directly below."""
        return self._children.get(department_id, {}).keys()

    def people(self, department_id: int) -> Iterator[Member]:
        """Members directly in one department, without looking at anybody else."""
        for userid in self._people.get(department_id, ()):
            yield self._members[userid]

    def subtree(self, roots: Iterable[int]) -> set[int]:
        """Ids of existing roots and everything below them."""
        found: set[int] = set()
        waiting = [root for root in roots if root in self._departments]
        while waiting:
            department_id = waiting.pop()
            if department_id not in found:
                found.add(department_id)
                waiting.extend(self.children(department_id))
        return found

    def people_below(self, roots: Iterable[int]) -> dict[str, None]:
        """Userids of everybody in the roots' subtrees, each once."""
        return {
            member.userid: None
            for department_id in sorted(self.subtree(roots))
            for member in self.people(department_id)
        }

    @property
    def visible(self) -> Visible:
        """The grant, expanded; computed anew after the tree or the grant changed."""
        if self._visible is None:
            self._visible = self._expand()
        return self._visible

    def is_usable(self, member: Member) -> bool:
        """Whether the member may use the app."""
        seen = self.visible
        return member.userid in seen.usable_people or (
            not seen.usable_departments.isdisjoint(member.departments)
        )

    def is_readable(self, member: Member) -> bool:
        """Whether the app may read the member."""
        seen = self.visible
        return member.userid in seen.readable_people or (
            not seen.readable_departments.isdisjoint(member.departments)
        )

    def listed_departments(self) -> frozenset[int]:
        """Ids that `department/simplelist` knows (WeCom 95406)."""
        if self._grant.auth_mode is AuthMode.MEMBER:
            return frozenset()
        if self._grant.sees_whole_tree:
            return frozenset(self._departments)
        return self.visible.readable_departments

    def shown_departments(self, member: Member) -> tuple[int, ...]:
        """The member's departments as the app is told them (WeCom 90332, 94496)."""
        if self._grant.auth_mode is AuthMode.MEMBER:
            return (ROOT,)
        if self._grant.sees_whole_tree:
            return member.departments
        shown = self.visible.readable_departments
        return tuple(one for one in member.departments if one in shown)

    def _expand(self) -> Visible:
        grant, scope = self._grant, self._grant.scope
        if grant.auth_mode is AuthMode.MEMBER:
            alone = frozenset(grant.self_authorised)
            none: frozenset[int] = frozenset()
            return Visible(
                usable_departments=none,
                readable_departments=none,
                usable_people=alone,
                readable_people=alone,
            )
        people, parties = self._of_tags(scope.allow_tag)
        more_people, more_parties = self._of_tags(scope.extra_tag)
        usable = self.subtree({*scope.allow_party, *parties})
        usable_people = frozenset({*scope.allow_user, *people})
        return Visible(
            usable_departments=frozenset(usable),
            readable_departments=frozenset(
                usable | self.subtree({*scope.extra_party, *more_parties})
            ),
            usable_people=usable_people,
            readable_people=usable_people | {*scope.extra_user, *more_people},
        )

    def _of_tags(self, tag_ids: Iterable[int]) -> tuple[set[str], set[int]]:
        tags = [self._tags[tag_id] for tag_id in tag_ids if tag_id in self._tags]
        people = {userid for tag in tags for userid in tag.userids}
        return people, {party for tag in tags for party in tag.department_ids}

    def _unlist(self, member: Member) -> None:
        for department_id in member.departments:
            self._people[department_id].pop(member.userid, None)
        # Another member may have taken the number over in the meantime.
        if self._mobiles.get(member.mobile) == member.userid:
            del self._mobiles[member.mobile]
        if self._emails.get(member.email) == member.userid:
            del self._emails[member.email]
