"""Numbers for Prometheus: whoever reaches the port reads them, so they name nobody."""

from collections.abc import Iterator

import pytest

from tests.support.receiving import receiver_on, settings_for
from tests.support.webclient import (
    API_TOKEN,
    Web,
    add_corp,
    add_event,
    add_member,
    insert,
    open_web,
)

SECRETS = (API_TOKEN, "wwsuite", "synthetic")
NAMED = ("wwcorp-of-somebody", "zhang-of-somebody", "张伟", "13800005678", "Acme")


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        corp_pk = add_corp(web.rows, "wwcorp-of-somebody", name="Acme", state="paused")
        add_member(
            web.rows,
            corp_pk,
            "zhang-of-somebody",
            name="张伟",
            details={"mobile": "13800005678"},
        )
        add_event(
            web.rows,
            "corp:wwcorp-of-somebody",
            "failed",
            key="member:zhang-of-somebody",
            error="errcode 60011: zhang-of-somebody",
        )
        insert(
            web.rows,
            "mailboxes",
            mailbox="corp:wwcorp-of-somebody",
            waits_for="throttle",
            not_before="2999-01-01T00:00:00Z",
        )
        yield web


def test_the_webs_numbers_name_nobody_and_hold_no_secret(web: Web) -> None:
    stranger = web.app.test_client()

    answer = stranger.get("/metrics")

    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    assert 'sync_inbox_depth{state="failed"} 1.0' in answer.text
    for each in (*NAMED, *SECRETS):
        assert each not in answer.text, each


def test_numbers_are_only_read(web: Web) -> None:
    stranger = web.app.test_client()

    for method in ("POST", "PUT", "DELETE"):
        assert stranger.open("/metrics", method=method).status_code == 405
    assert "Set-Cookie" not in stranger.get("/metrics").headers


def test_the_receivers_numbers_name_nobody_either(
    web: Web, database: str, redis_url: str
) -> None:
    with receiver_on(settings_for(database=database, redis_url=redis_url)) as app:
        answer = app.test_client().get("/metrics")

    assert answer.status_code == 200
    assert "receiver_callbacks_total" in answer.text
    for each in (*NAMED, *SECRETS):
        assert each not in answer.text, each
