"""What a set says against somebody who answers: which set it was, and what explains it.

A tag, the tree and the scope are one answer each, however many people they name.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from domain.ids import DepartmentId, TagId
from domain.org.org import Member
from domain.org.scope import DIRECT, AuthMode, AuthScope, Tag, Tags
from domain.org.tree import Tree

# WeCom 99052: with it the whole tree can be seen, usable or not.
ORGANISATION_INFO = "corp_arch:base:base"

# Two reads of a set are two answers when they lie so far apart.
APART_SECONDS = 3.0
# Past this the first of them is too old to speak for the second.
AGREES_SECONDS = 600.0

# The names of sets; a tag's is `tag:<id>`, as that of its ground.
SCOPE = "scope"
DEPARTMENTS = "departments"
_TAG = "tag:"


class Right(StrEnum):
    """Why we may read somebody who may not use the app."""

    EXTRA_MEMBER = "extra_member"
    EXTRA_TAG = "extra_tag"
    EXTRA_DEPARTMENT = "extra_department"
    ORGANISATION_INFO = "organisation_info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What lets us read beyond whom the scope lets use the app.

    Shape: `extra_tags` is what the tags of the extra range hold, as far as was read.
    """

    scope: AuthScope
    permissions: frozenset[str]
    extra_tags: Tags

    def explain(self, shown: Member, *, tree: Tree) -> Right | None:
        """Which of them explains that WeCom answers about this person."""
        if shown.userid in self.scope.extra_members:
            return Right.EXTRA_MEMBER
        places = frozenset(shown.department_ids)
        for tag in self.extra_tags.values():
            if shown.userid in tag.userids or places & tree.subtree(tag.department_ids):
                return Right.EXTRA_TAG
        if places & tree.subtree(self.scope.extra_departments):
            return Right.EXTRA_DEPARTMENT
        listed = any(each in tree for each in places)
        if ORGANISATION_INFO in self.permissions and listed:
            return Right.ORGANISATION_INFO
        return None


def sets_behind(stored: Member, *, tags: Tags) -> frozenset[str]:
    """The sets that let this person use the app, one of which has lost them.

    Shape: `tags` as they were when they granted it.
    """
    sets = {SCOPE}
    for ground in stored.grounds:
        if ground.startswith(_TAG):
            sets.add(ground)
            tag = tags.get(TagId(int(ground.removeprefix(_TAG))))
            if tag is None or stored.userid not in tag.userids:
                sets.add(DEPARTMENTS)
        elif ground != DIRECT:
            sets.add(DEPARTMENTS)
    return frozenset(sets)


def tags_among(sets: Collection[str]) -> frozenset[TagId]:
    """The tags among these sets."""
    return frozenset(
        TagId(int(each.removeprefix(_TAG))) for each in sets if each.startswith(_TAG)
    )


def roots_of(scope: AuthScope, *, tags: Tags) -> frozenset[DepartmentId]:
    """Every department that the scope names, itself or through a tag, extra or not."""
    tagged = (each.department_ids for each in tags.values())
    return (scope.departments | scope.extra_departments).union(*tagged)


def kept(tag: Tag, *, before: Tag | None, staying: Collection[Member]) -> Tag:
    """The tag with those whom it lost and whom nothing else explains.

    Shape: `staying` are members as stored, whose absence from sets was not believed.
    """
    ground = f"{_TAG}{tag.tag_id}"
    people = [each for each in staying if ground in each.grounds]
    if before is None or not people:
        return tag
    named = {each.userid for each in people} & before.userids
    by_department = len(named) < len(people)
    return Tag(
        tag_id=tag.tag_id,
        userids=tag.userids | named,
        department_ids=tag.department_ids
        | (before.department_ids if by_department else frozenset()),
    )


def scope_hides(
    department_id: DepartmentId,
    *,
    scope: AuthScope,
    tags: Tags,
    permissions: Collection[str],
    stored: Tree,
) -> bool:
    """Whether the scope itself says that a department is shown no more.

    Then a listing that lacks it is the second answer, not the only one.
    """
    if scope.auth_mode == AuthMode.MEMBER or not _grants(scope, tags):
        return True
    if ORGANISATION_INFO in permissions:
        return False
    above = {department_id, *stored.ancestors(department_id)}
    return roots_of(scope, tags=tags).isdisjoint(above)


def _grants(scope: AuthScope, tags: Tags) -> bool:
    """Whether a department lets anybody use the app; else the tree is emptied."""
    tagged = (tags[each].department_ids for each in scope.tags if each in tags)
    return bool(scope.departments.union(*tagged))
