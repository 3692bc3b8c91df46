"""Several faults at once, and errcodes with a remedy of their own: none hides another.

What a person can do about an errcode stands beside it, on every page that shows one.
"""

from collections.abc import Iterator

import pytest

from tests.support.console.asking import Night, answers, bad_night
from tests.support.console.desk import marks_in, words_in
from tests.support.org.guarding import delete, guarded, staffed
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.webclient import add_corp, add_event, add_line, add_run, insert
from web.console.health.errcode_help import helps_in
from wecom.advice import ADVICE
from wecom.errors import Throttled, Unavailable, WeComError

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
    return night.bench.link_in_step(CORP, staffed(STAFF))


def refuse(night: Night, tenant: Tenant, fault: WeComError) -> None:
    """WeCom answers every question about members so, and the next try is far."""
    night.bench.post(tenant, said("update_user", f"member:{STAFF[0]}"))
    tenant.world.faults |= {"member": fault, "list": fault}
    night.bench.drain(tenant)
    night.bench.execute(
        "UPDATE mailboxes SET not_before = now() + interval '1 hour'"
        " WHERE not_before IS NOT NULL"
    )


def test_a_limit_and_held_removals_are_both_told_the_limit_first(
    night: Night, tenant: Tenant
) -> None:
    delete(tenant, STAFF[10:])
    night.bench.resync(tenant)
    refuse(night, tenant, Throttled("user/get", errcode=45009, wait_seconds=60.0))

    for path in ("/console/", HOME):
        page = night.desk.page(path)
        assert marks_in(page, "problem") == ["corp_blocked", "plan_held"]
    answers(
        night.desk,
        "/console/corps",
        en=r"Blocked: WeCom limit 45009",
        zh=r"受阻：企业微信频率限制 45009",
    )


def test_a_gap_comes_before_a_corp_that_somebody_paused(night: Night) -> None:
    add_corp(night.desk.rows, "wwpaused", name="Fabrikam", state="paused")
    insert(night.desk.rows, "gaps", reason="receivers_silent")

    page = night.desk.page("/console/")

    assert marks_in(page, "problem") == ["gap", "corp_blocked"]
    answers(
        night.desk,
        "/console/",
        en=r"Not in step: events may be getting lost, 1 blocked.*No receiver has been"
        r" heard of.*Paused by an operator: Fabrikam",
        zh=r"未同步：.*接收.*已被运维暂停：Fabrikam",
    )


def test_a_limit_and_a_permission_that_lacks_are_both_told_with_their_remedies(
    night: Night, tenant: Tenant
) -> None:
    refuse(night, tenant, Throttled("user/get", errcode=45009, wait_seconds=60.0))
    add_event(
        night.desk.rows,
        f"corp:{CORP}",
        "failed",
        error="user/list: wwnight: errcode 48002, api forbidden",
    )

    assert marks_in(night.desk.page("/console/"), "problem") == [
        "corp_blocked",
        "failures",
    ]
    answers(
        night.desk,
        "/console/",
        en=r"WeCom limit 45009, 1 waiting.*48002.*lacks this permission",
        zh=r"频率限制 45009，1 条等待.*48002.*缺少该权限",
    )


@pytest.mark.parametrize(
    ("code", "en", "zh"),
    [
        (60011, r"widen its visible range", r"扩大应用的可见范围"),
        (48002, r"lacks this permission", r"缺少该权限"),
        (50001, r"trusted domains", r"可信域名"),
        (45036, r"ask its support", r"联系企业微信客服"),
        (701008, r"licence", r"许可"),
    ],
)
def test_what_helps_with_an_errcode_stands_wherever_it_is_shown(
    night: Night, tenant: Tenant, code: int, en: str, zh: str
) -> None:
    error = f"user/get: wwnight: errcode {code}, some words"
    event_id = add_event(
        night.desk.rows,
        f"corp:{CORP}",
        "failed",
        key=f"member:{STAFF[0]}",
        error=error,
    )
    add_run(night.desk.rows, tenant.corp_pk, "run-x", state="failed", error=error)

    for path in (
        "/console/",
        HOME,
        "/console/events?q=state:failed",
        f"/console/events/{event_id}",
        "/console/runs/run-x",
        f"{HOME}/people/{STAFF[0]}",
    ):
        answers(night.desk, path, en=en, zh=zh)


def test_every_errcode_with_a_remedy_is_helped_with_in_both_languages() -> None:
    for code, advice in ADVICE.items():
        error = f"user/get: ww: errcode {code}, x"
        assert helps_in("en", error) == advice.en
        assert helps_in("zh-CN", error) == advice.zh
    assert helps_in("en", "KeyError") is None
    assert helps_in("en", None) is None
    assert helps_in("en", "user/get: ww: errcode 99999, x") is None


