"""Faults that no list names: the console neither is silent about one nor misleads.

Each is caused, then asked about in both languages: the first page names it with what to
do, its link leads to a page, and the corp's own page does not say that all is well.
"""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from tests.support.console.asking import Night, answers, bad_night
from tests.support.console.desk import marks_in
from tests.support.org.guarding import guarded, staffed
from tests.support.org.pipeline import Bench, Event, Tenant, said
from tests.support.webclient import add_corp, add_event, insert
from wecom.errors import (
    Misconfigured,
    NotPermitted,
    OddAnswer,
    Paused,
    Revoked,
    Throttled,
    TicketMissing,
    Unavailable,
    WeComError,
)

CORP = "wwnight"
STAFF = [f"woStaff{number:02}" for number in range(6)]


@pytest.fixture
def night(bench: Bench, database: str, redis_url: str) -> Iterator[Night]:
    with bad_night(guarded(bench), database=database, redis_url=redis_url) as night:
        yield night


@pytest.fixture
def tenant(night: Night) -> Tenant:
    return night.bench.link_in_step(CORP, staffed(STAFF))


def expect_told(night: Night, kind: str, *, en: str, zh: str) -> None:
    """The first page tells a problem of this kind so, and leads to pages alone."""
    page = night.desk.page("/console/")
    assert kind in marks_in(page, "problem")
    answers(night.desk, "/console/", en=en, zh=zh)
    problems = page.partition('class="problems"')[2].partition("</ol>")[0]
    for address in re.findall(r'href="([^"]*)"', problems):
        assert night.desk.get(unescape(address)).status_code == 200, address


def drain_and_stop_the_clock(night: Night, tenant: Tenant) -> None:
    """Drain once; the next try, whenever it were, is an hour away."""
    night.bench.drain(tenant)
    night.bench.execute(
        "UPDATE mailboxes SET not_before = now() + interval '1 hour'"
        " WHERE not_before IS NOT NULL"
    )
    night.bench.execute("UPDATE pauses SET until = now() + interval '1 hour'")


def not_well(night: Night, corp_id: str = CORP) -> None:
    """The corp's own page says so, too."""
    page = night.desk.page(f"/console/corps/{corp_id}")
    assert marks_in(page, "standing")[0] not in {"in_step", "behind"}


@pytest.mark.parametrize(
    ("fault", "en", "zh"),
    [
        pytest.param(
            Unavailable("HTTP 502", wait_seconds=60.0),
            r"WeCom does not answer \([^)]+\), 1 waiting, next try",
            r"企业微信无响应（[^）]+），1 条等待，下次尝试",
            id="its servers are down",
        ),
        pytest.param(
            Misconfigured("not allow ip", errcode=60020),
            r"a setting is wrong \(WeCom says 60020\).*manage.py doctor",
            r"某项设置有误（企业微信返回 60020）.*manage.py doctor",
            id="our address is not on its list",
        ),
        pytest.param(
            TicketMissing(),
            r"no suite ticket, 1 waiting",
            r"没有 suite_ticket，1 条等待",
            id="the ticket never came",
        ),
        pytest.param(
            Paused("closed", errcode=50003),
            r"the WeCom admin has closed the app, 1 waiting",
            r"应用在企业微信中被停用|管理员停用了应用",
            id="the admin closed the app",
        ),
        pytest.param(
            Revoked("gone", errcode=40084),
            r"says the app was removed|refuses our code",
            r"称应用已被移除|拒绝我们的授权码",
            id="the code is refused and nobody said why",
        ),
        pytest.param(
            Throttled("ip", errcode=45033, wait_seconds=60.0),
            r"WeCom limit 45033, 1 waiting",
            r"频率限制 45033，1 条等待",
            id="another limit than the usual one",
        ),
    ],
)
def test_what_wecom_does_to_a_corp_is_told_with_what_to_do(
    night: Night, tenant: Tenant, fault: WeComError, en: str, zh: str
) -> None:
    night.bench.post(tenant, said("update_user", f"member:{STAFF[0]}"))
    tenant.world.faults |= {"member": fault, "list": fault, "auth_info": fault}

    drain_and_stop_the_clock(night, tenant)

    expect_told(night, "corp_blocked", en=en, zh=zh)
    not_well(night)


