"""A person's page shows what a sync of her would do, field by field, and offers it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import RedisError

from domain.roles import Role
from store.events import previews
from store.events.previews import (
    Preview,
    PreviewHold,
    PreviewNotice,
    PreviewState,
    PreviewStep,
)
from tests.support.console.desk import Desk, as_role, marks_in, open_desk, words_in
from tests.support.webclient import (
    BEARER,
    add_corp,
    add_department,
    add_member,
    give_key,
)
from web.org.previews import PreviewPlace, place_of

NOW = datetime.now(UTC)
PAGE = "/console/corps/wwcorp/people/zhang"


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
        give_key(desk.rows, corp_pk)
        add_department(desk.rows, corp_pk, 2, name="Sales")
        add_department(desk.rows, corp_pk, 3, name="Support")
        add_member(desk.rows, corp_pk, "zhang", name="Zhang San")
        add_member(desk.rows, corp_pk, "li", name="Li Si")
        yield desk


def place(desk: Desk, userid: str = "zhang") -> PreviewPlace:
    services = desk.web.app.extensions["sync-services"]
    corp_pk = desk.rows.execute("SELECT corp_pk FROM corps").fetchone()[0]
    found = place_of(
        desk.rows, corp_pk, userid, redis=services.redis, keyring=services.keyring
    )
    assert found is not None
    return found


def answered(desk: Desk, userid: str = "zhang", **told: Any) -> None:
    """A worker has found this out."""
    at = place(desk, userid)
    found = Preview(
        userid=userid,
        asked_at=NOW,
        asked_by="operator:li",
        state=PreviewState.ANSWERED,
        began_at=NOW,
        answered_at=NOW,
        **{"outcome": "applied", **told},
    )
    previews.answer(at.redis, at.data_key, at.key, found)


def step(name: str, key: str, before: Any, after: Any, **others: Any) -> PreviewStep:
    return PreviewStep(
        name=name, key=key, before=before, after=after,
        **{"reason": "event", "held": False, **others},
    )  # fmt: skip


MOVED = step("MoveMember", "member:zhang", {"departments": [2]}, {"departments": [3]})
REMOVED = step(
    "RemoveMember", "member:zhang", {"userid": "zhang"}, {"removal": "deletion"},
    reason="deleted_by_event", held=True,
)  # fmt: skip


def shown(desk: Desk, path: str = PAGE) -> str:
    page = desk.page(path)
    return words_in(page).partition("What a sync of this person would do")[2]


def test_asking_needs_no_reason_and_is_kept_in_the_audit(desk: Desk) -> None:
    answer = desk.post("/console/corps/wwcorp/preview-person", userid="zhang")

    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("?done=preview#preview")
    kept = desk.rows.execute("SELECT act, role FROM audit").fetchone()
    assert kept == ("preview", "admin")
    assert "preview:" in str(
        place(desk).redis.lrange("dramatiq:events", 0, -1)
    ) or place(desk).redis.exists("dramatiq:events")


def test_the_page_says_that_it_is_being_asked_and_looks_again_without_scripts(
    desk: Desk,
) -> None:
    desk.post("/console/corps/wwcorp/preview-person", userid="zhang")

    page = desk.page(PAGE)

    assert marks_in(page, "preview") == ["asking"]
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert "Look again" in shown(desk)
    assert "data-live" in page


def test_two_who_ask_at_once_ask_once(desk: Desk) -> None:
    desk.post("/console/corps/wwcorp/preview-person", userid="zhang")
    first = place(desk).find()
    desk.post("/console/corps/wwcorp/preview-person", userid="zhang")

    assert place(desk).find() == first
    acts = desk.rows.execute("SELECT count(*) FROM audit").fetchone()
    assert acts == (2,)


def test_the_answer_tells_each_field_from_what_to_what(desk: Desk) -> None:
    answered(desk, steps=[MOVED])

    told = shown(desk)

    assert "1 thing would change." in told
    assert "Zhang San moved from Sales to Support" in told
    assert "Departments Sales Support" in told
    assert "asked for by operator:li. Nothing of it was done." in told
    assert "0 calls were made" in told


def test_mobiles_and_addresses_are_masked(desk: Desk) -> None:
    before = {"details": {"mobile": "13800005678"}}
    after = {"details": {"mobile": "13900001234", "email": "zhang@example.com"}}
    answered(desk, steps=[step("SetDetails", "member:zhang", before, after)])

    page = desk.page(PAGE)

    for secret in ("13800005678", "13900001234", "zhang@example.com"):
        assert secret not in page
    assert "Mobile" in shown(desk)


def test_a_removal_that_would_wait_says_why(desk: Desk) -> None:
    hold = PreviewHold(
        key="member:zhang", plan_state="new", plan_id=None,
        removals=21, limit=20, hours=24,
    )  # fmt: skip
    answered(desk, steps=[REMOVED], holds=[hold])

    told = shown(desk)

    assert "1 removal would wait for a person." in told
    assert "that would be 21 within 24 hours, and 20 pass without a person" in told
    assert "The corp's admins would be asked by a card to decide." in told
    assert marks_in(desk.page(PAGE), "held") == ["yes"]


def test_whom_else_it_touches_is_a_link_to_them(desk: Desk) -> None:
    other = step("Unlink", "member:li", {"link": {"state": "linked"}}, {"link": {}})
    answered(desk, steps=[MOVED, other])

    page = desk.page(PAGE)

    assert "Whom else it touches" in words_in(page)
    assert 'href="/console/corps/wwcorp/people/li"' in page


def test_the_messages_that_would_be_sent_are_told(desk: Desk) -> None:
    notices = [
        PreviewNotice(userid="zhang", kind="link", state="queued"),
        PreviewNotice(userid="li", kind="invite", state="dropped"),
    ]
    answered(desk, steps=[MOVED], notices=notices)

    told = shown(desk)

    assert "Zhang San: would be sent" in told
    assert "Li Si: no longer needed" in told


def test_the_calls_are_told_with_outcome_and_milliseconds(desk: Desk) -> None:
    made = {
        "endpoint": "user/get", "outcome": "60111", "after_ms": 5, "ms": 41,
        "about": "member", "event": 1, "answers": None,
    }  # fmt: skip
    answered(desk, steps=[], calls=[made, {"more": 2}])

    told = shown(desk)

    assert "3 calls were made" in told
    assert "about this person: refused with errcode 60111, 41 ms" in told


def test_nothing_different_says_so(desk: Desk) -> None:
    answered(desk, outcome="no_difference")

    assert "Nothing would change: here it is as WeCom says." in shown(desk)


OUTCOMES = (
    "late_answer", "overtaken", "unconfirmed", "cut_off_read", "odd_answer",
    "unavailable", "run", "throttle", "ticket", "revoked", "paused", "authorised",
    "first_read", "busy", "operator", "store", "refused", "retry",
)  # fmt: skip


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_what_stands_in_the_way_is_named_with_the_next_step(
    desk: Desk, outcome: str, language: str
) -> None:
    answered(desk, outcome=outcome, error="user/get: errcode 45009")

    page = desk.page(PAGE, language=language)

    assert 'data-key="preview-next"' in page
    assert "<code>user/get: errcode 45009</code>" in page
    assert f'data-outcome="{outcome}"' in page


def test_one_that_nobody_answers_says_where_to_look(desk: Desk) -> None:
    desk.post("/console/corps/wwcorp/preview-person", userid="zhang")
    at = place(desk)
    at.redis.delete(f"preview-work:{at.key.reference}")

    page = desk.page(PAGE)

    assert marks_in(page, "preview") == ["lost"]
    assert "See whether workers are alive" in words_in(page)
    assert 'href="/console/queues"' in page


def test_beside_the_answer_is_the_button_that_does_it(desk: Desk) -> None:
    answered(desk, steps=[MOVED])

    actions = marks_in(desk.page(PAGE).partition('id="preview"')[2], "action")

    assert actions[:2] == ["resync", "preview"]


def test_a_viewer_sees_the_answer_and_why_they_cannot_ask(desk: Desk) -> None:
    viewer = as_role(desk.web, Role.VIEWER, name="vi")
    before = viewer.page(PAGE)
    answered(desk, steps=[MOVED])

    after = viewer.page(PAGE)
    asked = viewer.post("/console/corps/wwcorp/preview-person", userid="zhang")

    assert "which is for operators" in words_in(before)
    assert "Zhang San moved from Sales to Support" in words_in(after)
    assert {"resync", "preview"}.isdisjoint(marks_in(after, "action"))
    assert asked.status_code == 403


def test_a_corp_that_is_paused_says_so_instead(desk: Desk) -> None:
    desk.rows.execute("UPDATE corps SET state = 'paused'")

    page = desk.page(PAGE)
    asked = desk.post("/console/corps/wwcorp/preview-person", userid="zhang")

    assert "can be asked once the corp is linked" in words_in(page)
    assert "preview" not in marks_in(page, "action")
    assert asked.status_code == 409


def test_somebody_whom_nobody_has_seen_can_be_asked_about(desk: Desk) -> None:
    unknown = "/console/corps/wwcorp/people/newcomer"
    before = desk.get(unknown)
    added = step("AddMember", "member:newcomer", {}, {"departments": [2]})
    answered(desk, userid="newcomer", steps=[added])

    after = desk.get(unknown)

    assert before.status_code == 404
    assert "preview" in marks_in(before.text, "action")
    assert after.status_code == 200
    assert "1 thing would change." in words_in(after.text)
    resync = desk.post("/console/corps/wwcorp/resync-person", userid="newcomer")
    assert resync.status_code == 303
    keys = desk.rows.execute("SELECT key FROM inbox").fetchall()
    assert keys == [("member:newcomer",)]


@pytest.mark.parametrize("userid", ["", " ", "x" * 65, "a b", "a\nb"])
def test_what_can_be_nobodys_userid_is_not_asked_about(desk: Desk, userid: str) -> None:
    answer = desk.post("/console/corps/wwcorp/preview-person", userid=userid)

    assert answer.status_code == 404


def test_without_redis_the_page_is_there_and_asking_says_what_is_wrong(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "find", broken)
    monkeypatch.setattr(previews, "ask", broken)

    page = desk.page(PAGE)
    asked = desk.post("/console/corps/wwcorp/preview-person", userid="zhang")

    assert marks_in(page, "preview") == []
    assert asked.status_code == 503


def broken(*_: Any, **__: Any) -> Any:
    raise RedisError


def test_the_api_tells_the_same(desk: Desk) -> None:
    answered(desk, steps=[MOVED])

    told = desk.web.client.get(
        "/api/v1/corps/wwcorp/members/zhang/preview", headers=BEARER
    ).get_json()

    assert told["state"] == "answered"
    assert told["words"]["en"] == "1 thing would change."
    assert told["decisions"][0]["after"] == {"departments": [3]}
    unknown = desk.web.client.get(
        "/api/v1/corps/wwcorp/members/li/preview", headers=BEARER
    )
    assert unknown.status_code == 404
