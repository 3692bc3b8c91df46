"""Typed records of WeCom's answers, so that no dict leaves this package.

None means that WeCom does not show a field; "" and () that it is shown and empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ADMIN_AUTH_MODE = 0
MEMBER_AUTH_MODE = 1
MANAGES = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token or pre_auth_code, and for how long WeCom promises it.

    Units: `expires_in` in seconds.
    """

    value: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """The administrator who installed the app, as far as WeCom names them."""

    userid: str | None
    open_userid: str | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PermanentCode:
    """What an auth code was exchanged for: the corp and its lasting secret."""

    corp_id: str
    corp_name: str | None
    permanent_code: str = field(repr=False)
    installer: Installer | None
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpInfo:
    """The enterprise as get_auth_info describes it."""

    corp_id: str
    name: str | None
    full_name: str | None
    corp_type: str | None
    subject_type: int | None
    user_max: int | None
    scale: str | None
    industry: str | None
    sub_industry: str | None
    square_logo_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The nodes an administrator selected, not expanded.

    `extra_` nodes are readable without being users of the app.
    """

    departments: frozenset[int]
    userids: frozenset[str]
    tags: frozenset[int]
    extra_departments: frozenset[int]
    extra_userids: frozenset[str]
    extra_tags: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentInfo:
    """Our app inside one corp."""

    agent_id: int
    name: str | None
    auth_mode: int
    is_customized: bool
    level: int | None
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthInfo:
    """One authorisation: the corp, our app in it, and what that app may see."""

    corp: CorpInfo
    agent: AgentInfo

    @property
    def scope(self) -> Scope:
        """The app's scope."""
        return self.agent.scope

    @property
    def by_members(self) -> bool:
        """Whether members authorise the app one by one, so that no tree is shown."""
        return self.agent.auth_mode == MEMBER_AUTH_MODE


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminRow:
    """An administrator of the app; auth_type 1 may manage it, 0 only send."""

    userid: str
    auth_type: int

    @property
    def manages(self) -> bool:
        """Whether this administrator may decide about the app."""
        return self.auth_type == MANAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentRow:
    """One department; the name is None where WeCom repeats the id instead.

    `parent_id` is None for 0 and may name a department that is not shown. `odd` says
    why a row cannot be used; its id is 0 when not even that can be read.
    """

    department_id: int
    parent_id: int | None
    order: int | None
    name: str | None = None
    leaders: tuple[str, ...] | None = None
    odd: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """One member as WeCom shows them.

    `departments` is what is visible, () when nothing is; `orders` and `leader_flags`
    align with it. The name is None where WeCom repeats the userid instead. `odd` says
    why a row cannot be used; its userid is "" when not even that can be read.
    """

    userid: str
    open_userid: str | None = None
    name: str | None = None
    departments: tuple[int, ...] = ()
    orders: tuple[int, ...] | None = None
    leader_flags: tuple[bool, ...] | None = None
    main_department: int | None = None
    direct_leaders: tuple[str, ...] | None = None
    status: int | None = None
    mobile: str | None = None
    email: str | None = None
    biz_mail: str | None = None
    position: str | None = None
    alias: str | None = None
    odd: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberList:
    """The members of a department, with what tells this answer from any other.

    Shape: `digest` is that of the very bytes; no `rows` (None) when it is the one that
        whoever asked has read before.
    """

    digest: bytes
    rows: list[MemberRow] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRow:
    """A tag with the members and departments selected in it, not expanded.

    `odd` says why it may hold more than could be read.
    """

    tag_id: int
    name: str | None
    userids: frozenset[str]
    departments: frozenset[int]
    odd: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAuthPage:
    """Some of the members who authorised the app; no cursor means the last page.

    `odd` says why there may be more than could be read.
    """

    open_userids: tuple[str, ...]
    next_cursor: str | None
    odd: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """Who did not get a message that was accepted.

    WeCom lower-cases these userids: compare them without case.
    """

    invalid_userids: tuple[str, ...]
    unlicensed_userids: tuple[str, ...]
    invalid_departments: tuple[str, ...]
    invalid_tags: tuple[str, ...]
    msgid: str | None
    response_code: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who signed in: a member (userid), or somebody outside the corp (openid)."""

    corp_id: str | None
    userid: str | None
    open_userid: str | None
    openid: str | None
    user_ticket: str | None = field(repr=False)
