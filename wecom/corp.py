"""One corp's side of WeCom: its contacts, its administrators, and messages to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import blake2b

from wecom import answers
from wecom.payload import Payload, required, section
from wecom.tokens import TokenHolder
from wecom.transport import Answer, Transport
from wecom.wire import (
    AdminRow,
    AuthInfo,
    DepartmentRow,
    MemberAuthPage,
    MemberList,
    MemberRow,
    SendResult,
    TagRow,
)

MEMBER_AUTH_PAGE = 1000
CORP_MAIL = 1
_DIGEST_BYTES = 16


class CorpClient:
    """The calls that need one corp's token; safe to share between threads."""

    def __init__(
        self,
        transport: Transport,
        *,
        corp_id: str,
        holder: TokenHolder,
        read_auth_info: Callable[[], AuthInfo],
    ) -> None:
        self.corp_id = corp_id
        self._transport = transport
        self._holder = holder
        self._read_auth_info = read_auth_info

    def auth_info(self) -> AuthInfo:
        """The corp's authorisation as it is now.

        Raises: Revoked when there is none any more.
        Source: WeCom 100779.
        """
        return self._read_auth_info()

    def permissions(self) -> frozenset[str]:
        """The names of what the corp allows the app.

        Source: WeCom 99052.
        """
        return self._post("agent/get_permissions", answers.permissions, {})

    def admins(self) -> list[AdminRow]:
        """The app's administrators; none where members authorise it themselves.

        Source: WeCom 100073.
        """
        return self._post("agent/get_admin_list", answers.admins, {})

    def agent_is_closed(self, agent_id: int) -> bool:
        """Whether the corp has disabled the app.

        Raises: Paused when WeCom says the same by refusing to answer.
        Source: WeCom 90363.
        """
        return self._get("agent/get", answers.agent_is_closed, agentid=str(agent_id))

    def departments(self) -> list[DepartmentRow]:
        """Every visible department, without names, in any order.

        Source: WeCom 95406.
        """
        return self._get(
            "department/simplelist",
            partial(answers.departments, name="department_id"),
        )

    def department(self, department_id: int) -> DepartmentRow:
        """One department with its visible leaders.

        Source: WeCom 95407.
        """
        return self._get(
            "department/get",
            lambda payload: answers.department(section(payload, "department")),
            id=str(department_id),
        )

    def members_of(self, department_id: int) -> list[MemberRow]:
        """Everybody directly in a department.

        Raises: TooLarge when there are more than one answer can hold.
        Source: WeCom 90337.
        """
        return self._get("user/list", answers.members, department_id=str(department_id))

    def members_unless(self, department_id: int, known: bytes | None) -> MemberList:
        """The same with its digest; without rows where the digest is the known one.

        Raises: TooLarge.
        """
        telling = _Telling(known)
        return self._holder.call(
            lambda token: self._transport.get(
                "user/list",
                telling.read,
                query={"access_token": token, "department_id": str(department_id)},
                corp_id=self.corp_id,
                recognise=telling.recognise,
            )
        )

    def userids_of(self, department_id: int) -> list[str]:
        """The ids alone of everybody directly in a department.

        Source: WeCom 90336.
        """
        return self._get(
            "user/simplelist", answers.userids, department_id=str(department_id)
        )

    def member(self, userid: str) -> MemberRow:
        """One member.

        Raises: NotVisible.
        Source: WeCom 90332.
        """
        return self._get("user/get", answers.member, userid=userid)

    def authorised_members(self, cursor: str | None) -> MemberAuthPage:
        """A page of the members who authorised the app; None asks for the first.

        Source: WeCom 94513.
        """
        body: dict[str, object] = {"limit": MEMBER_AUTH_PAGE}
        if cursor is not None:
            body["cursor"] = cursor
        return self._post("user/list_member_auth", answers.member_auth_page, body)

    def userid_by_mobile(self, mobile: str) -> str:
        """The userid of whoever has this mobile. Misses are counted and punished.

        Raises: NotVisible with errcode 46004 when nobody has, or not for us.
        Source: WeCom 91693.
        """
        return self._post("user/getuserid", _userid, {"mobile": mobile})

    def userid_by_email(self, email: str, *, email_type: int = CORP_MAIL) -> str:
        """The userid of whoever has this e-mail: 1 the corp's, 2 a personal one.

        Raises: NotVisible with errcode 46004 when nobody has, or not for us.
        Source: WeCom 95892.
        """
        return self._post(
            "user/get_userid_by_email",
            _userid,
            {"email": email, "email_type": email_type},
        )

    def tag(self, tag_id: int) -> TagRow:
        """What was put into a tag, as far as it is visible.

        Raises: Gone with errcode 40068 when there is no such tag.
        Source: WeCom 90349.
        """
        return self._get(
            "tag/get", partial(answers.tag, tag_id=tag_id), tagid=str(tag_id)
        )

    def send(self, message: Mapping[str, object]) -> SendResult:
        """Send a message of `wecom.messages`; after a time-out its fate is unknown.

        Repeats: the same message within its duplicate interval is delivered once.
        Raises: Undeliverable when nobody named can be reached.
        Source: WeCom 90372.
        """
        return self._post("message/send", answers.send_result, message)

    def update_card(self, update: Mapping[str, object]) -> SendResult:
        """Change a card that was sent; each response code does it once, for 72 hours.

        Raises: Spent when the code was used or is too old.
        Source: WeCom 94945.
        """
        return self._post("message/update_template_card", answers.send_result, update)

    def _get(
        self, endpoint: str, read: Callable[[Payload], Answer], **query: str
    ) -> Answer:
        return self._holder.call(
            lambda token: self._transport.get(
                endpoint,
                read,
                query={"access_token": token, **query},
                corp_id=self.corp_id,
            )
        )

    def _post(
        self,
        endpoint: str,
        read: Callable[[Payload], Answer],
        body: Mapping[str, object],
    ) -> Answer:
        return self._holder.call(
            lambda token: self._transport.post(
                endpoint,
                read,
                query={"access_token": token},
                body=body,
                corp_id=self.corp_id,
            )
        )


class _Telling:
    """Reads a list of members, unless it is the known one to the byte."""

    def __init__(self, known: bytes | None) -> None:
        self._known = known
        self._digest = b""

    def recognise(self, body: bytes) -> MemberList | None:
        self._digest = blake2b(body, digest_size=_DIGEST_BYTES).digest()
        if self._digest == self._known:
            return MemberList(digest=self._digest, rows=None)
        return None

    def read(self, payload: Payload) -> MemberList:
        return MemberList(digest=self._digest, rows=answers.members(payload))


def _userid(payload: Payload) -> str:
    return required(payload, "userid")
