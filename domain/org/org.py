"""What the org is made of: frozen values, the same whether stored or just observed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.ids import DepartmentId, MemberPk, OpenUserid, Userid


class Activation(StrEnum):
    """What WeCom says of a member's account (status 1, 2, 4, 5)."""

    ACTIVE = "active"
    DISABLED = "disabled"
    PENDING = "pending"
    QUIT = "quit"


class Employment(StrEnum):
    """Whether a member works in the TAPD company."""

    WORKING = "working"
    LEFT = "left"


class MemberState(StrEnum):
    """Whether a member is in the org, or only remembered for 180 days."""

    ACTIVE = "active"
    REMOVED = "removed"


class RemovalCause(StrEnum):
    """Why a member was removed; it decides how a return is treated."""

    SCOPE = "scope"
    DELETION = "deletion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department as WeCom shows it; the parent is raw and may be unknown here."""

    department_id: DepartmentId
    parent_id: DepartmentId | None
    order: int | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One department of a member with the member's place in it."""

    department_id: DepartmentId
    order: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person as WeCom shows them; None means not visible, empty means none.

    Shape: placements ascending by department; grounds are `department:<root>`,
    `direct` or `tag:<id>`, the reasons for which the person is usable.
    """

    userid: Userid
    open_userid: OpenUserid | None
    name: str | None
    activation: Activation | None
    placements: tuple[Placement, ...]
    main_department: DepartmentId | None
    leads: frozenset[DepartmentId] | None
    direct_leaders: tuple[Userid, ...] | None
    details: tuple[tuple[str, str], ...]
    grounds: frozenset[str]

    @property
    def department_ids(self) -> tuple[DepartmentId, ...]:
        """The departments, ascending."""
        # A list first: a generator takes twice as long, for each of a large corp.
        return tuple([placement.department_id for placement in self.placements])

    @property
    def employment(self) -> Employment:
        """Whether they work in the company, which follows from the activation."""
        return employment_of(self.activation)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMember:
    """A member as we hold them, with what only we know."""

    member_pk: MemberPk
    member: Member
    aliases: frozenset[Userid]
    state: MemberState
    removal: RemovalCause | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """A corp's departments and active members, all that a sync answers for."""

    departments: Mapping[DepartmentId, Department]
    members: Mapping[Userid, Member]


def employment_of(activation: Activation | None) -> Employment:
    """Left for disabled and quit, else working (an unseen status is no leaving)."""
    if activation is Activation.DISABLED or activation is Activation.QUIT:
        return Employment.LEFT
    return Employment.WORKING
