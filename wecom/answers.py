"""Reads WeCom's JSON into records; a row that cannot be used costs only itself.

Missing departments are none, other missing fields are not visible. What is odd in a
field that decides something (who it is, where they are, whether they work) is no fact,
because facts here remove people: a row of a list says so in `odd`, an answer about one
thing raises OddAnswer. What is odd in any other field is not visible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wecom.errors import OddAnswer, Unavailable
from wecom.payload import (
    Payload,
    detail,
    identifier,
    ids_listed,
    number,
    numbers,
    numbers_listed,
    required,
    required_number,
    rows,
    section,
    shown,
    texts,
)
from wecom.wire import (
    ADMIN_AUTH_MODE,
    AdminRow,
    AgentInfo,
    AuthInfo,
    CorpInfo,
    DepartmentRow,
    Identity,
    Installer,
    MemberAuthPage,
    MemberRow,
    PermanentCode,
    Scope,
    SendResult,
    TagRow,
    Token,
)

# WeCom's tokens last two hours, some twice as long (90600); none of them is for ever.
LONGEST_SECONDS = 4 * 3600
# Of a token whose time nobody can read: longer than AHEAD of wecom.tokens, so that it
# is not fetched again at once.
UNTOLD_SECONDS = 600
# By any of these an answer to a message is known.
_SENT = frozenset({"errcode", "msgid", "response_code", "invaliduser"})


def token(payload: Payload, *, name: str) -> Token:
    """The token called `name`, with its lifetime as far as that can be believed.

    A token works whatever is said of its time, and a refused one is replaced: no corp
    waits because a lifetime is missing, is no number, is over already or is endless.
    """
    seconds = shown(number, payload, "expires_in") or UNTOLD_SECONDS
    return Token(
        value=required(payload, name), expires_in=min(seconds, LONGEST_SECONDS)
    )


def permanent_code(payload: Payload) -> PermanentCode:
    """An exchange's answer; the installer is often left out."""
    corp = section(payload, "auth_corp_info")
    return PermanentCode(
        corp_id=required(corp, "corpid"),
        corp_name=detail(corp, "corp_name"),
        permanent_code=required(payload, "permanent_code"),
        installer=_installer(payload.get("auth_user_info")),
        state=identifier(payload, "state"),
    )


def auth_info(payload: Payload) -> AuthInfo:
    """One authorisation; a modern app has exactly one agent."""
    agents = rows(section(payload, "auth_info"), "agent")
    if not agents:
        raise OddAnswer("agent is missing")
    return AuthInfo(
        corp=_corp(section(payload, "auth_corp_info")), agent=_agent(agents[0])
    )


def permissions(payload: Payload) -> frozenset[str]:
    """The names of what the corp allows the app."""
    names = payload.get("app_permissions")
    if type(names) is not list:
        raise OddAnswer("app_permissions is not a list")
    # What cannot be read allows nothing, and takes nothing else away.
    return frozenset(name for name in names if type(name) is str and name)


def departments(payload: Payload, *, name: str) -> list[DepartmentRow]:
    """A list of departments, in the order sent: parents may come late."""
    return [_listed_department(row) for row in rows(payload, name)]


def department(row: Payload) -> DepartmentRow:
    """One department of a list or of department/get."""
    department_id = required_number(row, "id")
    name = detail(row, "name")
    return DepartmentRow(
        department_id=department_id,
        parent_id=number(row, "parentid") or None,
        order=shown(number, row, "order"),
        name=None if name in ("", str(department_id)) else name,
        leaders=shown(ids_listed, row, "department_leader"),
    )


def members(payload: Payload) -> list[MemberRow]:
    """The members of user/list."""
    return [_listed_member(row) for row in rows(payload, "userlist")]


