"""Whom a change of tree, tags or scope concerns, beyond those whom events name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from domain.events.lateness import AnswerSight
from domain.ids import CorpPk, DepartmentId, Userid
from domain.org.org import Department, Member, MemberState, StoredMember
from domain.org.scope import Tags, Usable
from domain.org.tree import Tree
from store.database import Connection
from store.org import members

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The tree and who may use the app, as a batch sees them.

    Shape: `listed` is None when the departments were not asked for.
    """

    listed: tuple[Department, ...] | None
    tree: Tree
    tags: Tags
    usable: Usable

    @property
    def sight(self) -> AnswerSight:
        """What of the tree can be seen."""
        return AnswerSight(
            auth_mode=self.usable.auth_mode,
            listed=self.tree.ids,
            usable=self.usable.departments,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Whom a change of tree or tags concerns, beyond those whom events name."""

    ask: frozenset[Userid]
    list_whole: frozenset[DepartmentId]
    reground: tuple[Member, ...]


NOBODY = Spread(ask=frozenset(), list_whole=frozenset(), reground=())


def spread_of(
    connection: Connection, corp_pk: CorpPk, *, before: View, after: View
) -> Spread:
    """Who must be asked, which departments listed, and whose grounds follow alone.

    Shape: people whose stored departments still grant them use are not asked again,
        unless one of these departments is lost.
    """
    old, new = before.usable, after.usable
    gone = before.tree.parents.keys() - after.tree.parents.keys()
    changed = _differing(old.by_department, new.by_department) | gone
    named = _differing(old.by_member, new.by_member)
    if not changed and not named:
        return NOBODY
    people = named | members.list_in_departments(connection, corp_pk, changed)
    known = active_of(members.list_known(connection, corp_pk, people))
    lost = gone | (old.departments - new.departments)
    ask = {each for each in named if each in new.by_member and each not in known}
    reground: list[Member] = []
    for userid, stored in known.items():
        places = stored.member.department_ids
        grounds = new.grounds_of(userid, places)
        if not grounds or lost.intersection(places):
            ask.add(userid)
        elif grounds != stored.member.grounds:
            reground.append(replace(stored.member, grounds=grounds))
    return Spread(
        ask=frozenset(ask),
        list_whole=new.departments - old.departments,
        reground=tuple(reground),
    )


def active_of(stored: Iterable[StoredMember]) -> dict[Userid, StoredMember]:
    """The active ones, by their current userid."""
    return {
        each.member.userid: each for each in stored if each.state is MemberState.ACTIVE
    }


def _differing(
    old: Mapping[Name, frozenset[str]], new: Mapping[Name, frozenset[str]]
) -> frozenset[Name]:
    """The names whose grounds are not what they were."""
    names = frozenset(old) | frozenset(new)
    return frozenset(each for each in names if old.get(each) != new.get(each))
