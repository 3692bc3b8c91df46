"""The ten questions of docs/operations.md: each fault is caused, each page asked.

Workers are real and work on real stores; WeCom is a double that misbehaves.
"""

from collections.abc import Iterator

import pytest

from tests.support.console.asking import (
    Night,
    answers,
    bad_night,
    leads_to,
    tell_worker,
)
from tests.support.console.desk import figures_in, marks_in
from tests.support.org.guarding import delete, guarded, staffed
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.receiving import (
    KEY,
    PROVIDER,
    SUITE,
    TOKEN,
    Draft,
    info,
    receiver_on,
    settings_for,
    wait_until,
)
from tests.support.webclient import add_run, insert
from wecom.errors import Throttled
from wecom.forensics import RefusalCause

CORP = "wwnight"
STAFF = [f"woStaff{number:02}" for number in range(30)]
HOME = f"/console/corps/{CORP}"


@pytest.fixture
def night(bench: Bench, database: str, redis_url: str) -> Iterator[Night]:
    with bad_night(
        guarded(bench, removals=5), database=database, redis_url=redis_url
    ) as night:
        yield night


@pytest.fixture
def tenant(night: Night) -> Tenant:
    """A corp in step, with thirty people."""
    return night.bench.link_in_step(CORP, staffed(STAFF))


def throttle(night: Night, tenant: Tenant) -> None:
    """WeCom refuses by its limit while mail waits."""
    for second, userid in enumerate(STAFF[:3]):
        night.bench.post(tenant, said("update_user", f"member:{userid}", second=second))
    limit = Throttled("user/get", errcode=45009, wait_seconds=60.0)
    # One by one, or their department's list: either is refused.
    tenant.world.faults |= {"member": limit, "list": limit}
    night.bench.drain(tenant)


def fail(night: Night, tenant: Tenant, userid: str, fault: Exception) -> None:
    """An event about somebody fails until it is given up."""
    night.bench.post(tenant, said("update_user", f"member:{userid}"))
    tenant.world.faults[f"member:{userid}"] = fault
    for _ in range(60):
        night.bench.make_due(tenant)
        night.bench.drain(tenant)


def test_is_everything_in_step_and_if_not_what_is_worst(
    night: Night, tenant: Tenant
) -> None:
    answers(night.desk, "/console/", en=r"In step: ", zh=r"已同步：1 家")
    assert marks_in(night.desk.page("/console/"), "standing") == ["in_step"]

    delete(tenant, STAFF[10:])
    night.bench.resync(tenant)
    throttle(night, tenant)

    page = night.desk.page("/console/")
    assert marks_in(page, "standing") == ["not_in_step"]
    assert marks_in(page, "problem") == ["corp_blocked", "plan_held"]
    answers(
        night.desk,
        "/console/",
        en=r"Not in step: 1 blocked.* goes on by itself.* approve or reject",
        zh=r"受阻.*会自动继续.*批准或驳回",
    )


def test_why_is_she_not_in_tapd(night: Night, tenant: Tenant) -> None:
    delete(tenant, STAFF[:20])
    night.bench.resync(tenant)
    [[plan_id]] = night.bench.execute("SELECT plan_id FROM plans")
    path = f"{HOME}/people/{STAFF[0]}"

    answers(
        night.desk,
        path,
        en=r"Next step: A removal of this person waits for an approval",
        zh=r"此人的移除待批准|移除.*待批准",
    )
    leads_to(night.desk, path, f"/console/plans/{plan_id}")


def test_which_corps_are_blocked_by_what_until_when(
    night: Night, tenant: Tenant
) -> None:
    throttle(night, tenant)

    answers(
        night.desk,
        "/console/corps?show=blocked",
        en=r"WeCom limit 45009.*3 waiting, next try [-0-9: ]{8,}",
        zh=r"企业微信频率限制 45009.*3 条等待，下次尝试 [-0-9: ]{8,}",
    )


def test_what_became_of_this_event(night: Night, tenant: Tenant) -> None:
    tenant.world.truth = staffed([*STAFF, "woNew"])
    first = night.bench.post(tenant, said("create_user", "member:woNew"))
    night.bench.post(tenant, said("update_user", "member:woNew", second=1))
    night.bench.settle(tenant)

    answers(
        night.desk,
        f"/console/events/{first}",
        en=r"Received, verified, opened.*Folded with one other.*WeCom was asked how"
        r" this person is.*joined.*(Done|Settled)",
        zh=r"已收到、验证、解密.*合并.*已询问企业微信此人.*加入.*(完成|一并处理)",
    )


