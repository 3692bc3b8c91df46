"""The suite's side of WeCom: tokens, installs, sign-in, and the way to each corp."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from wecom import answers
from wecom.corp import CorpClient
from wecom.payload import Payload
from wecom.tokens import TicketSource, TokenHolder, Tokens, get_ticket
from wecom.transport import Answer, Transport
from wecom.wire import AuthInfo, Identity, PermanentCode, Token

FORMAL_INSTALL = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteCredentials:
    """Which third-party app we are, and the secret that proves it."""

    suite_id: str
    secret: str = field(repr=False)


class WeCom:
    """WeCom as one suite sees it; safe to share between threads."""

    def __init__(
        self,
        transport: Transport,
        *,
        suite: SuiteCredentials,
        tokens: Tokens,
        tickets: TicketSource,
        now: Callable[[], datetime],
    ) -> None:
        self._transport = transport
        self._suite = suite
        self._tokens = tokens
        self._tickets = tickets
        self._now = now
        self._holder = TokenHolder(
            tokens, owner=f"suite:{suite.suite_id}", fetch=self.suite_token
        )

    def corp(
        self,
        corp_id: str,
        *,
        permanent_code: Callable[[], str],
        key: str | None = None,
    ) -> CorpClient:
        """One corp that authorised the suite.

        The permanent code is asked for only when a call needs it. `key` tells this
        authorisation's token apart from an earlier one's of the same corp.
        """
        owner = f"corp:{self._suite.suite_id}:{key or corp_id}"

        def fetch() -> Token:
            return self.corp_token(corp_id, permanent_code())

        return CorpClient(
            self._transport,
            corp_id=corp_id,
            holder=TokenHolder(self._tokens, owner=owner, fetch=fetch),
            read_auth_info=lambda: self.auth_info(corp_id, permanent_code()),
        )

    def corp_token(self, corp_id: str, permanent_code: str) -> Token:
        """A corp's token, fetched.

        Source: WeCom 90605.
        """
        return self._post(
            "service/get_corp_token",
            partial(answers.token, name="access_token"),
            {"auth_corpid": corp_id, "permanent_code": permanent_code},
            corp_id=corp_id,
        )

    def pre_auth_code(self) -> Token:
        """A code for one install page, valid for 20 minutes.

        Source: WeCom 90601.
        """
        return self._holder.call(
            lambda token: self._transport.get(
                "service/get_pre_auth_code",
                partial(answers.token, name="pre_auth_code"),
                query={"suite_access_token": token},
            )
        )

    def set_session_info(
        self, pre_auth_code: str, *, auth_type: int = FORMAL_INSTALL
    ) -> None:
        """Say whether the install of this code is formal (0) or a test (1).

        Source: WeCom 90602.
        """
        body = {
            "pre_auth_code": pre_auth_code,
            "session_info": {"auth_type": auth_type},
        }
        self._post("service/set_session_info", _nothing, body)

    def exchange(self, auth_code: str) -> PermanentCode:
        """What an auth code stands for; it can be exchanged once.

        Raises: Spent with errcode 40078 when it was exchanged before.
        Source: WeCom 100776.
        """
        return self._post(
            "service/v2/get_permanent_code",
            answers.permanent_code,
            {"auth_code": auth_code},
        )

    def exchange_v1(self, auth_code: str) -> PermanentCode:
        """The same by the older, slower endpoint.

        Source: WeCom 90603.
        """
        return self._post(
            "service/get_permanent_code",
            answers.permanent_code,
            {"auth_code": auth_code},
        )

    def auth_info(self, corp_id: str, permanent_code: str) -> AuthInfo:
        """A corp's authorisation as it is now.

        Raises: Revoked when there is none any more.
        Source: WeCom 100779.
        """
        return self._post(
            "service/v2/get_auth_info",
            answers.auth_info,
            {"auth_corpid": corp_id, "permanent_code": permanent_code},
            corp_id=corp_id,
        )

    def identity(self, code: str) -> Identity:
        """Who signed in, from the code of a redirect; it can be asked once.

        Raises: Spent when the code was used or is too old.
        Source: WeCom 91121.
        """
        return self._holder.call(
            lambda token: self._transport.get(
                "service/auth/getuserinfo3rd",
                answers.identity,
                query={"suite_access_token": token, "code": code},
            )
        )

    def suite_token(self) -> Token:
        """A suite token, fetched.

        Raises: TicketMissing.
        Source: WeCom 90600.
        """
        ticket = get_ticket(self._tickets, self._suite.suite_id, now=self._now())
        return self._transport.post(
            "service/get_suite_token",
            partial(answers.token, name="suite_access_token"),
            body={
                "suite_id": self._suite.suite_id,
                "suite_secret": self._suite.secret,
                "suite_ticket": ticket.value,
            },
        )

    def _post(
        self,
        endpoint: str,
        read: Callable[[Payload], Answer],
        body: Mapping[str, object],
        *,
        corp_id: str | None = None,
    ) -> Answer:
        return self._holder.call(
            lambda token: self._transport.post(
                endpoint,
                read,
                query={"suite_access_token": token},
                body=body,
                corp_id=corp_id,
            )
        )


def provider_token(transport: Transport, *, corp_id: str, secret: str) -> Token:
    """The provider's own token, fetched.

    Source: WeCom 91200.
    """
    return transport.post(
        "service/get_provider_token",
        partial(answers.token, name="provider_access_token"),
        body={"corpid": corp_id, "provider_secret": secret},
    )


def _nothing(_payload: Payload) -> None:
    return None
