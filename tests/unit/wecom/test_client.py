"""Each call asks WeCom's documented question and reads its documented answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.wecom.keeping import START, Clock, MemoryStore, MemoryTickets
from tests.unit.wecom.scripted import Asked, ScriptedServer
from wecom.client import SuiteCredentials, WeCom, provider_token
from wecom.corp import CorpClient
from wecom.errors import (
    NotVisible,
    Spent,
    TicketMissing,
    TokenExpired,
    Unavailable,
)
from wecom.tokens import HeldTicket, Tokens
from wecom.transport import Transport

SUITE_TOKEN = {"suite_access_token": "st-1", "expires_in": 7200}
CORP_TOKEN = {"access_token": "ct-1", "expires_in": 7200}
EXCHANGED = {
    "permanent_code": "pc-1",
    "auth_corp_info": {"corpid": "wpCorpA", "corp_name": "甲"},
    "auth_user_info": {"userid": "woAdmin", "open_userid": "woAdmin"},
    "state": "s1",
}
AUTH_INFO = {
    "errcode": 0,
    "auth_corp_info": {"corpid": "wpCorpA", "corp_name": "甲"},
    "auth_info": {"agent": [{"agentid": 1000002, "privilege": {"allow_party": [2]}}]},
}


class Connected:
    """A client whose token store and ticket a test can reach."""

    def __init__(self, server: ScriptedServer) -> None:
        clock = Clock()
        self.server = server
        self.store = MemoryStore(clock)
        self.tickets = MemoryTickets(HeldTicket(value="ticket-1", sent_at=START))
        self.wecom = WeCom(
            Transport(server.url),
            suite=SuiteCredentials(suite_id="wwsuite", secret="secret-1"),
            tokens=Tokens(self.store, now=clock.now),
            tickets=self.tickets,
            now=clock.now,
        )

    def corp(self) -> CorpClient:
        return self.wecom.corp("wpCorpA", permanent_code=lambda: "pc-1", key="7")

    def holding_tokens(self) -> Connected:
        later = START.replace(hour=11)
        self.store.save("suite:wwsuite", token="st-1", expires_at=later)
        self.store.save("corp:wwsuite:7", token="ct-1", expires_at=later)
        return self

    def last(self) -> Asked:
        return self.server.asked[-1]


@pytest.fixture
def connected(server: ScriptedServer) -> Connected:
    return Connected(server)


def test_a_first_question_fetches_suite_token_then_corp_token(
    connected: Connected,
) -> None:
    connected.server.will(SUITE_TOKEN, CORP_TOKEN, {"errcode": 0, "userid": "woU1"})

    connected.corp().member("woU1")

    asked = [(each.endpoint, each.query, each.body) for each in connected.server.asked]
    assert asked == [
        (
            "service/get_suite_token",
            {},
            {
                "suite_id": "wwsuite",
                "suite_secret": "secret-1",
                "suite_ticket": "ticket-1",
            },
        ),
        (
            "service/get_corp_token",
            {"suite_access_token": "st-1"},
            {"auth_corpid": "wpCorpA", "permanent_code": "pc-1"},
        ),
        ("user/get", {"access_token": "ct-1", "userid": "woU1"}, None),
    ]
    assert set(connected.store.tokens) == {"suite:wwsuite", "corp:wwsuite:7"}


def test_without_a_ticket_nothing_is_asked(connected: Connected) -> None:
    connected.tickets.ticket = None

    with pytest.raises(TicketMissing):
        connected.corp().member("woU1")

    assert connected.server.asked == []


def test_an_expired_corp_token_is_fetched_again_and_the_question_repeated(
    connected: Connected,
) -> None:
    connected.holding_tokens().server.will(
        {"errcode": 42001, "errmsg": "expired"},
        {"access_token": "ct-2", "expires_in": 7200},
        {"errcode": 0, "userid": "woU1"},
    )

    connected.corp().member("woU1")

    assert connected.last().query["access_token"] == "ct-2"
    assert len(connected.server.asked) == 3


def test_an_expired_suite_token_is_fetched_again_beneath_a_corps_question(
    connected: Connected,
) -> None:
    later = START.replace(hour=11)
    connected.store.save("suite:wwsuite", token="old", expires_at=later)
    connected.server.will(
        {"errcode": 42009, "errmsg": "expired"},
        SUITE_TOKEN,
        CORP_TOKEN,
        {"errcode": 0, "userid": "woU1"},
    )

    connected.corp().member("woU1")

    assert [each.endpoint for each in connected.server.asked] == [
        "service/get_corp_token",
        "service/get_suite_token",
        "service/get_corp_token",
        "user/get",
    ]


def test_a_token_refused_twice_is_an_error(connected: Connected) -> None:
    refused = {"errcode": 40014, "errmsg": ""}
    connected.holding_tokens().server.will(refused, CORP_TOKEN, refused)

    with pytest.raises(TokenExpired) as caught:
        connected.corp().member("woU1")

    assert caught.value.endpoint == "user/get"


@pytest.mark.parametrize(
    ("ask", "answer", "asked", "found"),
    [
        pytest.param(
            lambda corp: [row.department_id for row in corp.departments()],
            {"department_id": [{"id": 2, "parentid": 1, "order": 1}]},
            ("GET", "department/simplelist", {}, None),
            [2],
            id="departments",
        ),
        pytest.param(
            lambda corp: corp.department(2).leaders,
            {"department": {"id": 2, "parentid": 1, "department_leader": ["woU9"]}},
            ("GET", "department/get", {"id": "2"}, None),
            ("woU9",),
            id="department",
        ),
        pytest.param(
            lambda corp: [row.userid for row in corp.members_of(2)],
            {"userlist": [{"userid": "woU1"}]},
            ("GET", "user/list", {"department_id": "2"}, None),
            ["woU1"],
            id="members_of",
        ),
        pytest.param(
            lambda corp: corp.userids_of(2),
            {"userlist": [{"userid": "woU1", "department": [2]}]},
            ("GET", "user/simplelist", {"department_id": "2"}, None),
            ["woU1"],
            id="userids_of",
        ),
        pytest.param(
            lambda corp: corp.authorised_members(None).next_cursor,
            {"member_auth_list": [{"open_userid": "woU1"}], "next_cursor": "c2"},
            ("POST", "user/list_member_auth", {}, {"limit": 1000}),
            "c2",
            id="first page",
        ),
        pytest.param(
            lambda corp: corp.authorised_members("c2").next_cursor,
            {"member_auth_list": [], "next_cursor": ""},
            ("POST", "user/list_member_auth", {}, {"limit": 1000, "cursor": "c2"}),
            None,
            id="last page",
        ),
        pytest.param(
            lambda corp: corp.userid_by_mobile("13800000001"),
            {"userid": "woU1"},
            ("POST", "user/getuserid", {}, {"mobile": "13800000001"}),
            "woU1",
            id="by mobile",
        ),
        pytest.param(
            lambda corp: corp.userid_by_email("a@b.c"),
            {"userid": "woU1"},
            (
                "POST",
                "user/get_userid_by_email",
                {},
                {"email": "a@b.c", "email_type": 1},
            ),
            "woU1",
            id="by email",
        ),
        pytest.param(
            lambda corp: corp.tag(3).departments,
            {"tagname": "t", "userlist": [], "partylist": [2]},
            ("GET", "tag/get", {"tagid": "3"}, None),
            frozenset({2}),
            id="tag",
        ),
        pytest.param(
            lambda corp: corp.permissions(),
            {"app_permissions": ["contact:base:base"]},
            ("POST", "agent/get_permissions", {}, {}),
            frozenset({"contact:base:base"}),
            id="permissions",
        ),
        pytest.param(
            lambda corp: [row.manages for row in corp.admins()],
            {
                "admin": [
                    {"userid": "woA", "auth_type": 1},
                    {"userid": "woB", "auth_type": 0},
                ]
            },
            ("POST", "agent/get_admin_list", {}, {}),
            [True, False],
            id="admins",
        ),
        pytest.param(
            lambda corp: corp.send({"touser": "woU1"}).invalid_userids,
            {"invaliduser": "wou1|wou2", "msgid": "m"},
            ("POST", "message/send", {}, {"touser": "woU1"}),
            ("wou1", "wou2"),
            id="send",
        ),
        pytest.param(
            lambda corp: corp.update_card({"response_code": "rc"}).invalid_userids,
            {"invaliduser": []},
            ("POST", "message/update_template_card", {}, {"response_code": "rc"}),
            (),
            id="update_card",
        ),
    ],
)
def test_a_corps_question_and_its_answer(
    connected: Connected,
    ask: Any,
    answer: dict[str, Any],
    asked: tuple[str, str, dict[str, str], Any],
    found: object,
) -> None:
    connected.holding_tokens().server.will({"errcode": 0, "errmsg": "ok"} | answer)

    assert ask(connected.corp()) == found
    last = connected.last()
    query = {"access_token": "ct-1"} | asked[2]
    assert (last.method, last.endpoint, last.query, last.body) == (
        asked[0],
        asked[1],
        query,
        asked[3],
    )


def test_a_corps_auth_info_is_asked_with_the_suites_token(
    connected: Connected,
) -> None:
    connected.holding_tokens().server.will(AUTH_INFO)

    info = connected.corp().auth_info()

    assert info.scope.departments == {2}
    assert connected.last().endpoint == "service/v2/get_auth_info"
    assert connected.last().query == {"suite_access_token": "st-1"}


@pytest.mark.parametrize(
    ("method", "endpoint"),
    [
        ("exchange", "service/v2/get_permanent_code"),
        ("exchange_v1", "service/get_permanent_code"),
    ],
)
def test_an_auth_code_is_exchanged(
    connected: Connected, method: str, endpoint: str
) -> None:
    connected.holding_tokens().server.will(EXCHANGED)

    code = getattr(connected.wecom, method)("ac-1")

    assert (code.corp_id, code.permanent_code, code.state) == ("wpCorpA", "pc-1", "s1")
    assert connected.last().endpoint == endpoint
    assert connected.last().body == {"auth_code": "ac-1"}


def test_an_auth_code_exchanged_before_is_spent(connected: Connected) -> None:
    connected.holding_tokens().server.will({"errcode": 40078, "errmsg": ""})

    with pytest.raises(Spent) as caught:
        connected.wecom.exchange("ac-1")

    assert caught.value.errcode == 40078
    assert "ac-1" not in repr(caught.value)


def test_an_install_page_gets_a_code_and_is_made_formal(connected: Connected) -> None:
    connected.holding_tokens().server.will(
        {"errcode": 0, "pre_auth_code": "pre-1", "expires_in": 1200}, {"errcode": 0}
    )

    code = connected.wecom.pre_auth_code()
    connected.wecom.set_session_info(code.value)

    assert connected.last().body == {
        "pre_auth_code": "pre-1",
        "session_info": {"auth_type": 0},
    }


def test_a_sign_in_code_names_a_member(connected: Connected) -> None:
    connected.holding_tokens().server.will(
        {"errcode": 0, "CorpId": "wpCorpA", "UserId": "woU1", "open_userid": "woU1"}
    )

    identity = connected.wecom.identity("code-1")

    assert (identity.corp_id, identity.userid) == ("wpCorpA", "woU1")
    assert connected.last().query == {"suite_access_token": "st-1", "code": "code-1"}


def test_the_providers_token_is_fetched_with_the_providers_secret(
    server: ScriptedServer,
) -> None:
    server.will({"provider_access_token": "pt", "expires_in": 7200})

    token = provider_token(Transport(server.url), corp_id="wwprovider", secret="s")

    assert token.value == "pt"
    assert server.asked[0].body == {"corpid": "wwprovider", "provider_secret": "s"}


def test_a_refusal_names_corp_and_endpoint(connected: Connected) -> None:
    connected.holding_tokens().server.will({"errcode": 60111, "errmsg": ""})

    with pytest.raises(NotVisible) as caught:
        connected.corp().member("woU1")

    assert (caught.value.corp_id, caught.value.endpoint) == ("wpCorpA", "user/get")


def test_an_answer_without_its_list_is_none(connected: Connected) -> None:
    connected.holding_tokens().server.will({"errcode": 0, "errmsg": "ok"})

    with pytest.raises(Unavailable, match="userlist"):
        connected.corp().members_of(2)


def test_a_suites_secret_does_not_appear_in_a_repr() -> None:
    assert "secret-1" not in repr(
        SuiteCredentials(suite_id="wwsuite", secret="secret-1")
    )