def test_what_fails_since_when_and_is_it_one_cause(
    night: Night, tenant: Tenant
) -> None:
    for userid in STAFF[:2]:
        fail(night, tenant, userid, ZeroDivisionError())

    page = night.desk.page("/console/events?q=state:failed")
    # One line for both: it is one cause.
    assert page.count("ZeroDivisionError") >= 1
    answers(
        night.desk,
        "/console/events?q=state:failed",
        en=r"Failures.*ZeroDivisionError.* 2 1 [-0-9: ]{8,}",
        zh=r"失败按错误分组.*ZeroDivisionError.* 2 1 [-0-9: ]{8,}",
    )
    answers(night.desk, "/console/", en=r"2 events failed", zh=r"2 条事件失败")


def test_may_i_retry_all_of_it_and_what_would_that_cost(
    night: Night, tenant: Tenant
) -> None:
    for userid in STAFF[:2]:
        fail(night, tenant, userid, ZeroDivisionError())

    counted = night.desk.post("/console/events/retry-matching", q="state:failed")
    path = counted.headers["Location"]

    assert figures_in(night.desk.page(path)) == {"matching": "2", "done": "0"}
    answers(
        night.desk,
        path,
        en=r"A dry run: 2 events would be retried.*WeCom",
        zh=r"试算：将重试 2 条事件。尚未执行.*至少向企业微信询问",
    )


def test_who_would_be_removed_and_do_i_let_it_happen(
    night: Night, tenant: Tenant
) -> None:
    delete(tenant, STAFF[:20])
    night.bench.resync(tenant)
    [[plan_id]] = night.bench.execute("SELECT plan_id FROM plans")
    path = f"/console/plans/{plan_id}"

    answers(
        night.desk,
        path,
        en=r"20 removals of members wait for your decision.*Approve 20 removals",
        zh=r"20 .*移除.*批准",
    )
    page = night.desk.page(path)
    assert all(f"/people/{userid}" in page for userid in STAFF[:20])
    assert {"approve", "reject"} <= set(marks_in(page, "action"))


def test_when_is_this_read_over_and_what_has_it_found(
    night: Night, tenant: Tenant
) -> None:
    delete(tenant, STAFF[:20])
    run_id = night.bench.resync(tenant)
    add_run(
        night.desk.rows,
        tenant.corp_pk,
        "run-now",
        state="running",
        pages_read=3,
        pages_of=8,
    )
    night.desk.rows.execute(
        "UPDATE runs SET started_at = now() - interval '1 minute'"
        " WHERE run_id = 'run-now'"
    )

    answers(
        night.desk,
        f"/console/runs/{run_id}",
        en=r"0 applied, 20 wait",
        zh=r"生效 0 项，20 项等待",
    )
    answers(night.desk, "/console/runs/run-now", en=r"3.*8.*about .* left", zh=r"约剩")


def test_is_somebody_working_who_died_and_who_took_over(
    night: Night, tenant: Tenant
) -> None:
    tell_worker(night.bench.runtime.redis, "dead-1", silent_seconds=60)
    insert(
        night.desk.rows,
        "takeovers",
        mailbox=tenant.mailbox,
        dead_worker="dead-1",
        worker="alive-1",
        events=7,
    )

    answers(
        night.desk,
        "/console/queues",
        en=rf"dead at [-0-9: ]{{8,}}.*alive-1 took over 7 events of corp:{CORP}",
        zh=rf"死亡.*alive-1.*7.*corp:{CORP}|死亡.*corp:{CORP}.*7",
    )
    leads_to(night.desk, "/console/", "/console/queues")


def test_wecom_sends_and_we_refuse_which_setting_is_wrong(
    bench: Bench, database: str, redis_url: str
) -> None:
    settings = settings_for(database=database, redis_url=redis_url)
    ours = {
        "WECOM_SUITE_ID": SUITE,
        "WECOM_TOKEN": TOKEN,
        "WECOM_ENCODING_AES_KEY": KEY,
        "WECOM_PROVIDER_CORP_ID": PROVIDER,
    }
    redis = bench.runtime.redis

    with receiver_on(settings) as app:
        ticket = Draft(message=info("suite_ticket", SuiteTicket="t"))
        ticket.but(token="another").send(app.test_client())
        assert wait_until(
            lambda: any(redis.llen(f"refused:{each}") for each in RefusalCause)
        )
    with bad_night(bench, database=database, redis_url=redis_url, **ours) as night:
        answers(
            night.desk,
            "/console/refused",
            en=r"Compare WECOM_TOKEN",
            zh=r"WECOM_TOKEN",
        )
