"""Narrowed scope, departure, lost permission, cut-off read: told apart by evidence."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.org.histories import ROOT, TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.webclient import BEARER, Web, open_web
from wecom.errors import NotPermitted, NotVisible

CORP = "wpCorpA"


@pytest.fixture
def web(bench: Bench, database: str, redis_url: str) -> Iterator[Web]:
    key = base64.b64encode(b"k" * 32).decode()
    with open_web(database=database, redis_url=redis_url, SECRET_KEYS=key) as web:
        yield web


def why(web: Web, userid: str = "woA") -> Any:
    return web.get(f"/corps/{CORP}/members/{userid}/why")


def run_error(bench: Bench) -> str | None:
    [[error]] = bench.execute(
        "SELECT error FROM runs ORDER BY created_at DESC, run_id LIMIT 1"
    )
    return str(error) if error else None


def linked(bench: Bench) -> Tenant:
    """A corp whose people are all in the scope."""
    truth = company()
    truth.allow_departments = frozenset({ROOT})
    return bench.link_in_step(CORP, truth)


def test_a_narrowed_scope_removes_and_says_to_widen_it(bench: Bench, web: Web) -> None:
    tenant = linked(bench)
    Company(tenant.world).authorise(allow_departments=frozenset({4}))

    bench.resync(tenant)

    told = why(web)
    assert told["state"] == "removed"
    assert told["finding"]["code"] == "narrowed_scope"
    assert told["finding"]["evidence"]["scope"] == "leaves_out"
    assert told["next_step"]["code"] == "widen_scope"
    assert run_error(bench) is None


def test_a_departure_removes_and_names_the_list_that_lacks_the_person(
    bench: Bench, web: Web
) -> None:
    tenant = linked(bench)
    Company(tenant.world).leave("woA")

    bench.resync(tenant)

    told = why(web)
    assert told["finding"]["code"] == "departed"
    evidence = told["finding"]["evidence"]
    assert (evidence["user_get"], evidence["scope"]) == (60111, "covers")
    assert evidence["missing_from"] == [f"department:{TEAM}"]
    assert told["next_step"]["code"] == "check_in_wecom"
    [line] = web.get(f"/corps/{CORP}/journal", key="member:woA", limit=10)["items"][-1:]
    assert line["after"]["evidence"] == evidence


@pytest.mark.parametrize("state", ["held", "rejected"])
def test_whom_a_person_keeps_outside_the_scope_is_not_called_usable(
    bench: Bench, web: Web, state: str
) -> None:
    tenant = linked(bench)
    usable = why(web)["scope"]["usable"]
    bench.execute('UPDATE companies SET guard = \'{"switch": "on", "ceiling": 0}\'')
    Company(tenant.world).authorise(allow_departments=frozenset({4}))
    bench.resync(tenant)
    bench.execute("UPDATE plans SET state = %s", state)

    told = why(web)

    assert told["state"] == "active"
    assert told["finding"]["code"] == "narrowed_scope"
    assert (usable, told["scope"]["usable"]) == (True, False)


@pytest.mark.parametrize("state", ["held", "rejected"])
def test_a_removal_that_a_person_keeps_from_being_done_says_what_was_found(
    bench: Bench, web: Web, state: str
) -> None:
    tenant = linked(bench)
    bench.execute('UPDATE companies SET guard = \'{"switch": "on", "ceiling": 0}\'')
    Company(tenant.world).leave("woA")
    bench.resync(tenant)
    bench.execute("UPDATE plans SET state = %s", state)

    told = why(web)

    assert told["state"] == "active"
    assert told["finding"]["code"] == "departed"
    assert told["finding"]["evidence"]["user_get"] == 60111
    assert (told["next_step"]["code"] == "decide_plan") == (state == "held")


def test_a_link_that_ends_later_does_not_hide_why_somebody_is_gone(
    bench: Bench, web: Web
) -> None:
    tenant = linked(bench)
    Company(tenant.world).leave("woA")
    bench.resync(tenant)

    bench.execute(
        "INSERT INTO journal (corp_pk, cause, decision, key, reason, before, after)"
        " VALUES (%s, 'mail', 'Unlink', 'member:woA', 'unlinked', '{}', '{}')",
        tenant.corp_pk,
    )

    assert why(web)["finding"]["code"] == "departed"


def test_a_lost_permission_decides_nothing_and_says_what_to_restore(
    bench: Bench, web: Web
) -> None:
    tenant = linked(bench)
    before = bench.written(tenant)
    tenant.world.faults[f"list:{TEAM}"] = NotPermitted(errcode=48002)
    for userid in ("woA", "woa"):
        tenant.world.faults[f"member:{userid}"] = NotVisible(errcode=60011)

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert [row[0] for row in before] == [row[0] for row in bench.written(tenant)]
    told = why(web)
    assert told["state"] == "active"
    assert told["finding"]["code"] == "lost_permission"
    assert told["finding"]["evidence"]["user_get"] == 60011
    assert told["finding"]["evidence"]["refused_lists"] == [f"department:{TEAM}"]
    assert told["next_step"]["code"] == "restore_permission"
    assert "lost_permission" in (run_error(bench) or "")


def test_a_cut_off_read_decides_nothing_and_is_read_again(
    bench: Bench, web: Web
) -> None:
    tenant = linked(bench)
    # The list shows everybody but one, and the question about that one is refused.
    tenant.world.faults["member:woA"] = NotVisible(errcode=60111)
    bench.post(tenant, said("update_user", "member:woA"))

    bench.settle(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    told = why(web)
    assert told["finding"]["code"] == "cut_off_read"
    assert told["next_step"]["code"] == "read_again"


def test_what_was_found_is_forgotten_when_wecom_shows_the_person(
    bench: Bench, web: Web
) -> None:
    tenant = linked(bench)
    tenant.world.faults["member:woA"] = NotVisible(errcode=60011)
    tenant.world.faults[f"list:{TEAM}"] = NotPermitted(errcode=60011)
    bench.resync(tenant)
    assert why(web)["finding"]["code"] == "lost_permission"
    tenant.world.faults.clear()

    bench.resync(tenant)

    assert why(web)["finding"] is None
    assert run_error(bench) is None


@pytest.mark.parametrize(
    ("fault", "empty", "finding"),
    [
        (NotVisible(errcode=60011), False, "lost_permission"),
        (NotPermitted(errcode=48002), False, "lost_permission"),
        (None, True, "cut_off_read"),
    ],
)
def test_a_list_of_departments_that_is_refused_or_empty_says_which(
    bench: Bench, fault: Exception | None, empty: bool, finding: str
) -> None:
    tenant = linked(bench)
    before = bench.written(tenant)
    if fault is not None:
        tenant.world.faults["departments"] = fault
    if empty:
        tenant.world.empty = {"departments"}
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)

    assert bench.written(tenant) == before
    run = bench.run(run_id)
    assert run["state"] == "running"
    assert finding in run["error"]


def test_a_departure_that_an_admin_approved_is_still_one(
    bench: Bench, web: Web
) -> None:
    tenant = linked(bench)
    bench.execute(
        'UPDATE companies SET guard = \'{"switch": "on", "removals": 0, "share": 0.0}\''
    )
    Company(tenant.world).leave("woA")
    bench.resync(tenant)
    [[plan_id]] = bench.execute("SELECT plan_id FROM plans")
    plan = web.get(f"/plans/{plan_id}")
    web.client.post(
        f"/api/v1/plans/{plan_id}/approve",
        json={"hash": plan["hash"]},
        headers=BEARER,
    )

    bench.settle(tenant)

    assert plan["decisions"][0]["after"]["evidence"]["user_get"] == 60111
    told = why(web)
    assert (told["state"], told["last_change"]["reason"]) == ("removed", "approved")
    assert told["finding"]["code"] == "departed"
