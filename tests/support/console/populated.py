"""A company as a bad night finds it: one of everything that a page can show."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import redis as redis_client
from psycopg.types.json import Jsonb

from domain.roles import Role
from store.database import transaction
from store.platform import audit, operators
from store.platform.audit import OperatorAct
from tests.support.console.browsing import Site
from tests.support.console.desk import csrf_in
from tests.support.console.populated_previews import add_asked_event, fill_previews
from tests.support.people.linking_rows import (
    ACCOUNT,
    COMPANY,
    TOKEN,
    add_account,
    add_link,
    add_notice,
    add_signed_in,
)
from tests.support.people.live_web import Live, live_web
from tests.support.people.relying import add_party
from tests.support.webclient import (
    API_TOKEN,
    BEARER,
    add_corp,
    add_department,
    add_event,
    add_line,
    add_member,
    add_run,
    insert,
)

CORP = "wwcorp"
LONG_ID = "wo" + "Q" * 62
NOW = datetime.now(UTC)
_PEOPLE = (
    "王芳",
    "李娜",
    "陈伟",
    "刘洋",
    "杨静",
    "赵磊",
    "黄敏",
    "周涛",
    "吴霞",
    "徐强",
)
_PLACES = ((2, 1, "研发中心"), (3, 2, "平台组"), (4, 2, "测试组"), (5, 1, "销售部"))
ERROR = "user/get: errcode 60011, no privilege to access/modify contact/party/agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """The web over that company, and how the addresses of its pages are filled."""

    live: Live
    site: Site
    names: dict[str, str]
    signs_in: str
    installs: str

    @property
    def rows(self) -> Any:
        """A connection for rows."""
        return self.live.visit.web.rows


@contextmanager
def night(*, database: str, redis_url: str, **settings: str) -> Iterator[Night]:
    """That company, and a browser's cookies of an operator and of its member."""
    with live_web(database=database, redis_url=redis_url, **settings) as live:
        web = live.visit.web
        corp_pk, member_pk = add_signed_in(live.visit)
        _operator(live)
        names = _fill(live, corp_pk, member_pk)
        with redis_client.Redis.from_url(redis_url) as redis:
            _workers(redis)
        wish = web.client.post(
            "/api/v1/install-intents",
            json={"company_id": "20009", "admin_account_id": "admin-1"},
            headers=BEARER,
        )
        address = urlsplit(wish.get_json()["url"])
        yield Night(
            live=live,
            site=Site(web=web, address=live.url),
            names=names,
            signs_in=add_party(live.visit).asks(),
            installs=f"{address.path}?{address.query}",
        )


def _operator(live: Live) -> None:
    form = live.visit.client.get("/console/sign-in").text
    live.visit.client.post(
        "/console/sign-in", data={"token": API_TOKEN, "csrf_token": csrf_in(form)}
    )


def _fill(live: Live, corp_pk: int, member_pk: int) -> dict[str, str]:
    rows = live.visit.web.rows
    add_account(live.visit)
    add_link(live.visit, (corp_pk, member_pk), "linked", account_id=ACCOUNT)
    add_notice(live.visit, (corp_pk, member_pk))
    insert(rows, "companies", company_id="20009", name="Northwind", origin="tapd")
    rows.execute(
        "UPDATE corps SET name = '示例科技', last_synced_at = %s, agent_id = 7,"
        " scope = %s WHERE corp_pk = %s",
        [NOW, Jsonb({"departments": [1], "members": [], "tags": []}), corp_pk],
    )
    _org(rows, corp_pk)
    _runs(rows, corp_pk)
    event_id = _events(rows)
    _others(rows)
    act_id = insert(
        rows,
        "company_acts",
        returning="act_id",
        corp_pk=corp_pk,
        kind="unlink",
        form="form-1",
        done_by="operator",
        told={"member_pks": [member_pk], "account_id": ACCOUNT, "outcome": "stale"},
    )
    _desk(live)
    fill_previews(live.visit.web, corp_pk)
    return {
        "corp_id": CORP,
        "userid": "fang",
        "plan_id": "plan-a",
        "run_id": "run-1",
        "event_id": str(event_id),
        "asked_event": str(add_asked_event(rows)),
        "batch_id": "batch-1",
        "act_id": str(act_id),
        "token": TOKEN,
        "name": "li",
        "tag": "en",
        "filename": "operators.css",
    }


def _desk(live: Live) -> None:
    """Another operator, and what was done."""
    services = live.visit.web.app.extensions["sync-services"]
    with transaction(services.pool) as connection:
        operators.create(connection, "li", token="t" * 43, role=Role.VIEWER)
        act = OperatorAct(
            actor="li",
            role=Role.OPERATOR,
            act="pause",
            target=f"corp:{CORP}",
            reason="the admin asked for it",
            corp_id=CORP,
            before={"state": "linked"},
            after={"state": "paused"},
        )
        audit.record(connection, act, keyring=services.keyring)


def _org(rows: Any, corp_pk: int) -> None:
    add_department(rows, corp_pk, 1, name="示例科技")
    for order, (department_id, parent_id, name) in enumerate(_PLACES):
        add_department(
            rows,
            corp_pk,
            department_id,
            parent_id=parent_id,
            name=name,
            sort_order=order,
        )
    for number, name in enumerate(_PEOPLE):
        where = 2 + number % 4
        userid = "fang" if number == 0 else f"user-{number}"
        _person(rows, corp_pk, userid, name=name, departments=[where], number=number)
    add_member(rows, corp_pk, LONG_ID, departments=[1])
    add_member(rows, corp_pk, "single", name="An Employee of No Department At All")


