"""Events and corps tell what they wait for, since when, and until when."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.webclient import Web, add_corp, add_event, insert, open_web


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        yield web


def test_an_event_tells_what_it_waits_for_since_when_and_until_when(web: Web) -> None:
    """By itself, or with its whole mailbox; what is settled waits for nothing."""
    since = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    until = datetime(2096, 1, 2, tzinfo=UTC)
    alone = {"waits_for": "odd_answer", "waiting_since": since, "error": "status"}
    add_event(web.rows, "corp:wwa", "done")
    add_event(web.rows, "corp:wwa", "pending", not_before=until, **alone)
    add_event(web.rows, "corp:wwb", "pending")
    insert(
        web.rows,
        "mailboxes",
        mailbox="corp:wwb",
        waits_for="unavailable",
        waiting_since=since,
        not_before=datetime.now(UTC) + timedelta(minutes=5),
        error="user/get: HTTP 502",
    )

    whole, own, settled = (each["waits"] for each in web.get("/events")["items"])

    assert settled is None
    assert own == {
        "waits_for": "odd_answer",
        "since": "2026-01-02T03:04:05Z",
        "until": "2096-01-02T00:00:00Z",
        "error": "status",
    }
    assert whole.pop("until") is not None
    assert whole == {
        "waits_for": "unavailable",
        "since": "2026-01-02T03:04:05Z",
        "error": "user/get: HTTP 502",
    }


def test_a_corp_tells_what_its_mail_waits_for(web: Web) -> None:
    """All of it before what waits by itself; a pause until WeCom is asked again."""
    since = datetime(2026, 1, 2, tzinfo=UTC)
    until = datetime(2096, 1, 2, tzinfo=UTC)
    add_corp(web.rows, "wwone")
    add_event(
        web.rows,
        "corp:wwone",
        "pending",
        waits_for="odd_answer",
        waiting_since=since,
        not_before=until,
        error="user/get: status",
    )
    add_corp(web.rows, "wwtwo", state="paused", paused_by="wecom", pause_look_at=until)
    insert(
        web.rows,
        "mailboxes",
        mailbox="corp:wwtwo",
        waits_for="paused",
        waiting_since=since,
        not_before=until,
    )

    one, two = (web.get(f"/corps/{each}")["waits"] for each in ("wwone", "wwtwo"))

    when = {"since": "2026-01-02T00:00:00Z", "until": "2096-01-02T00:00:00Z"}
    assert one == {"waits_for": "odd_answer", "error": "user/get: status", **when}
    assert two == {"waits_for": "paused", "error": None, **when}