def member(row: Payload) -> MemberRow:
    """One member of user/list or of user/get."""
    userid = required(row, "userid")
    name = detail(row, "name")
    listed = row.get("department")
    visible = () if listed is None else numbers(listed, "department")
    flags = _aligned(row, "is_leader_in_dept", visible)
    return MemberRow(
        userid=userid,
        open_userid=identifier(row, "open_userid"),
        name=None if name in ("", userid) else name,
        departments=visible,
        orders=_aligned(row, "order", visible),
        leader_flags=None if flags is None else tuple(flag == 1 for flag in flags),
        main_department=shown(number, row, "main_department") or None,
        direct_leaders=shown(ids_listed, row, "direct_leader"),
        status=number(row, "status"),
        mobile=detail(row, "mobile"),
        email=detail(row, "email"),
        biz_mail=detail(row, "biz_mail"),
        position=detail(row, "position"),
        alias=detail(row, "alias"),
    )


def userids(payload: Payload) -> list[str]:
    """The userids of user/simplelist; "" for a row that names nobody."""
    named = [shown(identifier, row, "userid") for row in rows(payload, "userlist")]
    return [each or "" for each in named]


def tag(payload: Payload, *, tag_id: int) -> TagRow:
    """A tag; an answer with neither of its lists is none.

    Shape: `odd` when an entry could not be read, so that it proves no absence.
    """
    if "userlist" not in payload and "partylist" not in payload:
        raise OddAnswer("userlist and partylist are missing")
    people = rows(payload, "userlist") if "userlist" in payload else []
    parties = payload.get("partylist", [])
    if type(parties) is not list:
        raise OddAnswer("partylist is not a list")
    named = [shown(identifier, row, "userid") for row in people]
    placed = [shown(number, {"id": each}, "id") for each in parties]
    return TagRow(
        tag_id=tag_id,
        name=detail(payload, "tagname"),
        userids=frozenset(each for each in named if each is not None),
        departments=frozenset(each for each in placed if each is not None),
        odd=_first_odd({"userlist": named, "partylist": placed}),
    )


def member_auth_page(payload: Payload) -> MemberAuthPage:
    """A page of the members who authorised the app themselves."""
    listed = rows(payload, "member_auth_list")
    named = [shown(identifier, row, "open_userid") for row in listed]
    return MemberAuthPage(
        open_userids=tuple(each for each in named if each is not None),
        next_cursor=identifier(payload, "next_cursor"),
        odd=_first_odd({"member_auth_list": named}),
    )


def admins(payload: Payload) -> list[AdminRow]:
    """The administrators of the app; whom it does not name clearly is none."""
    named = [
        (shown(identifier, row, "userid"), shown(number, row, "auth_type"))
        for row in rows(payload, "admin")
    ]
    return [
        AdminRow(userid=userid, auth_type=auth_type)
        for userid, auth_type in named
        if userid is not None and auth_type is not None
    ]


def agent_is_closed(payload: Payload) -> bool:
    """Whether the corp has disabled the app.

    Raises: OddAnswer when agent/get does not say.
    """
    return required_number(payload, "close") == 1


def send_result(payload: Payload) -> SendResult:
    """Who was left out of a message.

    Whatever is odd in it, the message is out: calling it Unavailable would send it
    again. But an object with none of its fields is no answer of WeCom's.

    Raises: Unavailable for such a one.
    """
    if _SENT.isdisjoint(payload):
        raise Unavailable("HTTP 200 with an object that is no answer to a message")
    return SendResult(
        invalid_userids=_listed(payload.get("invaliduser")),
        unlicensed_userids=_listed(payload.get("unlicenseduser")),
        invalid_departments=_listed(payload.get("invalidparty")),
        invalid_tags=_listed(payload.get("invalidtag")),
        msgid=_text(payload.get("msgid")),
        response_code=_text(payload.get("response_code")),
    )


