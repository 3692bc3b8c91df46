"""Corps, departments and members, as design.md §6.3 words them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from store.sealing import pseudonym
from tests.support.webclient import (
    BEARER,
    Web,
    add_corp,
    add_department,
    add_event,
    add_line,
    add_member,
    insert,
    keyring,
    open_web,
)

PSEUDONYM_KEY = b"k" * 32


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        yield web


def test_a_corp_is_answered_with_every_field(web: Web) -> None:
    synced = datetime.now(UTC) - timedelta(seconds=90)
    add_corp(
        web.rows,
        "wwcorp",
        name="Example Ltd",
        company_id="7",
        agent_id=1000002,
        scope={"departments": [2, 1], "members": ["zhang"], "tags": [3]},
        last_synced_at=synced,
    )
    add_event(web.rows, "corp:wwcorp", "pending")

    corp = web.get("/corps/wwcorp")

    assert 90 <= corp.pop("stale_seconds") < 120
    assert corp == {
        "corp_id": "wwcorp",
        "name": "Example Ltd",
        "state": "linked",
        "company_id": "7",
        "agent_id": "1000002",
        "auth_mode": 0,
        "scope": {"departments": [2, 1], "members": ["zhang"], "tags": ["3"]},
        "last_synced_at": synced.isoformat().replace("+00:00", "Z"),
        "pending_events": 1,
        "waits": None,
    }


def test_a_corp_that_was_never_in_step_is_not_stale_by_a_number(web: Web) -> None:
    add_corp(web.rows, "wwcorp")

    corp = web.get("/corps/wwcorp")

    assert corp["last_synced_at"] is None
    assert corp["stale_seconds"] is None


def test_the_live_authorisation_stands_for_a_corpid(web: Web) -> None:
    add_corp(web.rows, "wwcorp", name="new")
    add_corp(web.rows, "wwcorp", state="revoked", name="later but gone")

    listed = web.get("/corps")["items"]

    assert [corp["name"] for corp in listed] == ["new"]
    assert web.get("/corps/wwcorp")["name"] == "new"


def test_of_two_gone_authorisations_the_newest_stands(web: Web) -> None:
    add_corp(web.rows, "wwcorp", state="revoked", name="first")
    add_corp(web.rows, "wwcorp", state="revoked", name="second", company_id="9")

    assert [corp["name"] for corp in web.get("/corps")["items"]] == ["second"]


def test_a_purged_corp_is_found_by_the_id_it_had(web: Web) -> None:
    purged = _purge_name(web, "wwcorp")
    add_corp(web.rows, purged, state="revoked")

    corp = web.get("/corps/wwcorp")

    assert (corp["corp_id"], corp["state"]) == ("wwcorp", "revoked")


def test_a_purged_corp_that_came_back_is_listed_once(web: Web) -> None:
    purged = _purge_name(web, "wwcorp")
    add_corp(web.rows, purged, state="revoked")
    add_corp(web.rows, "wwcorp")

    listed = web.get("/corps")["items"]

    assert [(corp["corp_id"], corp["state"]) for corp in listed] == [
        ("wwcorp", "linked")
    ]


def test_departments_ascend_and_name_listed_parents_only(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_department(web.rows, corp_pk, 12, parent_id=2, name="Sales", sort_order=7)
    add_department(web.rows, corp_pk, 2, parent_id=0)
    add_department(web.rows, corp_pk, 3, parent_id=99)

    listed = web.get("/corps/wwcorp/departments")

    assert listed == {
        "items": [
            {"department_id": 2, "parent_id": None, "name": None, "order": 0},
            {"department_id": 3, "parent_id": None, "name": None, "order": 0},
            {"department_id": 12, "parent_id": 2, "name": "Sales", "order": 7},
        ],
        "next": None,
    }


def test_a_member_is_answered_with_every_field(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    for department_id in (2, 5):
        add_department(web.rows, corp_pk, department_id)
    add_member(
        web.rows,
        corp_pk,
        "zhang",
        open_userid="open-1",
        departments=[2, 5, 77],
        main_department=77,
        leads=[5, 77, 2],
        activation="disabled",
        employment="left",
    )

    (member,) = web.get("/corps/wwcorp/members")["items"]

    assert member == {
        "userid": "zhang",
        "open_userid": "open-1",
        "name": None,
        "departments": [2, 5],
        "main_department": None,
        "leads": [2, 5],
        "activation": "disabled",
        "employment": "left",
        "state": "active",
        "held_plan_id": None,
        "link": {"state": "none", "reason": None, "account_id": None},
    }


def test_members_ascend_by_the_bytes_of_the_userid(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    for userid in ("b", "B", "a_", "aA", "a-", "李"):
        add_member(web.rows, corp_pk, userid)

    listed = [row["userid"] for row in web.get("/corps/wwcorp/members")["items"]]

    assert listed == sorted(listed, key=str.encode)
    assert listed == ["B", "a-", "aA", "a_", "b", "李"]


def test_removed_members_are_listed_only_when_asked_for(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_member(web.rows, corp_pk, "here")
    add_member(web.rows, corp_pk, "gone", state="removed", removal="scope")

    active = web.get("/corps/wwcorp/members")["items"]
    removed = web.get("/corps/wwcorp/members", state="removed")["items"]

    assert [row["userid"] for row in active] == ["here"]
    assert [(row["userid"], row["state"]) for row in removed] == [("gone", "removed")]
    assert web.status("/corps/wwcorp/members", state="else") == 400


def test_pages_lose_and_repeat_nobody_while_others_join(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    for number in range(7):
        add_member(web.rows, corp_pk, f"m{number}")

    first = web.get("/corps/wwcorp/members", limit=3)
    add_member(web.rows, corp_pk, "m0-joined-behind-the-cursor")
    web.rows.execute("DELETE FROM members WHERE userid = 'm2'")
    second = web.get("/corps/wwcorp/members", limit=3, cursor=first["next"])
    third = web.get("/corps/wwcorp/members", limit=3, cursor=second["next"])

    pages = [
        [row["userid"] for row in page["items"]] for page in (first, second, third)
    ]
    assert pages == [["m0", "m1", "m2"], ["m3", "m4", "m5"], ["m6"]]
    assert third["next"] is None


def test_tombstones_of_one_userid_are_all_paged(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    for _ in range(3):
        add_member(web.rows, corp_pk, "twin", state="removed", removal="scope")

    first = web.get("/corps/wwcorp/members", state="removed", limit=2)
    rest = web.get(
        "/corps/wwcorp/members", state="removed", limit=2, cursor=first["next"]
    )

    assert (len(first["items"]), len(rest["items"])) == (2, 1)


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", ""])
def test_a_bad_limit_is_refused(web: Web, limit: str) -> None:
    assert web.status("/corps", limit=limit) == 400


def test_a_cursor_of_another_list_is_refused(web: Web) -> None:
    for corp_id in ("wwa", "wwb"):
        corp_pk = add_corp(web.rows, corp_id)
        add_member(web.rows, corp_pk, "m1")
        add_member(web.rows, corp_pk, "m2")
    cursor = web.get("/corps/wwa/members", limit=1)["next"]

    assert web.status("/corps/wwb/members", cursor=cursor) == 400
    assert web.status("/corps/wwa/departments", cursor=cursor) == 400
    assert web.status("/corps/wwa/members", cursor=cursor + "x") == 400
    assert web.status("/corps/wwa/members", cursor="") == 400


def test_an_older_userid_leads_to_the_current_one(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    member_pk = add_member(web.rows, corp_pk, "new/id")
    insert(web.rows, "aliases", corp_pk=corp_pk, userid="old", member_pk=member_pk)

    one = web.client.get("/api/v1/corps/wwcorp/members/old", headers=BEARER)
    why = web.client.get("/api/v1/corps/wwcorp/members/old/why", headers=BEARER)

    assert (one.status_code, why.status_code) == (301, 301)
    assert one.headers["Location"] == "/api/v1/corps/wwcorp/members/new%2Fid"
    assert why.headers["Location"] == "/api/v1/corps/wwcorp/members/new%2Fid/why"


def test_somebody_who_bears_a_former_userid_now_is_that_member(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    member_pk = add_member(web.rows, corp_pk, "renamed")
    insert(web.rows, "aliases", corp_pk=corp_pk, userid="zhang", member_pk=member_pk)
    add_member(web.rows, corp_pk, "zhang", name="The new owner")

    assert web.get("/corps/wwcorp/members/zhang")["name"] == "The new owner"


def test_a_member_of_another_corp_is_not_found(web: Web) -> None:
    add_corp(web.rows, "wwa")
    add_member(web.rows, add_corp(web.rows, "wwb"), "zhang")

    assert web.status("/corps/wwb/members/zhang") == 200
    assert web.status("/corps/wwa/members/zhang") == 404
    assert web.status("/corps/wwa/members/zhang/why") == 404
    assert web.status("/corps/unknown/members") == 404


def test_a_purged_member_is_found_by_the_userid_it_had(web: Web) -> None:
    corp_pk = add_corp(web.rows, _purge_name(web, "wwcorp"), state="revoked")
    purged = pseudonym(PSEUDONYM_KEY, corp_id="wwcorp", name="zhang")
    add_member(web.rows, corp_pk, purged, state="removed", removal="scope")

    assert web.get("/corps/wwcorp/members/zhang/why")["state"] == "removed"


def test_why_names_the_grounds_the_last_change_and_the_failure(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_department(web.rows, corp_pk, 2, name="Sales")
    add_member(web.rows, corp_pk, "zhang", grounds=["tag:3", "department:2"])
    add_line(web.rows, corp_pk, decision="MoveMember")
    event_id = add_event(web.rows, "corp:wwcorp", "failed", error="errcode 1")

    why = web.get("/corps/wwcorp/members/zhang/why")

    assert why["scope"]["grounds"] == [
        {"kind": "department", "id": "2", "name": "Sales"},
        {"kind": "tag", "id": "3", "name": None},
    ]
    assert why["last_change"]["decision"] == "MoveMember"
    assert why["error"]["event_id"] == str(event_id)
    assert why["next_step"]["code"] == "retry_event"
    assert set(why["next_step"]["words"]) == {"zh-CN", "en"}


def test_a_member_whose_removal_is_held_names_the_plan(web: Web) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_member(web.rows, corp_pk, "zhang")
    add_held_plan(web, corp_pk, "plan-1")

    (member,) = web.get("/corps/wwcorp/members")["items"]
    why = web.get("/corps/wwcorp/members/zhang/why")

    assert (member["state"], member["held_plan_id"]) == ("active", "plan-1")
    assert why["guard"] == {"held_plan_id": "plan-1"}
    assert why["next_step"]["code"] == "decide_plan"


@pytest.mark.parametrize(
    ("plan_state", "entry_state"),
    [("rejected", "waiting"), ("superseded", "waiting"), ("held", "returned")],
)
def test_a_plan_that_is_over_holds_nobody(
    web: Web, plan_state: str, entry_state: str
) -> None:
    corp_pk = add_corp(web.rows, "wwcorp")
    add_member(web.rows, corp_pk, "zhang")
    add_held_plan(web, corp_pk, "plan-1", state=plan_state, entry_state=entry_state)

    assert web.get("/corps/wwcorp/members")["items"][0]["held_plan_id"] is None


@pytest.mark.parametrize(
    ("corp_state", "member", "code"),
    [
        ("linked", {}, "none"),
        ("paused", {}, "resume_corp"),
        ("revoked", {}, "reauthorise_corp"),
        ("authorised", {}, "wait_for_link"),
        ("linked", {"state": "removed", "removal": "scope"}, "widen_scope"),
        ("linked", {"state": "removed", "removal": "deletion"}, "check_in_wecom"),
        ("linked", {"employment": "left"}, "enable_in_wecom"),
    ],
)
def test_why_names_the_next_step(
    web: Web, corp_state: str, member: dict[str, str], code: str
) -> None:
    corp_pk = add_corp(web.rows, "wwcorp", state=corp_state)
    add_member(web.rows, corp_pk, "zhang", **member)

    why = web.get("/corps/wwcorp/members/zhang/why")

    assert why["next_step"]["code"] == code


def add_held_plan(
    web: Web,
    corp_pk: int,
    plan_id: str,
    *,
    state: str = "held",
    entry_state: str = "waiting",
) -> None:
    insert(
        web.rows,
        "plans",
        plan_id=plan_id,
        corp_pk=corp_pk,
        kind="members",
        state=state,
        hash="h",
    )
    insert(
        web.rows,
        "plan_entries",
        plan_id=plan_id,
        position=0,
        corp_pk=corp_pk,
        key="member:zhang",
        decision="RemoveMember",
        before={},
        after={},
        reason="out_of_scope",
        state=entry_state,
    )


def _purge_name(web: Web, corp_id: str) -> str:
    sealed = keyring().seal(PSEUDONYM_KEY, place="app_key:pseudonym")
    insert(web.rows, "app_keys", name="pseudonym", sealed=sealed)
    return pseudonym(PSEUDONYM_KEY, corp_id=corp_id, name=corp_id)
