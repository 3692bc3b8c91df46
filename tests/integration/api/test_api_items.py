"""Items by API: who was told of them and why, preferences, defaults, the ledger."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.webclient import (
    BEARER,
    Web,
    add_corp,
    add_member,
    insert,
    open_web,
)

CORP, COMPANY = "wwcorp", "20001001"
STORY = "1148464494001000276"
NOTICES = f"/companies/{COMPANY}/items/story/{STORY}/notices"
PREFERENCES = f"/corps/{CORP}/members/woA/preferences"
WHOLE: dict[str, Any] = {
    "item_notices": "on",
    "kinds": ["bug", "story"],
    "roles": ["owner"],
    "quiet_hours": {"from": "22:30", "to": "07:00"},
    "muted_items": [STORY],
}


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        corp_pk = add_corp(web.rows, CORP, company_id=COMPANY)
        add_member(web.rows, corp_pk, "woA")
        yield web


def put(web: Web, path: str, body: object) -> tuple[int, Any]:
    answer = web.client.put(f"/api/v1{path}", json=body, headers=BEARER)
    return answer.status_code, answer.get_json()


def tell(web: Web, mail_id: int, nick: str, **columns: Any) -> None:
    """An event concerned somebody."""
    values = {
        "company_id": COMPANY,
        "mail_id": mail_id,
        "nick": nick,
        "event_id": f"e{mail_id}",
        "event": "story::update",
        "kind": "story",
        "item_id": STORY,
        "change_id": 1,
        "roles": ["owner"],
        "role": "owner",
    }
    insert(web.rows, "item_notices", **{**values, **columns})


def send(web: Web, mail_id: int, nick: str, *, kind: str, **columns: Any) -> None:
    """An event was carried to the member by a message of this kind."""
    [(corp_pk, member_pk)] = web.rows.execute(
        "SELECT corp_pk, member_pk FROM members"
    ).fetchall()
    told = {"changes": [1, 2]} if kind == "digest" else {"change_id": mail_id}
    notice_id = insert(
        web.rows,
        "notices",
        returning="notice_id",
        corp_pk=corp_pk,
        member_pk=member_pk,
        company_id=COMPANY,
        kind=kind,
        round=1,
        origin="sync",
        **told,
        **columns,
    )
    tell(
        web,
        mail_id,
        nick,
        corp_pk=corp_pk,
        member_pk=member_pk,
        notice_id=notice_id,
    )


def test_each_person_and_event_has_a_row_with_state_and_reason(web: Web) -> None:
    send(web, 1, "a", kind="item", state="sent")
    send(web, 2, "a", kind="digest", state="sent")
    send(web, 3, "a", kind="item", state="queued")
    send(web, 4, "a", kind="item", state="undeliverable", reason="unreachable")
    send(web, 5, "a", kind="item", state="unknown", reason="no_answer")
    send(web, 6, "a", kind="item", state="dropped", reason="removed")
    tell(web, 7, "b", reason="operator")
    tell(web, 8, "c", waits_until="2999-01-01")

    rows = web.get(NOTICES)["items"]

    assert [(row["event_id"], row["state"], row["reason"]) for row in rows] == [
        ("e8", "queued", None),
        ("e7", "suppressed", "operator"),
        ("e6", "suppressed", "out_of_scope"),
        ("e5", "unknown", None),
        ("e4", "undeliverable", None),
        ("e3", "queued", None),
        ("e2", "digested", None),
        ("e1", "sent", None),
    ]
    assert [row["userid"] for row in rows] == [None, None, *["woA"] * 6]
    assert rows[-1].keys() == {
        "event_id",
        "event",
        "userid",
        "nick",
        "role",
        "state",
        "reason",
        "sent_at",
    }


def test_the_rows_of_an_item_come_in_pages(web: Web) -> None:
    for mail_id in range(1, 4):
        for nick in ("a", "b"):
            tell(web, mail_id, nick, reason="muted")
    found, cursor = [], None
    while True:
        page = web.get(NOTICES, limit=2, **({"cursor": cursor} if cursor else {}))
        found += [(row["event_id"], row["nick"]) for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert found == [(f"e{n}", nick) for n in (3, 2, 1) for nick in ("a", "b")]


def test_an_item_of_another_company_is_not_shown(web: Web) -> None:
    tell(web, 1, "a", reason="muted")
    add_corp(web.rows, "wwother", company_id="other")

    assert web.get(NOTICES.replace(COMPANY, "other"))["items"] == []
    assert web.status(NOTICES.replace(COMPANY, "nobody")) == 404
    assert web.status(NOTICES.replace("story", "wiki")) == 400


def test_who_chose_nothing_has_the_companys_defaults(web: Web) -> None:
    assert web.get(PREFERENCES) == {
        "item_notices": "on",
        "kinds": ["story", "bug", "task", "iteration"],
        "roles": ["owner", "cc", "follower", "creator"],
        "quiet_hours": None,
        "muted_items": [],
    }

    put(web, f"/companies/{COMPANY}", {"item_notices": {"kinds": ["bug"]}})

    assert web.get(PREFERENCES)["kinds"] == ["bug"]


def test_preferences_are_replaced_as_a_whole(web: Web) -> None:
    status, answered = put(web, PREFERENCES, WHOLE)

    assert status == 200
    assert answered == {**WHOLE, "kinds": ["story", "bug"]}
    assert web.get(PREFERENCES) == answered

    put(web, PREFERENCES, {**WHOLE, "quiet_hours": None, "muted_items": []})

    assert web.get(PREFERENCES)["quiet_hours"] is None
    assert web.get(PREFERENCES)["muted_items"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"item_notices": "maybe"},
        {"item_notices": True},
        {"kinds": ["wiki"]},
        {"kinds": "story"},
        {"roles": ["participator"]},
        {"quiet_hours": {"from": "22:30"}},
        {"quiet_hours": {"from": "24:00", "to": "07:00"}},
        {"quiet_hours": {"from": "7:00", "to": "08:00"}},
        {"quiet_hours": {"from": "07:00", "to": "07:00"}},
        {"quiet_hours": {"from": "07:00", "to": "08:00", "days": []}},
        {"muted_items": [""]},
        {"muted_items": None},
        {"more": 1},
    ],
)
def test_anything_else_is_refused_and_changes_nothing(
    web: Web, wrong: dict[str, Any]
) -> None:
    put(web, PREFERENCES, WHOLE)

    status, _ = put(web, PREFERENCES, {**WHOLE, **wrong})

    assert status == 422
    assert web.get(PREFERENCES)["roles"] == ["owner"]


@pytest.mark.parametrize("name", list(WHOLE))
def test_nothing_may_be_left_out(web: Web, name: str) -> None:
    status, _ = put(web, PREFERENCES, {k: v for k, v in WHOLE.items() if k != name})

    assert status == 422


def test_preferences_of_nobody_are_unknown(web: Web) -> None:
    path = PREFERENCES.replace("woA", "woNobody")

    assert web.status(path) == 404
    assert put(web, path, WHOLE)[0] == 404


def test_a_company_switches_item_notices_off_and_clears_that_again(web: Web) -> None:
    path = f"/companies/{COMPANY}"

    _, off = put(web, path, {"item_notices": {"switch": "off"}})
    _, plain = put(web, path, {"item_notices": "on"})
    _, cleared = put(web, path, {"item_notices": None})

    assert off["item_notices"]["switch"] == "off"
    assert plain["item_notices"]["switch"] == "on"
    assert cleared["item_notices"] is None
    assert put(web, path, {"item_notices": {"kinds": ["wiki"]}})[0] == 422


def test_the_ledger_counts_the_mailboxes_of_companies(web: Web) -> None:
    insert(
        web.rows,
        "inbox",
        mailbox=f"company:{COMPANY}",
        kind="story::update",
        key="item:story:1",
        state="done",
        times_seen=3,
    )

    mine = web.get(f"/companies/{COMPANY}/ledger")
    whole = web.get("/ledger")

    assert (mine["received"], mine["applied"], mine["duplicate"]) == (3, 1, 2)
    assert whole["received"] == 3
    assert web.get(f"/corps/{CORP}/ledger")["received"] == 0
    assert web.status("/companies/nobody/ledger") == 404
