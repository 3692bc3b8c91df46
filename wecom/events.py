"""What each kind of callback carries, as typed values in WeCom's own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Family(StrEnum):
    """Which of WeCom's three shapes a callback has."""

    COMMAND = "command"
    DATA = "data"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteTicket:
    """The ticket that suite tokens are made from, valid for 30 minutes."""

    ticket: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAuth:
    """A corp was authorised from WeCom; the code names it when exchanged."""

    auth_code: str = field(repr=False)
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAuth:
    """The scope, the mode or the permissions of a corp changed."""

    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAuth:
    """A corp removed the app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPermanentCode:
    """A corp's permanent code is to be exchanged again."""

    auth_code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpArchAuth:
    """A corp granted organisation info: its whole department tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChange:
    """A member was created, updated or deleted; None means not said.

    `departments` is the new complete list of visible ones, () when it is empty.
    """

    userid: str
    open_userid: str | None
    new_userid: str | None
    departments: tuple[int, ...] | None
    main_department: int | None
    leader_flags: tuple[bool, ...] | None
    direct_leaders: tuple[str, ...] | None
    status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentChange:
    """A department was created, updated or deleted; None means not said.

    A parent_id of 0 was said, and means that there is none.
    """

    department_id: int
    parent_id: int | None
    order: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagChange:
    """A tag's members changed; the lists are incomplete by their own account."""

    tag_id: int
    added_userids: tuple[str, ...] | None
    removed_userids: tuple[str, ...] | None
    added_departments: tuple[int, ...] | None
    removed_departments: tuple[int, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclearChange:
    """Something in a corp changed, and what it was cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """A member came into the scope."""

    userid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """A member went out of the scope, or was disabled."""

    userid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAppAdmin:
    """The administrators of the app changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlicensedNotify:
    """A member without interface licence opened the app."""

    userid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateCardEvent:
    """A member pressed a button of a card; the code updates that card once."""

    userid: str
    event_key: str
    task_id: str
    card_type: str | None
    response_code: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentActivity:
    """WeCom warns about, closes or reopens an app that is little used."""

    effect_time: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A callback whose content nobody reads."""


Detail = (
    SuiteTicket
    | CreateAuth
    | ChangeAuth
    | CancelAuth
    | ResetPermanentCode
    | CorpArchAuth
    | MemberChange
    | DepartmentChange
    | TagChange
    | UnclearChange
    | Subscribe
    | Unsubscribe
    | ChangeAppAdmin
    | UnlicensedNotify
    | TemplateCardEvent
    | AgentActivity
    | Other
)