def identity(payload: Payload) -> Identity:
    """Who signed in; older answers spell the names with capitals."""
    plain = {name.lower(): value for name, value in payload.items()}
    found = Identity(
        corp_id=identifier(plain, "corpid"),
        userid=identifier(plain, "userid"),
        open_userid=identifier(plain, "open_userid"),
        openid=identifier(plain, "openid"),
        user_ticket=identifier(plain, "user_ticket"),
    )
    if found.userid is None and found.open_userid is None and found.openid is None:
        raise OddAnswer("nobody is named")
    return found


def _listed_department(row: Payload) -> DepartmentRow:
    try:
        return department(row)
    except OddAnswer as error:
        named = shown(number, row, "id") or 0
        return DepartmentRow(
            department_id=named, parent_id=None, order=None, odd=error.reason
        )


def _listed_member(row: Payload) -> MemberRow:
    try:
        return member(row)
    except OddAnswer as error:
        named = shown(identifier, row, "userid") or ""
        return MemberRow(userid=named, odd=error.reason)


def _first_odd(lists: Mapping[str, Sequence[object]]) -> str | None:
    """The name of the first list with an entry that could not be read."""
    for name, read in lists.items():
        if None in read:
            return f"{name} has an entry that names nothing"
    return None


def _aligned(
    row: Payload, name: str, visible: tuple[int, ...]
) -> tuple[int, ...] | None:
    values = shown(numbers_listed, row, name)
    # A list of another length cannot be matched to departments, so it shows nothing.
    return values if values is not None and len(values) == len(visible) else None


def _listed(value: object) -> tuple[str, ...]:
    # message/send joins them with bars, update_template_card sends a list.
    parts = value.split("|") if type(value) is str else value
    if type(parts) is not list:
        return ()
    return tuple(str(part) for part in parts if part)


def _text(value: object) -> str | None:
    return value if type(value) is str and value else None


def _installer(value: object) -> Installer | None:
    if type(value) is not dict or not (value.get("userid") or value.get("open_userid")):
        return None
    return Installer(
        userid=identifier(value, "userid"),
        open_userid=identifier(value, "open_userid"),
        name=detail(value, "name"),
    )


def _corp(corp: Payload) -> CorpInfo:
    return CorpInfo(
        corp_id=required(corp, "corpid"),
        name=detail(corp, "corp_name"),
        full_name=detail(corp, "corp_full_name"),
        corp_type=detail(corp, "corp_type"),
        subject_type=shown(number, corp, "subject_type"),
        user_max=shown(number, corp, "corp_user_max"),
        scale=detail(corp, "corp_scale"),
        industry=detail(corp, "corp_industry"),
        sub_industry=detail(corp, "corp_sub_industry"),
        square_logo_url=detail(corp, "corp_square_logo_url"),
    )


def _agent(agent: Payload) -> AgentInfo:
    privilege = section(agent, "privilege")
    return AgentInfo(
        agent_id=required_number(agent, "agentid"),
        name=detail(agent, "name"),
        auth_mode=number(agent, "auth_mode") or ADMIN_AUTH_MODE,
        is_customized=agent.get("is_customized_app") in (True, 1),
        level=shown(number, privilege, "level"),
        scope=_scope(privilege),
    )


def _scope(privilege: Payload) -> Scope:
    # A scope without any of its lists is not an empty scope: that would empty the org.
    if not any(
        name in privilege for name in ("allow_party", "allow_user", "allow_tag")
    ):
        raise OddAnswer("the scope is missing")
    return Scope(
        departments=frozenset(_numbers(privilege, "allow_party")),
        userids=frozenset(_texts(privilege, "allow_user")),
        tags=frozenset(_numbers(privilege, "allow_tag")),
        extra_departments=frozenset(_numbers(privilege, "extra_party")),
        extra_userids=frozenset(_texts(privilege, "extra_user")),
        extra_tags=frozenset(_numbers(privilege, "extra_tag")),
    )


def _numbers(row: Payload, name: str) -> tuple[int, ...]:
    return numbers(row.get(name, []), name)


def _texts(row: Payload, name: str) -> tuple[str, ...]:
    return texts(row.get(name, []), name)
