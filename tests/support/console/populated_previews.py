"""What syncs of a few people would do, and what was asked about an event."""

from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from store.events import previews
from store.events.previews import (
    Preview,
    PreviewHold,
    PreviewNotice,
    PreviewState,
    PreviewStep,
)
from tests.support.webclient import Web, add_event, give_key
from web.org.previews import place_of

CORP = "corp:wwcorp"
NOW = datetime.now(UTC)
_CALLS = (
    {"endpoint": "service/get_corp_token", "outcome": "0", "after_ms": 0, "ms": 31,
     "about": "", "event": None, "answers": None},
    {"endpoint": "user/get", "outcome": "60111", "after_ms": 33, "ms": 52,
     "about": "member", "event": 1, "answers": None},
    {"endpoint": "user/list", "outcome": "0", "after_ms": 90, "ms": 118,
     "about": "department:3", "event": None, "answers": 41},
    {"endpoint": "service/v2/get_auth_info", "outcome": "none", "after_ms": 211,
     "ms": 3004, "about": "scope", "event": None, "answers": None},
)  # fmt: skip


def fill_previews(web: Web, corp_pk: int) -> None:
    """One of each kind: answered, waiting for a person, in the way, asked, lost."""
    give_key(web.rows, corp_pk)
    _keep(web, corp_pk, "fang", outcome="applied", steps=_moves(), notices=[
        PreviewNotice(userid="user-4", kind="link", state="queued"),
        PreviewNotice(userid="fang", kind="invite", state="dropped"),
    ])  # fmt: skip
    _keep(web, corp_pk, "user-1", outcome="no_difference", steps=[_removal()], holds=[
        PreviewHold(key="member:user-1", plan_state="held", plan_id="plan-a",
                    removals=21, limit=20, hours=24),
    ])  # fmt: skip
    _keep(web, corp_pk, "user-2", outcome="no_difference")
    _keep(
        web, corp_pk, "user-3", outcome="throttle", wait_seconds=60.0,
        error="user/get: waits for a limit: errcode 45009",
    )  # fmt: skip
    _keep(web, corp_pk, "newcomer", outcome="applied", steps=[_step(
        "AddMember", "newcomer", {}, {"name": "新人", "departments": [3]},
    )])  # fmt: skip
    asked: dict[str, Any] = {
        "state": PreviewState.ASKING,
        "answered_at": None,
        "outcome": "",
    }
    _keep(web, corp_pk, "user-4", is_worked_on=True, **asked)
    _keep(web, corp_pk, "user-5", **asked)


def add_asked_event(rows: Any) -> int:
    """An event that was asked about twice: in vain, and then in a batch."""
    at = NOW - timedelta(minutes=2)
    head = add_event(rows, CORP, "done", key="member:user-1", asked_at=at)
    event = add_event(
        rows, CORP, "done", key="member:fang", asked_at=at, done_at=NOW,
        received_at=at - timedelta(minutes=1), sent_at=at - timedelta(minutes=1),
        outcome="no_difference",
    )  # fmt: skip
    calls = [*_CALLS, {**_CALLS[1], "event": head, "outcome": "0"}]
    calls += [{**_CALLS[2], "about": f"department:{n}"} for n in range(2, 9)]
    settled = {"at": at.isoformat(), "error": None, "calls": [*calls, {"more": 120}]}
    vain = {
        "at": (at - timedelta(seconds=30)).isoformat(),
        "error": "user/get: no answer in time",
        "calls": [{**_CALLS[1], "outcome": each} for each in ("none", "held_back")],
    }
    for event_id, asked in (
        (head, [settled]),
        (event, [vain, {"at": at.isoformat(), "with": head}]),
    ):
        rows.execute(
            "UPDATE inbox SET asked = %s WHERE event_id = %s", [Jsonb(asked), event_id]
        )
    return event


def _keep(
    web: Web, corp_pk: int, userid: str, *, is_worked_on: bool = False, **told: Any
) -> None:
    services = web.app.extensions["sync-services"]
    place = place_of(
        web.rows, corp_pk, userid, redis=services.redis, keyring=services.keyring
    )
    assert place is not None
    found = Preview(
        **{
            "userid": userid,
            "asked_at": NOW,
            "asked_by": "operator:li",
            "state": PreviewState.ANSWERED,
            "began_at": NOW,
            "answered_at": NOW,
            "calls": _CALLS,
            **told,
        }
    )
    previews.answer(place.redis, place.data_key, place.key, found)
    # A walk through all pages takes longer than they are kept.
    place.redis.persist(f"preview:{place.key.reference}")
    if is_worked_on:
        place.redis.set(f"preview-work:{place.key.reference}", b"working")


def _step(
    name: str, userid: str, before: Any, after: Any, **others: Any
) -> PreviewStep:
    return PreviewStep(
        name=name, key=f"member:{userid}", before=before, after=after,
        **{"reason": "event", "held": False, **others},
    )  # fmt: skip


def _moves() -> list[PreviewStep]:
    return [
        _step("MoveMember", "fang", {"departments": [2, 3]}, {"departments": [5]}),
        _step("SetDetails", "fang", {"details": {"mobile": "13800005600"}},
              {"details": {"mobile": "13911112222", "email": "fang@example.com"}}),
        _step("SetDirectLeader", "fang", {"direct_leaders": ["user-1"]},
              {"direct_leaders": ["user-2"]}),
        _step("Unlink", "user-4", {"link": {"state": "linked", "account_id": "a-77"}},
              {"link": {"state": "none", "account_id": None}}),
    ]  # fmt: skip


def _removal() -> PreviewStep:
    return _step(
        "RemoveMember", "user-1", {"userid": "user-1", "departments": [3]},
        {"removal": "deletion"}, reason="deleted_by_event", held=True,
    )  # fmt: skip
