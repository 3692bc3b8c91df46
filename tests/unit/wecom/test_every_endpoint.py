"""Whatever comes instead of an answer, at each endpoint: no answer, named, no body."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from tests.unit.wecom.scripted import Reply, ScriptedServer, hangs_up, says, sends
from tests.unit.wecom.test_client import Connected
from wecom.corp import CorpClient
from wecom.errors import Unavailable

CALLS: dict[str, Callable[[Connected, CorpClient], object]] = {
    "service/get_suite_token": lambda one, _: one.wecom.suite_token(),
    "service/get_corp_token": lambda one, _: one.wecom.corp_token("wpCorpA", "pc"),
    "service/get_pre_auth_code": lambda one, _: one.wecom.pre_auth_code(),
    "service/v2/get_permanent_code": lambda one, _: one.wecom.exchange("code"),
    "service/v2/get_auth_info": lambda one, _: one.wecom.auth_info("wpCorpA", "pc"),
    "service/auth/getuserinfo3rd": lambda one, _: one.wecom.identity("code"),
    "agent/get_permissions": lambda _, corp: corp.permissions(),
    "agent/get_admin_list": lambda _, corp: corp.admins(),
    "agent/get": lambda _, corp: corp.agent_is_closed(7),
    "department/simplelist": lambda _, corp: corp.departments(),
    "department/get": lambda _, corp: corp.department(7),
    "user/list": lambda _, corp: corp.members_of(7),
    "user/simplelist": lambda _, corp: corp.userids_of(7),
    "user/get": lambda _, corp: corp.member("woA"),
    "user/list_member_auth": lambda _, corp: corp.authorised_members(None),
    "user/getuserid": lambda _, corp: corp.userid_by_mobile("13800000000"),
    "user/get_userid_by_email": lambda _, corp: corp.userid_by_email("a@b.cn"),
    "tag/get": lambda _, corp: corp.tag(7),
    "message/send": lambda _, corp: corp.send({"touser": "woA"}),
    "message/update_template_card": lambda _, corp: corp.update_card({"atall": 0}),
}


def squeezed(body: bytes) -> Reply:
    """A body that is said to be gzip."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


OTHERS: dict[str, Reply] = {
    "a page": sends(b"<!doctype html><p>hush</p>"),
    "a redirect": says({"hush": 1}, status=301),
    "a proxy": says({"hush": 1}, status=407),
    "a gateway": says({"code": 502, "message": "hush"}, status=502),
    "a gateway that says all is well": says({"code": 502, "message": "hush"}),
    "nothing": sends(b""),
    "an empty object": says({}),
    "an empty list": says([]),
    "null": sends(b"null"),
    "a text": says("hush"),
    "no gzip": squeezed(b"hush"),
    "half a gzip": squeezed(gzip.compress(b'{"errcode": 0, "hush": 1}')[:-12]),
    "half an object": sends(b'{"errcode": 0, "hush": [1'),
    "less than announced": sends(b'{"errcode": 0}', declared=99),
    "an errcode that is none": says({"errcode": [0], "hush": 1}),
    "nobody": hangs_up,
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("endpoint", CALLS)
def test_what_is_no_answer_is_none_and_named(
    server: ScriptedServer, endpoint: str, other: str
) -> None:
    one = Connected(server).holding_tokens()
    server.will(OTHERS[other])

    with pytest.raises(Unavailable) as caught:
        CALLS[endpoint](one, one.corp())

    assert server.asked[-1].endpoint == endpoint
    said = str(caught.value)
    assert endpoint in said
    assert "hush" not in said
    assert caught.value.reason
