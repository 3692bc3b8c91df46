"""Held plans by API: list, read, approve with the hash, reject."""

from collections.abc import Iterator

import pytest

from domain.decisions import Decision, DecisionName
from domain.ids import CorpId, CorpPk, member_key
from domain.reconcile.guard import RemovalEntry, RemovalKind, held_plan
from store.runs import plans
from store.sealing import DataKey
from tests.support.webclient import BEARER, Web, add_corp, open_web

LOST = ("woA", "woB")


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        yield web


def hold(web: Web, corp_id: str = "wwcorp") -> tuple[str, str]:
    """A held plan of two members; its id and hash."""
    corp_pk = CorpPk(add_corp(web.rows, corp_id))
    removals = [
        Decision(
            name=DecisionName.REMOVE_MEMBER,
            key=member_key(userid),
            before={"userid": userid, "departments": [2]},
            after={"state": "removed", "removal": "deletion"},
            reason="confirmed_by_listing",
        )
        for userid in LOST
    ]
    held = held_plan(
        corp_id=CorpId(corp_id),
        kind=RemovalKind.MEMBERS,
        entries=[
            RemovalEntry(kind=RemovalKind.MEMBERS, key=each.key, before=each.before)
            for each in removals
        ],
    )
    with web.rows.transaction():
        plan_id = plans.add(
            web.rows,
            corp_pk,
            held=held,
            decisions=removals,
            data_key=DataKey(bytes(32)),
        )
    return plan_id, held.hash


def test_a_held_plan_lists_each_removal_with_its_reason(web: Web) -> None:
    plan_id, digest = hold(web)

    listed = web.get("/plans", corp_id="wwcorp", state="held")

    [plan] = listed["items"]
    assert (plan["plan_id"], plan["hash"]) == (plan_id, digest)
    assert (plan["corp_id"], plan["state"]) == ("wwcorp", "held")
    assert plan["decisions"][0] == {
        "name": "RemoveMember",
        "key": "member:woA",
        "before": {"userid": "woA", "departments": [2]},
        "after": {"state": "removed", "removal": "deletion"},
        "reason": "confirmed_by_listing",
    }
    assert web.get(f"/plans/{plan_id}") == plan


def test_plans_of_other_corps_and_states_are_left_out(web: Web) -> None:
    hold(web)

    assert web.get("/plans", corp_id="wwother")["items"] == []
    assert web.get("/plans", state="approved")["items"] == []


def test_an_approval_names_the_run_that_carries_it_out(web: Web) -> None:
    plan_id, digest = hold(web)
    path = f"/api/v1/plans/{plan_id}/approve"

    first = web.client.post(path, json={"hash": digest}, headers=BEARER)
    again = web.client.post(path, json={"hash": digest}, headers=BEARER)

    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json == again.json
    assert first.json is not None
    assert web.get(f"/runs/{first.json['run_id']}")["cause"] == "approval"
    assert web.get(f"/plans/{plan_id}")["state"] == "approved"


@pytest.mark.parametrize("body", [{}, [], {"hash": 7}, {"hash": ""}])
def test_a_malformed_approval_is_422_and_approves_nothing(
    web: Web, body: object
) -> None:
    plan_id, _ = hold(web)

    answer = web.client.post(
        f"/api/v1/plans/{plan_id}/approve", json=body, headers=BEARER
    )

    assert answer.status_code == 422
    assert web.get(f"/plans/{plan_id}")["state"] == "held"


def test_another_hash_is_409(web: Web) -> None:
    plan_id, _ = hold(web)

    answer = web.client.post(
        f"/api/v1/plans/{plan_id}/approve", json={"hash": "0" * 64}, headers=BEARER
    )

    assert answer.status_code == 409


def test_a_rejected_plan_cannot_be_approved_any_more(web: Web) -> None:
    plan_id, digest = hold(web)

    rejected = web.client.post(f"/api/v1/plans/{plan_id}/reject", headers=BEARER)
    approved = web.client.post(
        f"/api/v1/plans/{plan_id}/approve", json={"hash": digest}, headers=BEARER
    )

    assert rejected.status_code == 200
    assert rejected.json is not None
    assert rejected.json["state"] == "rejected"
    assert approved.status_code == 409


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_an_unknown_plan_is_404(web: Web, action: str) -> None:
    answer = web.client.post(
        f"/api/v1/plans/nobody/{action}", json={"hash": "0"}, headers=BEARER
    )

    assert answer.status_code == 404