def _person(
    rows: Any,
    corp_pk: int,
    userid: str,
    *,
    name: str,
    departments: list[int],
    number: int,
) -> None:
    details = {"mobile": f"138000056{number:02}", "email": f"{userid}@example.com"}
    member_pk = add_member(
        rows, corp_pk, userid, name=name, departments=departments, details=details
    )
    state = ("conflict", "pending", "linked", "unlinked")[number % 4]
    if state == "linked":
        insert(rows, "accounts", account_id=f"11{number}", nick=name)
    insert(
        rows,
        "links",
        corp_pk=corp_pk,
        member_pk=member_pk,
        company_id=COMPANY,
        state=state,
        reason="several_accounts" if state == "conflict" else "not_visible",
        asks="link" if state == "pending" else None,
        account_id=f"11{number}" if state == "linked" else None,
    )
    add_line(rows, corp_pk, key=f"member:{userid}", after={"departments": departments})
    sent = ("sent", "queued", "undeliverable", "unknown", "dropped")[number % 5]
    insert(
        rows,
        "notices",
        corp_pk=corp_pk,
        member_pk=member_pk,
        company_id=COMPANY,
        kind="link",
        round=1,
        origin="sync",
        state=sent,
    )


def _runs(rows: Any, corp_pk: int) -> None:
    add_run(
        rows, corp_pk, "run-1", state="held", cause="cron", started_at=NOW, ended_at=NOW
    )
    add_run(rows, corp_pk, "run-2", state="failed", error=ERROR, ended_at=NOW)
    add_run(rows, corp_pk, "run-3", state="running", pages_read=3, pages_of=8)
    insert(
        rows, "plans", corp_pk=corp_pk, plan_id="plan-a", kind="members", hash="h" * 64
    )
    insert(
        rows,
        "plans",
        corp_pk=corp_pk,
        plan_id="plan-b",
        kind="members",
        hash="h",
        state="rejected",
        decided_by="li",
        decided_at=NOW,
    )
    for position in range(1, 41):
        insert(
            rows,
            "plan_entries",
            plan_id="plan-a",
            position=position,
            corp_pk=corp_pk,
            key=f"member:{'fang' if position == 1 else f'left-{position}'}",
            decision="RemoveMember",
            before={"removal": None, "name": "王芳"},
            after={"removal": "scope"},
            reason="out_of_scope" if position % 2 else "not_found",
        )
    for number in range(6):
        add_line(
            rows,
            corp_pk,
            cause="run",
            run_id="run-1",
            decision="MoveMember",
            key=f"member:user-{number + 1}",
            reason="full_read",
            before={"departments": [2]},
            after={"departments": [3]},
        )


def _events(rows: Any) -> int:
    box = f"corp:{CORP}"
    for number in range(12):
        at = NOW - timedelta(minutes=number)
        add_event(rows, box, "failed", error=ERROR, key="member:fang", received_at=at)
    add_event(rows, box, "done", key=f"member:{LONG_ID}", times_seen=3, done_at=NOW)
    add_event(rows, box, "parked", key="department:2", error="KeyError")
    add_event(rows, box, "ignored", kind="unknown_kind", key="corp", done_at=NOW)
    add_event(rows, box, "pending")
    insert(
        rows,
        "retry_batches",
        batch_id="batch-1",
        made_by="li",
        query="state:failed",
        wanted=Jsonb({"state": "failed"}),
        matching=12,
        mailboxes=1,
        keys=1,
        per_minute=600,
        up_to_id=1_000,
    )
    return add_event(rows, box, "failed", error=ERROR, key="member:fang", attempts=8)


def _others(rows: Any) -> None:
    """Other corps, each in a trouble of its own, and what the clock wrote."""
    late = NOW - timedelta(days=3)
    add_corp(rows, "wwblocked", name="Contoso", last_synced_at=late)
    insert(
        rows,
        "mailboxes",
        mailbox="corp:wwblocked",
        waits_for="throttle",
        not_before=NOW + timedelta(hours=1),
        error="user/get: wwblocked: errcode 45009, our own words",
    )
    add_event(rows, "corp:wwblocked", "pending", received_at=late)
    add_corp(rows, "wwpaused", name="Fabrikam", state="paused", last_synced_at=late)
    add_corp(rows, "wwnew", state="authorised")
    for number in range(60):
        insert(
            rows,
            "samples",
            step_seconds=15,
            at=NOW - timedelta(seconds=15 * number),
            figures={
                "arrived": 90_000 - 97 * number,
                "events": 40 + number % 7 * 9,
                "oldest": number % 9,
            },
        )
    _alerts(rows)


def _alerts(rows: Any) -> None:
    alert_id = insert(
        rows,
        "alerts",
        returning="alert_id",
        kind="corp_blocked",
        subject="corp_blocked:wwblocked",
        corp_id="wwblocked",
        reason="throttle",
        number=5,
    )
    for state, outcome in (("sent", "204"), ("failed", "timeout")):
        insert(
            rows,
            "alert_deliveries",
            alert_id=alert_id,
            said="raised",
            channel="webhook",
            state=state,
            outcome=outcome,
            ended_at=NOW,
        )
    insert(
        rows,
        "takeovers",
        mailbox=f"corp:{CORP}",
        dead_worker="worker-dead-1",
        worker="worker-alive-1",
        events=7,
    )


def _workers(redis: redis_client.Redis) -> None:
    for name, silent_seconds in (("worker-alive-1", 0), ("worker-dead-1", 60)):
        seen = int(redis.time()[0]) - silent_seconds
        about = {
            "host": "sync-worker-7f9c",
            "pid": 7,
            "queues": ["events", "notices"],
            "started_at": seen - 500,
            "threads": [["one", f"drain corp:{CORP}", 2.0, 3], ["two", "", 0, 9]],
        }
        redis.hset("workers:known", name, f"{seen}:{json.dumps(about)}")
