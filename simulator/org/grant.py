"""What a corp has granted to the app: scope, permissions and authorisation mode."""

from dataclasses import dataclass, field
from enum import IntEnum

READ_BASIC = "contact:base:base"
ORGANISATION_INFO = "corp_arch:base:base"
DIRECT_LEADER = "corp_arch:member:direct_leader"


class AuthMode(IntEnum):
    """Who authorises: the admin for all, or each member alone."""

    ADMIN = 0
    MEMBER = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The nodes the admin selected, not expanded.

    Source: WeCom 100779 (`privilege`).
    """

    allow_party: tuple[int, ...] = ()
    allow_user: tuple[str, ...] = ()
    allow_tag: tuple[int, ...] = ()
    extra_party: tuple[int, ...] = ()
    extra_user: tuple[str, ...] = ()
    extra_tag: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Scope, permissions, mode, and who authorised alone."""

    scope: Scope = field(default_factory=Scope)
    auth_mode: AuthMode = AuthMode.ADMIN
    permissions: frozenset[str] = frozenset({READ_BASIC})
    self_authorised: tuple[str, ...] = ()

    @property
    def sees_whole_tree(self) -> bool:
        """Whether department calls reach beyond the scope (WeCom 97378)."""
        return ORGANISATION_INFO in self.permissions


@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """A grant, expanded over one tree.

    `people` are those granted one by one: named, tagged or self-authorised.
    """

    usable_departments: frozenset[int]
    readable_departments: frozenset[int]
    usable_people: frozenset[str]
    readable_people: frozenset[str]
