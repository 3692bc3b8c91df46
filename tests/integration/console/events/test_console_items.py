"""The console shows item events and the messages that told of them, like all mail."""

from collections.abc import Iterator
from typing import Any

import pytest

from store.notices.notices import DIGEST, ITEM
from tests.support.webclient import (
    API_TOKEN,
    Web,
    add_corp,
    add_member,
    insert,
    open_web,
)
from texts.catalogue import catalogue

CORP, COMPANY = "wwcorp", "20001001"
CHINESE = catalogue("zh-CN")
DROPPED = (
    *("not_linked", "held", "muted", "item_muted", "kind", "role", "company_off"),
    "nothing_left",
)


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        corp_pk = add_corp(web.rows, CORP, company_id=COMPANY)
        add_member(web.rows, corp_pk, "woA")
        page = web.client.get("/console/sign-in").text
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        web.client.post(
            "/console/sign-in", data={"token": API_TOKEN, "csrf_token": token}
        )
        yield web


def notice(web: Web, kind: str, **columns: Any) -> None:
    [(corp_pk, member_pk)] = web.rows.execute(
        "SELECT corp_pk, member_pk FROM members"
    ).fetchall()
    [(number,)] = web.rows.execute("SELECT count(*) FROM notices").fetchall()
    told = {"changes": [1]} if kind == DIGEST else {"change_id": number}
    insert(
        web.rows,
        "notices",
        corp_pk=corp_pk,
        member_pk=member_pk,
        company_id=COMPANY,
        kind=kind,
        round=1,
        origin="sync",
        **told,
        **columns,
    )


def test_messages_about_items_stand_among_the_notices(web: Web) -> None:
    for kind in (ITEM, DIGEST):
        notice(web, kind, state="sent")
    for reason in DROPPED:
        notice(web, ITEM, state="dropped", reason=reason)

    page = web.client.get(f"/console/corps/{CORP}/notices")

    assert page.status_code == 200
    for reason in DROPPED:
        assert CHINESE[f"notices.reason.{reason}"] in page.text
    assert CHINESE["notices.kind.digest"] in page.text
    kinds = {row["kind"] for row in web.get(f"/corps/{CORP}/notices")["items"]}
    assert kinds == {"item", "digest"}


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("done", "told"),
        ("folded", "said_before"),
        ("ignored", "foreign_workspace"),
        ("ignored", "unknown_event"),
        ("pending", None),
        ("failed", "failed"),
    ],
)
def test_an_item_event_has_its_story(web: Web, state: str, outcome: str | None) -> None:
    event_id = insert(
        web.rows,
        "inbox",
        returning="event_id",
        mailbox=f"company:{COMPANY}",
        kind="story::update",
        key="item:story:1148464494001000276",
        state=state,
        outcome=outcome,
    )

    page = web.client.get(f"/console/events/{event_id}")
    listed = web.client.get("/console/events?q=key:item:story:1148464494001000276")

    assert page.status_code == 200
    assert listed.status_code == 200
    assert web.get("/events", mailbox=f"company:{COMPANY}")["items"][0]["kind"] == (
        "story::update"
    )


def test_the_number_of_an_item_leads_to_whom_it_concerned_and_why(web: Web) -> None:
    number = "1148464494001000276"
    insert(web.rows, "items", company_id=COMPANY, kind="story", item_id=number,
           workspace_id="48464494", sealed=b"x")  # fmt: skip

    answer = web.client.get("/console/search", query_string={"q": number})
    other = web.client.get("/console/search", query_string={"q": number[:-1]})

    assert answer.headers["Location"] == f"/company/{CORP}/items?q={number}"
    assert "Location" not in other.headers
