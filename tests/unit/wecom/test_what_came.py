"""An error says what came instead of an answer, and never a piece of it."""

from __future__ import annotations

import pytest

from tests.unit.wecom.scripted import (
    Reply,
    ScriptedServer,
    hangs_up,
    says,
    sends,
)
from wecom.errors import (
    WeComError,
)
from wecom.payload import Payload
from wecom.transport import Transport

QUERY = {"access_token": "t", "userid": "woU1"}


def whole(payload: Payload) -> Payload:
    return payload


def ask(transport: Transport) -> Payload:
    return transport.get("user/get", whole, query=QUERY, corp_id="wpCorpA")


def failure(transport: Transport) -> WeComError:
    with pytest.raises(WeComError) as caught:
        ask(transport)
    return caught.value


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (says({}, status=301), "HTTP 301 (a redirect)"),
        (says({}, status=407), "HTTP 407 (the proxy asks who we are)"),
        (says({}, status=502), "HTTP 502"),
        (sends(b""), "HTTP 200 with an empty body instead of a JSON object"),
        (
            sends(b"\n <!DOCTYPE html><title>hush</title>"),
            "HTTP 200 with an HTML page instead of a JSON object",
        ),
        (
            sends(b"<error>hush</error>"),
            "HTTP 200 with markup instead of a JSON object",
        ),
        (
            sends(b'{"errcode": 0, "hush'),
            "HTTP 200 with 20 bytes of broken JSON instead of a JSON object",
        ),
        (
            sends(b'{"errcode": 0}', declared=99),
            "the answer broke off (ProtocolError)",
        ),
        (hangs_up, "no connection, or it broke off (ProtocolError)"),
        (says({"errcode": -1}), "errcode -1, system busy"),
    ],
)
def test_an_error_names_endpoint_status_and_what_came_and_no_body(
    server: ScriptedServer, reply: Reply, said: str
) -> None:
    server.will(reply)

    error = failure(Transport(server.url))

    assert str(error) == f"user/get: wpCorpA: {said}"
    assert "hush" not in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b'{"errcode": 0, "n": ' + b"9" * 6_000 + b"}",
        b'{"errcode": 0, "n": "a\nb"}',
        b'{"errcode": 0, "n": "\xff\xfe"}',
        b'\xef\xbb\xbf{"errcode": 0, "n": NaN}',
    ],
    ids=["endless number", "raw newline", "broken byte", "mark and NaN"],
)
def test_a_field_that_breaks_the_rules_of_json_costs_only_itself(
    server: ScriptedServer, body: bytes
) -> None:
    server.will(sends(body))

    assert ask(Transport(server.url))["errcode"] == 0
