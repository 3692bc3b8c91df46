"""What cannot be kept or meant is refused where it stands, and no log repeats it."""

import io
import json
import logging
from typing import Any

import psycopg
import pytest

import logs
from tests.support.driving import address_of
from tests.support.people.visiting import Visit, csrf_of
from tests.support.webclient import BEARER, add_corp
from web import access
from web.access import Audience
from web.http.inputs import DEEPEST

MARKER = "markerofasecret"
TOO_DEEP = f"is nested deeper than {DEEPEST}"
BODIES = {
    "/api/v1/companies/7": "PUT",
    "/api/v1/companies/7/accounts": "POST",
    "/api/v1/install-intents": "POST",
    "/api/v1/plans/p/approve": "POST",
}


def send(visit: Visit, path: str, body: bytes, kind: str = "application/json") -> Any:
    """What a body is answered."""
    return visit.client.open(
        path, method=BODIES[path], data=body, headers={**BEARER, "Content-Type": kind}
    )


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[" * 100_000 + b"]" * 100_000, TOO_DEEP),
        (b'{"a":' * 100_000, TOO_DEEP),
        (
            b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
            TOO_DEEP,
        ),
        (b'{"name": ', "is not JSON (line 1, column 10)"),
        (b"", "is missing"),
        (b"   ", "is missing"),
        (b'{"name": "\xff"}', "is not UTF-8"),
        (b"9" * 5_000, "holds a number that is too long"),
        (b"NaN", "NaN is no JSON"),
        (b'{"x": Infinity}', "Infinity is no JSON"),
        (b'"{}"', "is a text, not an object or a list"),
    ],
)
def test_a_body_that_is_no_json_is_told_so(
    visit: Visit, path: str, body: bytes, said: str
) -> None:
    answer = send(visit, path, body)

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert f"body: {said}" in answer.get_json()["detail"]


@pytest.mark.parametrize("path", BODIES)
def test_a_body_of_another_kind_is_told_what_it_has_to_be(
    visit: Visit, path: str
) -> None:
    answer = send(visit, path, b"{}", kind="text/plain")

    assert answer.status_code == 422
    assert "Content-Type must be application/json" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ([{"account_id": "1", "nick": "a\0b"}], "body.0.nick: holds a NUL"),
        ([{"account_id": "1\ud800"}], "body.0.account_id: holds half a surrogate"),
        ([{"account_id": "1"}, {"account_id": "2", "na\0me": 1}], "body.1: a name"),
    ],
)
def test_a_character_that_cannot_be_kept_is_refused_where_it_stands(
    visit: Visit, body: object, place: str
) -> None:
    answer = send(visit, "/api/v1/companies/7/accounts", json.dumps(body).encode())

    assert answer.status_code == 422
    assert place in answer.get_json()["detail"]


@pytest.mark.parametrize("value", [10**30, 5.5, " 20", "5.0", True, -1, [1]])
def test_a_number_that_is_none_of_ours_is_refused_by_name(
    visit: Visit, value: object
) -> None:
    body = {"name": "x", "guard": {"removals": value}}

    answer = send(visit, "/api/v1/companies/7", json.dumps(body).encode())

    assert answer.status_code == 422
    assert "guard.removals" in answer.get_json()["detail"]


@pytest.mark.parametrize("secret", ["x", "12345678901"])
def test_a_secret_that_can_be_guessed_is_refused(visit: Visit, secret: str) -> None:
    body = {"name": "x", "event_secret": secret}

    answer = send(visit, "/api/v1/companies/7", json.dumps(body).encode())

    assert answer.status_code == 422
    assert "event_secret" in answer.get_json()["detail"]
    assert secret not in answer.get_json()["detail"].split()


@pytest.mark.parametrize(
    "limit", ["5.0", " 5", "5 ", "+5", "5_0", "1e2", "0x5", "٥", "", "0", "1001"]
)
def test_a_limit_is_written_in_digits(visit: Visit, limit: str) -> None:
    answer = visit.client.get(
        "/api/v1/corps", query_string={"limit": limit}, headers=BEARER
    )

    assert answer.status_code == 400
    assert "limit" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    "day", ["0", "1", "1767571200", "2026-1-5", "2026-01-05T00:00:00", "2026-02-30", ""]
)
def test_a_day_is_written_as_one(visit: Visit, day: str) -> None:
    add_corp(visit.web.rows, "wwcorp")

    answers = [
        visit.client.get(path, query_string={"day": day}, headers=BEARER)
        for path in ("/api/v1/ledger", "/api/v1/corps/wwcorp/ledger")
    ]

    for answer in answers:
        assert answer.status_code == 400
        assert "day" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    "query", ["state=%00", "x%00=1", "corp_id=%ff", "corp_id=%ed%a0%80"]
)
def test_an_address_that_cannot_be_read_is_refused_at_every_route(
    visit: Visit, query: str
) -> None:
    statuses = {
        rule.rule: visit.client.get(
            f"{address_of(rule, {})}?{query}", headers=BEARER, buffered=True
        ).status_code
        for rule in visit.web.app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
    }

    assert {path: each for path, each in statuses.items() if each != 400} == {}


@pytest.mark.parametrize("broken", [b"a\0b", b"\xff\xfe"])
def test_a_form_that_cannot_be_read_is_refused_at_every_route(
    visit: Visit, broken: bytes
) -> None:
    mark = csrf_of(visit.client.get("/register").text)
    escaped = "".join(f"%{byte:02x}" for byte in broken)
    statuses = {
        rule.rule: visit.client.post(
            address_of(rule, {}),
            data=f"csrf_token={mark}&token={escaped}",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        ).status_code
        for rule in visit.web.app.url_map.iter_rules()
        if "POST" in (rule.methods or ())
        and access.audience_of(visit.web.app, rule.endpoint) is not Audience.BEARER
    }

    assert statuses != {}
    assert set(statuses.values()) == {400}


def test_a_multipart_form_is_read_as_strictly(visit: Visit) -> None:
    mark = csrf_of(visit.client.get("/register").text)

    answer = visit.client.post(
        "/register",
        data={"csrf_token": mark, "edition": "standard\0"},
        content_type="multipart/form-data",
    )

    assert answer.status_code == 400
    assert "<samp>edition</samp>" in answer.text


def test_no_log_repeats_what_postgres_says_of_values(visit: Visit) -> None:
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    log = logging.getLogger("discreet")
    log.propagate = False
    log.addHandler(handler)
    handler.setFormatter(logs.DiscreetFormatter(["message"]))
    rows = visit.web.rows
    statements = (
        "INSERT INTO accounts (account_id) VALUES (%s), (%s)",
        "INSERT INTO companies (company_id, name, origin) VALUES (%s, %s, 'nowhere')",
        "SELECT %s::text::json, %s",
        "SELECT %s::text::bigint, %s",
    )

    for statement in statements:
        with pytest.raises(psycopg.Error, match=MARKER) as refused:
            rows.execute(statement.encode(), [MARKER, MARKER])
        wrapped = LookupError("wrapped")
        wrapped.__cause__ = refused.value
        log.error("failed", exc_info=wrapped)

    told = lines.getvalue()
    assert told.count("SQLSTATE") >= len(statements)
    assert MARKER not in told
