"""What the first answers of a read said; what its pages cost, and come to."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.events.spelling import Spellings, spelt_scope, spelt_tag
from domain.ids import DepartmentId, TagId, Userid
from domain.org.org import Department
from domain.org.scope import AuthMode, AuthScope, Tag, Usable, usable_of
from domain.org.tree import Tree
from domain.reasons import Finding
from domain.reconcile.renames import scope_after, tags_after
from store.org import corps
from store.runs.staging import Page
from wecom.corp import MEMBER_AUTH_PAGE
from workers.runs.oddities import is_quiet

# Pages of single people who were touched meanwhile, of those whom no page showed, and
# of those of whom one list alone said something new.
AGAIN, ABSENT, TWICE = "again:", "absent:", "twice:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the first answers of a read said; later pages depend on it.

    Shape: `lost` names what a first look at the whole left open, `looked` what was
        waited for, `found` what operators have to be told.
    """

    scope: AuthScope
    permissions: frozenset[str]
    agent_id: int
    corp_name: str | None
    tags: dict[TagId, Tag]
    lost: frozenset[str] = frozenset()
    looked: frozenset[str] = frozenset()
    found: tuple[str, ...] = ()

    def usable(self, departments: Iterable[Department]) -> Usable:
        """Who may use the app, given all departments of the read."""
        return usable_of(scope=self.scope, tags=self.tags, tree=Tree.of(departments))

    def usable_anew(self, tree: Tree, names: Mapping[Userid, Userid]) -> Usable:
        """Who may use the app, with everybody named as they are called now."""
        return usable_of(
            scope=scope_after(self.scope, names),
            tags=tags_after(self.tags, names),
            tree=tree,
        )

    def spelt(self, spellings: Spellings) -> "Snapshot":
        """The same with people as WeCom spells them."""
        return replace(
            self,
            scope=spelt_scope(self.scope, spellings),
            tags={each: spelt_tag(tag, spellings) for each, tag in self.tags.items()},
        )

    @property
    def grants_departments(self) -> bool:
        """Whether the scope, or a tag in it, names departments."""
        tags = self.tags.values()
        return bool(self.scope.departments) or any(each.department_ids for each in tags)

    def to_json(self) -> dict[str, Any]:
        """The form that the run keeps."""
        return {
            "scope": corps.scope_json(self.scope),
            "permissions": sorted(self.permissions),
            "agent_id": self.agent_id,
            "corp_name": self.corp_name,
            "tags": [
                [each.tag_id, sorted(each.userids), sorted(each.department_ids)]
                for each in self.tags.values()
            ],
            "lost": sorted(self.lost),
            "looked": sorted(self.looked),
            "found": [*self.found],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Snapshot":
        """The snapshot that a run kept."""
        tags = [
            Tag(
                tag_id=TagId(tag_id),
                userids=frozenset(map(Userid, userids)),
                department_ids=frozenset(map(DepartmentId, department_ids)),
            )
            for tag_id, userids, department_ids in value["tags"]
        ]
        return cls(
            scope=corps.scope_from(value["scope"]),
            permissions=frozenset(value["permissions"]),
            agent_id=value["agent_id"],
            corp_name=value["corp_name"],
            tags={each.tag_id: each for each in tags},
            lost=frozenset(value.get("lost", ())),
            looked=frozenset(value.get("looked", ())),
            found=tuple(value.get("found", ())),
        )


def least_calls(snapshot: Snapshot, pages: Iterable[str]) -> int:
    """The least calls that can read what these pages hold (design.md 6.3).

    Shape: two of get_auth_info, one of get_permissions, one for each tag, and one for
        each page; who is asked again for being touched meanwhile is not in it.
    """
    asked = [each for each in pages if not is_quiet(each)]
    if snapshot.scope.auth_mode == AuthMode.MEMBER:
        people = sum(each.startswith("member:") for each in asked)
        return 3 + max(1, math.ceil(people / MEMBER_AUTH_PAGE)) + people
    return 3 + len(snapshot.tags) + len(asked)


def refused_everywhere(pages: Mapping[str, Page], *, auth_mode: int) -> str | None:
    """What operators are told when nobody at all was shown, though some were named."""
    lists = [page for name, page in pages.items() if name.startswith("department:")]
    people = [page for name, page in pages.items() if name.startswith("member:")]
    asked = [*lists, *people]
    # Somebody granted singly may have left alone; whole lists are not refused for that.
    named = people if auth_mode == AuthMode.MEMBER else lists
    if not named or any(each.complete for each in asked):
        return None
    if auth_mode == AuthMode.MEMBER:
        return (
            f"{Finding.LOST_PERMISSION}: WeCom lists {len(named)} members who"
            " authorised the app and refuses every one; nobody was added or removed"
        )
    return (
        f"{Finding.LOST_PERMISSION}: WeCom refuses the lists of all {len(named)}"
        " departments in the scope; nobody was added or removed"
    )


def refused_among(pages: Mapping[str, Page], *, auth_mode: int) -> str | None:
    """What operators are told when some of those who authorised cannot be read."""
    if auth_mode != AuthMode.MEMBER:
        return None
    people = [page for name, page in pages.items() if name.startswith("member:")]
    refused = sum(not each.complete for each in people)
    if not refused:
        return None
    return (
        f"{Finding.LOST_PERMISSION}: WeCom refuses {refused} of {len(people)} members"
        " who authorised the app; whoever is not known by a userid yet is missing"
    )
