"""TAPD's item webhooks: who may send them, in which forms, and what is kept."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import psycopg
import pytest
from flask.testing import FlaskClient

from store.org.companies import secret_place
from store.sealing import Keyring
from tapd.webhooks import BODY_BYTES, read_item_event
from tests.support.receiving import receiver_on, rows_of, settings_for, wait_until

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
        "state": "pending",
    }
    assert isinstance(body, bytes)
    kept = KEYRING.open(body, place="inbox")
    assert read_item_event(kept).kind == "story::update"
    assert SECRET.encode() not in kept


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
        ("/tapd/events/c1", "{}", 403),
        ("/tapd/events/c1", b"secret=\xff", 400),
        ("/tapd/events/c1", b"\xff", 400),
        ("/tapd/events/c1", "hello", 400),
        ("/tapd/events/c1", "<xml><event>story::update</event></xml>", 400),
        ("/tapd/events/c1", json.dumps([FLAT]), 400),
        ("/tapd/events/c1", json.dumps(FLAT)[:-1], 400),
        ("/tapd/events/c1", "[" * 60_000, 400),
        ("/tapd/events/c1", '{"a":' * 12_000, 400),
        ("/tapd/events/c1", "\xff", 400),
        ("/tapd/events/unknown", "hello", 404),
        ("/tapd/events/c1%00", FORMS["flat"], 404),
        ("/tapd/events/none", FORMS["flat"].replace(SECRET, ""), 403),
        ("/tapd/events/none", FORMS["flat"], 403),
        ("/tapd/events/c1", " " * (BODY_BYTES + 1), 413),
        ("/tapd/events/unknown", " " * (BODY_BYTES + 1), 413),
    ],
)
def test_whoever_cannot_prove_the_company_is_refused(
    client: FlaskClient, database: str, path: str, body: str, status: int
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


def test_an_event_that_nobody_follows_is_kept_as_ignored(
    client: FlaskClient, database: str
) -> None:
    for number, event in enumerate(("launchform::create", "story::bind", "", "x" * 99)):
        fields = {**FLAT, "event": event, "event_id": str(number)}
        answer = client.post("/tapd/events/c1", data=json.dumps(fields))
        assert answer.status_code == 200

    rows = rows_of(database, "SELECT DISTINCT state, outcome FROM inbox")
    assert rows == [{"state": "ignored", "outcome": "unknown_event"}]


def test_a_long_description_is_cut_and_the_event_kept(
    client: FlaskClient, database: str
) -> None:
    long = {**FLAT, "new_description": "<p>长</p>" * 450_000, "new_name": "标题"}
    assert len(json.dumps(long, ensure_ascii=False).encode()) > 4_500_000

    answer = client.post(
        "/tapd/events/c1", data=json.dumps(long, ensure_ascii=False).encode()
    )

    [row] = rows_of(database, "SELECT body FROM inbox")
    assert isinstance(row["body"], bytes)
    kept = read_item_event(KEYRING.open(row["body"], place="inbox")).fields
    assert answer.status_code == 200
    assert len(row["body"]) < 130 * 1024
    assert kept["new_name"] == "标题"
    assert kept["new_description"].startswith("<p>长</p>")


def test_three_hundred_long_fields_together_are_cut_further(
    client: FlaskClient, database: str
) -> None:
    long = {**FLAT, **{f"old_custom_field_{n}": "长" * 9_000 for n in range(300)}}

    answer = client.post("/tapd/events/c1", data=urlencode(long))

    assert answer.status_code == 413 or rows_of(
        database, "SELECT octet_length(body) < 131072 AS small FROM inbox"
    ) == [{"small": True}]


def test_what_is_too_large_is_counted(client: FlaskClient) -> None:
    before = client.get("/metrics").text

    answer = client.post("/tapd/events/c1", data=b"x" * (12 * 1024 * 1024))

    assert answer.status_code == 413
    assert counted(client.get("/metrics").text) == counted(before) + 1


def counted(metrics: str) -> float:
    """Refusals because of size so far."""
    lines = [
        line
        for line in metrics.splitlines()
        if 'reason="size"' in line and "_total" in line
    ]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.mark.parametrize(
    "nick", ["a;b", "<b>粗</b>", "👨‍👩‍👧‍👦", "\u202eevil\u202c", "x" * 3_000, "\ud800"]
)
def test_no_nick_keeps_an_event_out(
    client: FlaskClient, database: str, nick: str
) -> None:
    body = json.dumps({**FLAT, "current_user": nick, "new_owner": f"{nick};"})

    assert client.post("/tapd/events/c1", data=body).status_code == 200
    assert rows_of(database, "SELECT state FROM inbox") == [{"state": "pending"}]


def test_a_broken_byte_in_a_field_that_nobody_reads_loses_no_event(
    client: FlaskClient, database: str
) -> None:
    body = json.dumps(FLAT).encode().replace(b"168601153", b"1686\xff\xfe53")

    assert client.post("/tapd/events/c1", data=body).status_code == 200
    assert len(rows_of(database, "SELECT 1 AS one FROM inbox")) == 1


def test_an_id_of_forty_digits_stays_exact(client: FlaskClient, database: str) -> None:
    number = "1" * 40
    body = json.dumps({**FLAT, "id": "@"}).replace('"@"', number)

    client.post("/tapd/events/c1", data=body)

    assert rows_of(database, "SELECT key FROM inbox") == [
        {"key": f"item:story:{number}"}
    ]


def test_a_comment_is_about_the_item_that_it_stands_under(
    client: FlaskClient, database: str
) -> None:
    body = {**FLAT, "event": "bug_comment::add", "id": "7", "entity_id": "8"}
    client.post("/tapd/events/c1", data=json.dumps(body))
    assistant = {**ASSISTANT, "event_key": "story::comment", "sub_event": "delete"}
    client.post("/tapd/events/c1", data=json.dumps(assistant))

    rows = rows_of(database, "SELECT kind, key FROM inbox ORDER BY event_id")
    assert rows == [
        {"kind": "bug_comment::add", "key": "item:bug:8"},
        {"kind": "story_comment::delete", "key": f"item:story:{ASSISTANT['id']}"},
    ]


def test_an_event_without_a_number_is_known_by_what_it_says(
    client: FlaskClient, database: str
) -> None:
    bare = {**FLAT, "event_id": ""}
    for queue_id in ("1", "2"):
        client.post("/tapd/events/c1", data=json.dumps({**bare, "queue_id": queue_id}))
    client.post("/tapd/events/c1", data=json.dumps({**bare, "new_owner": "赵六;"}))

    rows = rows_of(database, "SELECT times_seen FROM inbox ORDER BY event_id")
    assert rows == [{"times_seen": 2}, {"times_seen": 1}]


def test_only_post_is_a_method(client: FlaskClient) -> None:
    assert client.get("/tapd/events/c1").status_code == 405


def test_wrong_secrets_and_unknown_companies_are_counted(
    client: FlaskClient, database: str
) -> None:
    wrong = FORMS["flat"].replace(SECRET, "wrong")
    for path, body in (("c1", wrong), ("c1", wrong), ("nobody", wrong), ("c1", "{")):
        client.post(f"/tapd/events/{path}", data=body)

    counts = "SELECT reason, count FROM refusals ORDER BY reason"
    expected = [
        {"reason": "company", "count": 1},
        {"reason": "item", "count": 1},
        {"reason": "secret", "count": 2},
    ]
    assert wait_until(lambda: rows_of(database, counts) == expected)
    assert rows_of(database, "SELECT reason FROM gaps") == []


def test_long_guesses_end_and_the_right_secret_passes_all_the_same(
    client: FlaskClient, database: str
) -> None:
    wrong = json.dumps({**FLAT, "secret": "wrong", "x": "y" * (BODY_BYTES - 1000)})
    for _ in range(6):
        client.post("/tapd/events/c1", data=wrong)

    answer = client.post("/tapd/events/c1", data=FORMS["flat"])

    counts = "SELECT count FROM refusals WHERE reason = 'guesses'"
    assert answer.status_code == 200
    assert wait_until(lambda: rows_of(database, counts) == [{"count": 1}])
