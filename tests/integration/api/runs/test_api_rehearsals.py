"""POST plan: an answer within 30 seconds, or where to look for it."""

import base64
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from domain.ids import RunId
from store.runs.runs import PLAN
from tests.support.org.histories import HOME, TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant
from tests.support.webclient import BEARER, Web, open_web
from web.api.runs import rehearsals
from wecom.errors import Revoked

CORP = "wpCorpA"


@pytest.fixture
def web(bench: Bench, database: str, redis_url: str) -> Iterator[Web]:
    key = base64.b64encode(b"k" * 32).decode()
    with open_web(database=database, redis_url=redis_url, SECRET_KEYS=key) as web:
        yield web


@pytest.fixture
def busy() -> Iterator[None]:
    """As many requests as one process lets wait are waiting already."""
    for _ in range(2):
        rehearsals._PATIENT.acquire()
    yield
    for _ in range(2):
        rehearsals._PATIENT.release()


def work(bench: Bench, tenant: Tenant) -> None:
    """A worker that makes the first plan that is asked for."""
    while not (wanted := bench.open_runs(tenant)):
        pass
    bench.work_on(wanted[0])


def ask(bench: Bench, tenant: Tenant, web: Web) -> Any:
    """What POST plan answers while a worker is there."""
    worker = threading.Thread(target=work, args=(bench, tenant))
    worker.start()
    answer = web.post(f"/corps/{CORP}/plan")
    worker.join()
    return answer


def test_a_plan_is_answered_with_its_decisions_and_cost(bench: Bench, web: Web) -> None:
    tenant = bench.link_in_step(CORP, company())
    Company(tenant.world).hire("woNew", TEAM)
    Company(tenant.world).change("woB", departments={HOME: 0}, main=HOME)

    answer = ask(bench, tenant, web)

    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["corp_id"], told["next"], told["holds"]) == (CORP, None, [])
    named = [(each["name"], each["key"], each["reason"]) for each in told["decisions"]]
    assert named == [
        ("AddMember", "member:woB", "full_read"),
        ("AddMember", "member:woNew", "full_read"),
        ("AskMember", "member:woB", "not_visible"),
        ("AskMember", "member:woNew", "not_visible"),
    ]
    assert told["decisions"][-1]["after"]["link"]["evidence"] == []
    assert told["cost"]["calls"] == told["cost"]["calls_resync"]
    assert told["cost"]["calls_lookups"] == 0
    assert told["lookups"]["people"] == 0
    assert web.get(f"/runs/{told['run_id']}/plan") == told
    run = web.get(f"/runs/{told['run_id']}")
    assert (run["cause"], run["state"], run["decisions"]) == (PLAN, "done", {})
    assert web.get(f"/corps/{CORP}/members")["items"] != []
    assert len(bench.org(tenant).members) == 3


def test_the_decisions_of_a_large_plan_come_in_parts(bench: Bench, web: Web) -> None:
    tenant = bench.link(CORP, company())
    told = ask(bench, tenant, web).get_json()
    path = f"/runs/{told['run_id']}/plan"

    first = web.get(path, limit=4)
    rest = web.get(path, limit=100, cursor=first["next"])

    assert first["decisions"] + rest["decisions"] == told["decisions"]
    assert rest["next"] is None
    assert web.status(path, limit=0) == web.status(path, cursor="x") == 400


def test_a_change_that_is_one_is_told_as_one_in_both_languages(
    bench: Bench, web: Web
) -> None:
    tenant = bench.link_in_step(CORP, company())
    for each in range(30):
        Company(tenant.world).hire(f"wo{each}", TEAM)

    [group] = ask(bench, tenant, web).get_json()["groups"]

    assert group["words"] == {
        "zh-CN": "30 位成员 加入；已请 30 位成员 关联 TAPD 帐号",
        "en": "30 members joined; 30 members were asked to link a TAPD account",
    }
    assert (group["count"], len(group["keys"])) == (30, 5)


@pytest.mark.usefixtures("busy")
def test_who_cannot_wait_is_told_where_to_look(bench: Bench, web: Web) -> None:
    tenant = bench.link_in_step(CORP, company())

    answer = web.post(f"/corps/{CORP}/plan")
    run_id = answer.get_json()["run_id"]
    early = web.status(f"/runs/{run_id}/plan")
    bench.work_on(RunId(run_id))

    assert (answer.status_code, early) == (202, 202)
    assert web.get(f"/runs/{run_id}/plan")["decisions"] == []
    assert tenant.corp_pk


@pytest.mark.usefixtures("busy")
def test_a_plan_that_could_not_be_made_says_why(bench: Bench, web: Web) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.faults["departments"] = Revoked(errcode=40084)
    run_id = web.post(f"/corps/{CORP}/plan").get_json()["run_id"]
    bench.work_on(RunId(run_id))

    answer = web.client.get(f"/api/v1/runs/{run_id}/plan", headers=BEARER)

    assert answer.status_code == 409
    assert "40084" in answer.get_json()["detail"]


def test_there_is_no_plan_of_a_resync_or_of_a_corp_that_is_not_linked(
    bench: Bench, web: Web
) -> None:
    tenant = bench.link_in_step(CORP, company())
    bench.link("wpOther", company(), state="paused")
    run_id = bench.request_run(tenant)

    assert web.status(f"/runs/{run_id}/plan") == 404
    assert web.status("/runs/none/plan") == 404
    assert web.post("/corps/wpOther/plan").status_code == 409
    assert web.post("/corps/unknown/plan").status_code == 404