def test_a_read_that_may_not_see_departments_is_told_by_its_errcode(
    night: Night, tenant: Tenant
) -> None:
    tenant.world.faults["departments"] = NotPermitted("no privilege", errcode=60011)
    run_id = night.bench.request_run(tenant)
    for _ in range(30):
        night.bench.make_due(tenant)
        night.bench.work_on(run_id)

    expect_told(
        night,
        "failures",
        en=r"a full read has failed 30 times and is tried again [-0-9: ]{8,}.*60011",
        zh=r"全量同步已失败 30 次，将于 [-0-9: ]{8,}\s?重试.*60011",
    )
    not_well(night)
    answers(night.desk, f"/console/runs/{run_id}", en=r"60011", zh=r"60011")


def test_webhooks_of_a_company_that_fail_are_told_as_that_companys(
    night: Night, tenant: Tenant
) -> None:
    add_event(
        night.desk.rows, "company:7", "failed", kind="story::update", error="KeyError"
    )

    expect_told(
        night,
        "failures",
        en=r"company:7: 1 event failed, at",
        zh=r"company:7：1 条事件在 [-0-9: ]{8,}\s?失败",
    )


def test_mail_of_a_corp_that_nobody_knows_is_told_and_leads_somewhere(
    night: Night,
) -> None:
    add_event(
        night.desk.rows, "corp:wwnobody", "pending", received_at="2026-01-05T00:00:00Z"
    )

    expect_told(night, "oldest_too_old", en=r"wwnobody", zh=r"wwnobody")


def test_an_odd_answer_about_somebody_is_told_on_her_page(
    night: Night, tenant: Tenant
) -> None:
    night.bench.post(tenant, said("update_user", f"member:{STAFF[0]}"))
    odd = OddAnswer("department: not a list", wait_seconds=60.0)
    tenant.world.faults |= {"member": odd, "list": odd}

    night.bench.drain(tenant)

    page = night.desk.page(f"/console/corps/{CORP}/people/{STAFF[0]}")
    assert marks_in(page, "next")[0] in {"read_again", "wait_for_event"}


def test_mail_of_a_corp_that_is_not_linked_says_what_it_waits_for(
    night: Night,
) -> None:
    add_corp(night.desk.rows, "wwearly", state="authorised")
    event_id = add_event(night.desk.rows, "corp:wwearly", "parked", key="member:woA")

    answers(
        night.desk,
        f"/console/events/{event_id}",
        en=r"Parked.*waits until the corp is linked",
        zh=r"搁置.*等待企业关联",
    )
    answers(
        night.desk,
        "/console/corps/wwearly",
        en=r"waits to be linked",
        zh=r"已安装，等待关联",
    )


def test_a_plan_of_departments_is_told_as_one(night: Night, tenant: Tenant) -> None:
    insert(
        night.desk.rows,
        "plans",
        corp_pk=tenant.corp_pk,
        plan_id="plan-d",
        kind="departments",
        hash="h",
    )
    insert(
        night.desk.rows,
        "plan_entries",
        plan_id="plan-d",
        position=0,
        corp_pk=tenant.corp_pk,
        key="department:3",
        decision="RemoveDepartment",
        before={},
        after={},
        reason="out_of_scope",
    )

    expect_told(
        night,
        "plan_held",
        en=r"1 removal of a department waits for approval",
        zh=r"1 项部门移除待批准",
    )
    not_well(night)


def test_a_corp_that_was_never_read_is_told_as_that(night: Night) -> None:
    add_corp(night.desk.rows, "wwnever", name="Acme", linked_at="2026-01-05T00:00:00Z")

    expect_told(
        night,
        "corp_stale",
        en=r"Acme: never read in full, linked at",
        zh=r"Acme：从未全量同步，关联于",
    )


def test_a_withdrawal_that_wecom_denies_is_told_as_ignored(
    night: Night, tenant: Tenant
) -> None:
    event_id = night.bench.post(tenant, Event(kind="cancel_auth", key="corp"))
    night.bench.settle(tenant)

    answers(
        night.desk,
        f"/console/events/{event_id}",
        en=r"Ignored: ",
        zh=r"忽略[^。]+。",
    )
    answers(night.desk, "/console/", en=r"In step: ", zh=r"已同步：1 家")
