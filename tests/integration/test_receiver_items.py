"""TAPD's item webhooks: who may send them, in which forms, and what is kept."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import psycopg
import pytest
from flask.testing import FlaskClient

from store.org.companies import secret_place
from store.sealing import Keyring
from tapd.webhooks import BODY_BYTES
from tests.support.receiving import receiver_on, rows_of, settings_for

KEYRING = Keyring((b"k" * 32,))
SECRET = "shared-password"
FLAT = {
    "event": "story::update",
    "id": "1111112222001069123",
    "event_id": "168601153",
    "secret": SECRET,
    "new_owner": "王五;",
}
ASSISTANT = {
    "secret": SECRET,
    "event_key": "story::update",
    "id": 1111112222001069123,
    "event_id": "168601153",
    "owner": ["王五"],
}
NESTED = {"event": ASSISTANT}
NESTED_WITH_PARTS = {"event": ASSISTANT, "events": {"story::update": {"old": {}}}}
SECRET_OUTSIDE = {"event": {k: v for k, v in ASSISTANT.items() if k != "secret"}}
FORMS = {
    "flat": json.dumps(FLAT),
    "form": urlencode(FLAT),
    "assistant": json.dumps(ASSISTANT),
    "nested": json.dumps(NESTED, ensure_ascii=False),
    "nested with parts": json.dumps(NESTED_WITH_PARTS),
    "secret outside": json.dumps({**SECRET_OUTSIDE, "secret": SECRET}),
}


@pytest.fixture
def client(database: str, redis_url: str) -> Iterator[FlaskClient]:
    sealed = KEYRING.seal(SECRET.encode(), place=secret_place("c1"))
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO companies (company_id, name, origin, event_secret)"
            " VALUES ('c1', 'n', 'tapd', %s), ('none', 'n', 'tapd', NULL)",
            [sealed],
        )
    settings = settings_for(database=database, redis_url=redis_url)
    with receiver_on(settings) as app:
        yield app.test_client()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", None])
def test_every_form_is_taken_whatever_it_calls_itself(
    client: FlaskClient, database: str, form: str, content_type: str | None
) -> None:
    answer = client.post("/tapd/events/c1", data=FORMS[form], content_type=content_type)

    [row] = rows_of(database, "SELECT mailbox, kind, key, state, body FROM inbox")
    body = row.pop("body")
    assert (answer.status_code, answer.data) == (200, b"")
    assert row == {
        "mailbox": "company:c1",
        "kind": "story::update",
        "key": "item:story:1111112222001069123",
        "state": "ignored",
    }
    assert isinstance(body, bytes)
    assert KEYRING.open(body, place="inbox") == FORMS[form].encode()


def test_the_same_event_is_kept_once_in_whatever_form(
    client: FlaskClient, database: str
) -> None:
    for form in ("flat", "form", "nested"):
        client.post("/tapd/events/c1", data=FORMS[form])

    assert rows_of(database, "SELECT times_seen FROM inbox") == [{"times_seen": 3}]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/tapd/events/unknown", FORMS["flat"], 404),
        ("/tapd/events/c1", FORMS["flat"].replace(SECRET, "wrong"), 403),
        ("/tapd/events/c1", FORMS["flat"].replace(SECRET, ""), 403),
        ("/tapd/events/c1", '{"event": "story::update"}', 403),
        ("/tapd/events/c1", '{"secret": ["shared-password"]}', 403),
        ("/tapd/events/c1", "", 403),
        ("/tapd/events/c1", "[" * 60_000, 400),
        ("/tapd/events/c1", '{"a":' * 12_000, 400),
        ("/tapd/events/c1", '{"a":', 400),
        ("/tapd/events/c1", "[]", 400),
        ("/tapd/events/c1", b"secret=\xff", 400),
        ("/tapd/events/unknown", b"\xff", 404),
        ("/tapd/events/c1%00", FORMS["flat"], 404),
        ("/tapd/events/none", FORMS["flat"].replace(SECRET, ""), 403),
        ("/tapd/events/none", FORMS["flat"], 403),
        ("/tapd/events/c1", " " * (BODY_BYTES + 1), 413),
        ("/tapd/events/unknown", " " * (BODY_BYTES + 1), 413),
    ],
)
def test_whoever_cannot_prove_the_company_is_refused(
    client: FlaskClient, database: str, path: str, body: str | bytes, status: int
) -> None:
    answer = client.post(path, data=body)

    assert (answer.status_code, answer.data) == (status, b"")
    assert rows_of(database, "SELECT event_id FROM inbox") == []


def test_an_id_that_no_database_can_hold_is_kept_without_what_is_odd(
    client: FlaskClient, database: str
) -> None:
    body = json.dumps({**FLAT, "id": "a\x00b\ud800"})

    answer = client.post("/tapd/events/c1", data=body)

    [row] = rows_of(database, "SELECT key FROM inbox")
    assert (answer.status_code, row["key"]) == (200, "item:story:ab?")


def test_only_post_is_a_method(client: FlaskClient) -> None:
    assert client.get("/tapd/events/c1").status_code == 405