@pytest.mark.parametrize(
    "came",
    [
        "HTTP 301 (a redirect)",
        "no trusted TLS connection (SSLError)",
        "the answer is too large to be one",
        "HTTP 200 with an HTML page instead of a JSON object",
    ],
)
def test_what_comes_in_place_of_an_answer_is_told_in_its_words(
    night: Night, tenant: Tenant, came: str
) -> None:
    refuse(night, tenant, Unavailable(came, wait_seconds=60.0))

    for path in ("/console/", "/console/corps?show=blocked"):
        said_there = words_in(night.desk.page(path))
        assert f"WeCom does not answer ({came})" in said_there


def test_held_departments_are_told_as_departments_everywhere(
    night: Night, tenant: Tenant
) -> None:
    insert(
        night.desk.rows,
        "plans",
        corp_pk=tenant.corp_pk,
        plan_id="plan-d",
        kind="departments",
        hash="h",
    )
    for number in range(3):
        insert(
            night.desk.rows,
            "plan_entries",
            plan_id="plan-d",
            position=number,
            corp_pk=tenant.corp_pk,
            key=f"department:{number + 5}",
            decision="RemoveDepartment",
            before={"name": f"Team {number}"},
            after={},
            reason="not_found",
        )

    answers(
        night.desk, "/console/", en=r"3 removals of departments", zh=r"3 项部门移除"
    )
    answers(night.desk, "/console/plans", en=r"3 departments", zh=r"3 个部门")
    answers(
        night.desk,
        "/console/plans/plan-d",
        en=r"3 removals of departments wait for your decision",
        zh=r"3 项部门移除",
    )
    page = words_in(night.desk.page("/console/plans/plan-d"))
    assert "3 people" not in page


def test_a_run_that_found_only_what_no_event_had_announced_says_so(
    night: Night, tenant: Tenant
) -> None:
    run_id = night.bench.resync(tenant)
    tenant.world.truth = staffed([*STAFF, "woUnannounced"])

    run_id = night.bench.resync(tenant)
    night.bench.execute("UPDATE runs SET cause = 'schedule' WHERE run_id = %s", run_id)

    answers(
        night.desk,
        f"/console/runs/{run_id}",
        en=r"1 .*appl.*woUnannounced|woUnannounced",
        zh=r"woUnannounced",
    )
    page = words_in(night.desk.page(f"/console/runs/{run_id}"))
    assert "Nothing was different" not in page


def test_a_schedule_under_which_nothing_is_read_is_told_by_its_corps(
    night: Night, tenant: Tenant
) -> None:
    # Whoever has switched the schedule off has runs of none.
    night.desk.rows.execute(
        "UPDATE corps SET last_synced_at = now() - interval '3 days',"
        " linked_at = now() - interval '9 days'"
    )

    answers(
        night.desk,
        "/console/",
        en=r"Not in step: 1 corp was not read in full.*not read in full for 3 d"
        r".*resync it",
        zh=r"未同步：.*未全量同步.*重新同步",
    )
    assert marks_in(night.desk.page(HOME), "standing")[0] == "stale"


def test_of_two_clocks_one_leads_and_nothing_is_wrong(
    night: Night, tenant: Tenant
) -> None:
    night.desk.rows.execute(
        "INSERT INTO leases (mailbox, token, expires_at) VALUES"
        " ('clock', gen_random_uuid(), now() + interval '15 seconds')"
    )

    assert marks_in(night.desk.page("/console/"), "standing") == ["in_step"]


def test_a_cause_is_told_in_words_of_both_languages(
    night: Night, tenant: Tenant
) -> None:
    causes = [
        "install", "scope", "scope_probe", "schedule", "gap", "operator", "drain",
        "approval", "failed_barrier", "finding",
    ]  # fmt: skip

    for number, cause in enumerate(causes):
        add_run(
            night.desk.rows, tenant.corp_pk, f"run-c{number}", cause=cause, state="done"
        )

    zh = words_in(night.desk.page("/console/runs", language="zh-CN"))
    for cause in causes:
        assert f" {cause} " not in zh, cause


def test_a_line_about_a_department_says_the_word_once(
    night: Night, tenant: Tenant
) -> None:
    add_line(
        night.desk.rows,
        tenant.corp_pk,
        key="department:777",
        decision="AddDepartment",
        reason="announced",
        after={"parent_id": 1},
    )

    said_there = words_in(night.desk.page(HOME))

    assert "epartment department" not in said_there
