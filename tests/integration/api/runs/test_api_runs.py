"""The journal, runs, the request for a resync, pause and resume, companies."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from werkzeug.test import TestResponse

from store.sealing import DataKey
from tests.support.webclient import (
    BEARER,
    Web,
    add_corp,
    add_line,
    add_run,
    keyring,
    open_web,
)

START = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        yield web


def test_the_journal_is_told_from_the_oldest_line_on(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    for number in range(3):
        add_line(web.rows, corp_pk, key=f"member:m{number}", after={"name": None})

    first = web.get("/corps/wwcorp/journal", limit=2)
    rest = web.get("/corps/wwcorp/journal", limit=2, cursor=first["next"])

    lines = first["items"] + rest["items"]
    assert [line["key"] for line in lines] == ["member:m0", "member:m1", "member:m2"]
    assert (lines[0]["decision"], lines[0]["cause"]) == ("AddMember", "mail")
    assert (lines[0]["before"], lines[0]["after"]) == ({}, {"name": None})
    assert lines[0]["at"].endswith("Z")


def test_the_journal_is_filtered_by_time_key_and_run(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_line(web.rows, corp_pk, key="member:a", at=START)
    add_line(web.rows, corp_pk, key="member:b", at=START + timedelta(hours=1))
    add_line(web.rows, corp_pk, key="corp", at=START + timedelta(hours=2), run_id="r")

    def keys(**query: str) -> list[str]:
        lines = web.get("/corps/wwcorp/journal", **query)["items"]
        return [line["key"] for line in lines]

    assert keys(since="2026-05-01T01:00:00Z") == ["member:b", "corp"]
    assert keys(until="2026-05-01T09:00:00+08:00") == ["member:a"]
    assert keys(key="member:a") == ["member:a"]
    assert keys(run_id="r") == ["corp"]
    assert web.status("/corps/wwcorp/journal", since="2026-05-01T01:00:00") == 400


def test_personal_fields_are_opened_and_numbers_masked(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    data_key = b"d" * 32
    web.rows.execute(
        "UPDATE corps SET data_key = %s",
        [keyring().seal(data_key, place=f"data_key:{corp_pk}")],
    )
    details = {"mobile": "+8613812345678", "email": "zhang@example.com", "alias": "Z"}
    personal = {"before": {}, "after": {"name": "Zhang", "details": details}}
    add_line(web.rows, corp_pk, personal=DataKey(data_key).seal(personal))

    (line,) = web.get("/corps/wwcorp/journal")["items"]

    assert line["after"] == {
        "name": "Zhang",
        "details": {"mobile": "+86****5678", "email": "z***@example.com", "alias": "Z"},
    }


def test_without_the_data_key_personal_fields_stay_away(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp", state="revoked")
    sealed = DataKey(b"d" * 32).seal({"before": {}, "after": {"name": "Zhang"}})
    add_line(web.rows, corp_pk, personal=sealed, after={"leads": []})

    (line,) = web.get("/corps/wwcorp/journal")["items"]

    assert line["after"] == {"leads": []}


def test_a_run_is_answered_with_every_field(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_run(
        web.rows,
        corp_pk,
        "run-1",
        started_at=START,
        ended_at=START,
        pages_read=3,
        pages_of=4,
        decisions={"AddMember": 2},
        calls=9,
        calls_least=8,
    )

    run = web.get("/runs/run-1")

    assert run == {
        "run_id": "run-1",
        "corp_id": "wwcorp",
        "cause": "operator",
        "state": "done",
        "started_at": "2026-05-01T00:00:00Z",
        "ended_at": "2026-05-01T00:00:00Z",
        "progress": {"read": 3, "of": 4},
        "decisions": {"AddMember": 2},
        "calls": 9,
        "calls_least": 8,
        "plan_id": None,
        "error": None,
    }
    assert web.status("/runs/unknown") == 404


def test_runs_are_paged_newest_first_even_within_one_second(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    for number in range(4):
        add_run(web.rows, corp_pk, f"run-{number}", created_at=START)
    add_run(web.rows, add_corp(web.rows, "wwother"), "other", created_at=START)

    first = web.get("/runs", corp_id="wwcorp", limit=3)
    rest = web.get("/runs", corp_id="wwcorp", limit=3, cursor=first["next"])

    ids = [row["run_id"] for row in first["items"] + rest["items"]]
    assert ids == ["run-3", "run-2", "run-1", "run-0"]


def test_a_resync_joins_the_queued_run_and_queues_one_behind_the_reading(
    web: Web,
) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_run(web.rows, corp_pk, "reading", state="running")

    first = web.post("/corps/wwcorp/resync")
    second = web.post("/corps/wwcorp/resync")

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.get_json() == second.get_json()
    assert first.get_json()["run_id"] != "reading"


def test_the_same_idempotency_key_gives_the_same_run(web: Web) -> None:
    add_corp(web.rows, "wwcorp")
    first = web.post("/corps/wwcorp/resync", **{"Idempotency-Key": "k"})
    web.rows.execute("UPDATE runs SET state = 'done'")

    again = web.post("/corps/wwcorp/resync", **{"Idempotency-Key": "k"})
    other = web.post("/corps/wwcorp/resync", **{"Idempotency-Key": "l"})

    assert again.get_json() == first.get_json()
    assert other.get_json() != first.get_json()
    too_long = {"Idempotency-Key": "x" * 256}
    assert web.post("/corps/wwcorp/resync", **too_long).status_code == 400


@pytest.mark.parametrize("state", ["authorised", "paused", "revoked"])
def test_only_a_linked_corp_is_resynced(web: Web, state: str) -> None:
    add_corp(web.rows, "wwcorp", state=state)

    assert web.post("/corps/wwcorp/resync").status_code == 409
    assert web.post("/corps/unknown/resync").status_code == 404


def test_pausing_asks_a_worker_and_shows_what_it_did(web: Web, database: str) -> None:
    add_corp(web.rows, "wwcorp")
    worker = threading.Thread(target=_pause_when_asked, args=(database,))
    worker.start()

    answer = web.post("/corps/wwcorp/pause")
    worker.join()

    assert answer.status_code == 200
    assert answer.get_json()["state"] == "paused"


def test_pausing_what_is_paused_posts_no_mail(web: Web) -> None:
    add_corp(web.rows, "wwcorp", state="paused")

    answer = web.post("/corps/wwcorp/pause")

    assert (answer.status_code, answer.get_json()["state"]) == (200, "paused")
    assert web.get("/events")["items"] == []


def test_a_corp_that_is_not_linked_cannot_be_paused_or_resumed(web: Web) -> None:
    add_corp(web.rows, "wwcorp", state="revoked")

    assert web.post("/corps/wwcorp/pause").status_code == 409
    assert web.post("/corps/wwcorp/resume").status_code == 409


def test_a_company_is_made_changed_and_never_tells_its_secret(web: Web) -> None:
    made = _put(
        web,
        {"name": "Example", "event_secret": "s3cret-of-example", "unmatched": "ask"},
    )
    changed = _put(web, {"edition": "enterprise", "unmatched": None})

    assert made.status_code == 200
    assert changed.get_json() == {
        "company_id": "7",
        "name": "Example",
        "edition": "enterprise",
        "origin": "tapd",
        "has_event_secret": True,
        "unmatched": None,
        "guard": None,
        "item_notices": None,
    }
    assert web.get("/companies/7") == changed.get_json()
    row = web.rows.execute("SELECT event_secret FROM companies").fetchall()[0]
    assert keyring().open(row[0], place="event_secret:7") == b"s3cret-of-example"


@pytest.mark.parametrize(
    "body",
    [
        {"edition": "enterprise"},
        {"name": None},
        {"name": ""},
        {"name": "x", "edition": "free"},
        {"name": "x", "guard": {"share": 2}},
        {"name": "x", "guard": {"window_hours": 8761}},
        {"name": "x", "guard": {"removals": 10**30}},
        {"name": "x", "guard": {"removals": True}},
        {"name": "x", "guard": {"share": True}},
        {"name": "x", "guard": {"share": "5%"}},
        {"name": "x", "else": 1},
        {"name": "nul\0"},
        [],
        "text",
    ],
)
def test_a_malformed_company_changes_nothing(web: Web, body: object) -> None:
    answer = _put(web, body)

    assert answer.status_code == 422, answer.text
    assert answer.content_type == "application/problem+json"
    assert web.status("/companies/7") == 404


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("off", {"switch": "off"}),
        ({"GUARD": "on", "GUARD_REMOVALS": "5"}, {"switch": "on", "removals": 5}),
        ({"share": 0.5, "window_hours": 1}, {"share": 0.5, "window_hours": 1}),
        (None, None),
    ],
)
def test_a_guard_may_be_named_as_its_settings_are(
    web: Web, said: object, kept: dict[str, object] | None
) -> None:
    _put(web, {"name": "Example", "guard": said})

    guard = web.get("/companies/7")["guard"]
    assert kept == (guard and {k: v for k, v in guard.items() if v is not None})


def test_a_window_from_before_there_was_a_longest_one_is_shown(web: Web) -> None:
    _put(web, {"name": "Example", "guard": {"removals": 5, "window_hours": 1}})
    web.rows.execute("UPDATE companies SET guard = guard || '{\"window_hours\": 9000}'")

    guard = web.get("/companies/7")["guard"]

    assert (guard["removals"], guard["window_hours"]) == (5, 9000)


def _put(web: Web, body: object) -> TestResponse:
    return web.client.put("/api/v1/companies/7", json=body, headers=BEARER)


def _pause_when_asked(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as rows:
        asked = None
        while asked is None:
            asked = rows.execute(
                "SELECT 1 FROM inbox WHERE mailbox = 'corp:wwcorp' AND kind = 'paused'"
                " AND state = 'pending'"
            ).fetchone()
        rows.execute("UPDATE corps SET state = 'paused', paused_by = 'operator'")
