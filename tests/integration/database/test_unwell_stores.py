"""Stores that answer and are not well: the first page says which, and what to do.

Redis that takes nothing in, Postgres that is read-only, clocks that differ, duties of
upkeep that fail, threads that hang, a ticket that never came, a TAPD that refuses.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import redis as redis_client

from store.database import transaction
from store.health.kinds import Problem, ProblemKind, limits_of
from store.health.problems import list_problems
from store.health.stores import clocks_apart
from store.retention.partitions import INBOX, week_of
from tests.support.console.asking import Night, answers, bad_night
from tests.support.console.desk import marks_in
from tests.support.org.guarding import guarded, staffed
from tests.support.org.pipeline import Bench, Tenant
from tests.support.webclient import add_corp, insert
from web.console.health.telling import tell
from workers.failing import FailingJobs
from workers.upkeep import jobs
from workers.upkeep.jobs import Job

CORP = "wwnight"
CRON = "0 2 * * *"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def night(bench: Bench, database: str, redis_url: str) -> Iterator[Night]:
    with bad_night(guarded(bench), database=database, redis_url=redis_url) as night:
        yield night


@pytest.fixture
def tenant(night: Night) -> Tenant:
    return night.bench.link_in_step(CORP, staffed(["woA", "woB"]))


def expect_first(night: Night, kind: str, *, en: str, zh: str) -> None:
    """The first page tells this before all else, and its link leads to a page."""
    page = night.desk.page("/console/")
    assert marks_in(page, "standing") == ["not_in_step"]
    assert marks_in(page, "problem")[0] == kind
    answers(night.desk, "/console/", en=en, zh=zh)
    problems = page.partition('class="problems"')[2].partition("</ol>")[0]
    for address in re.findall(r'href="([^"]*)"', problems):
        assert night.desk.get(unescape(address)).status_code == 200, address


@contextmanager
def full(redis: Any) -> Iterator[None]:
    """Redis has no room left, and throws nothing out."""
    before = redis.config_get("maxmemory*")
    redis.config_set("maxmemory-policy", "noeviction")
    redis.config_set("maxmemory", 1)
    try:
        yield
    finally:
        redis.config_set("maxmemory", before["maxmemory"])
        redis.config_set("maxmemory-policy", before["maxmemory-policy"])


@contextmanager
def replica(redis: Any) -> Iterator[None]:
    """Redis follows another one, which is not there, and takes no writes meanwhile."""
    redis.replicaof("127.0.0.1", 1)
    try:
        yield
    finally:
        redis.replicaof("NO", "ONE")


@pytest.mark.parametrize(("fault", "says"), [(full, "OOM"), (replica, "READONLY")])
def test_a_redis_that_takes_nothing_in_is_told_as_that(
    night: Night, tenant: Tenant, fault: Any, says: str
) -> None:
    redis = night.bench.runtime.redis

    with fault(redis):
        expect_first(
            night,
            "stores",
            en=rf"Redis takes nothing in \({says}\).*{says}: ",
            zh=rf"Redis 拒绝写入（{says}）.*{says}：",
        )
        for path in ("/console/queues", "/console/events", f"/console/corps/{CORP}"):
            assert night.desk.get(path).status_code == 200, path

    assert marks_in(night.desk.page("/console/"), "standing") == ["in_step"]


def test_a_look_at_redis_leaves_nothing_there(night: Night, tenant: Tenant) -> None:
    night.desk.page("/console/")

    assert night.bench.runtime.redis.keys("health:*") == []


@pytest.mark.parametrize(
    ("clocks", "off"),
    [
        ({"postgres": NOON, "redis": NOON, "here": NOON}, None),
        (
            {
                "postgres": NOON + timedelta(hours=1),
                "redis": NOON,
                "here": NOON + timedelta(seconds=5),
            },
            ("postgres", 3595.0),
        ),
        (
            {"postgres": NOON, "redis": NOON - timedelta(hours=1), "here": NOON},
            ("redis", 3600.0),
        ),
        (
            {"postgres": NOON, "redis": NOON, "here": NOON - timedelta(minutes=2)},
            ("here", 120.0),
        ),
        ({"postgres": NOON, "redis": None, "here": NOON}, None),
        ({"postgres": NOON, "redis": None, "here": None}, None),
        ({"postgres": NOON, "redis": NOON + timedelta(seconds=59), "here": NOON}, None),
    ],
)
def test_of_clocks_that_differ_the_odd_one_is_named(
    clocks: dict[str, datetime | None], off: tuple[str, float] | None
) -> None:
    assert clocks_apart(clocks) == off


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_an_hour_off_is_told_with_whose_it_is(
    night: Night, tenant: Tenant, hours: int
) -> None:
    # Postgres and Redis agree: it is the one who asks.
    now = datetime.now(UTC) + timedelta(hours=hours)
    limits = limits_of("suite", cron=CRON, now=now)
    with transaction(night.bench.runtime.pool) as connection:
        found = list_problems(connection, night.bench.runtime.redis, limits)

    [clock] = [each for each in found if each.kind is ProblemKind.STORES]
    assert clock.reason == "clock_here"
    assert 3_500 < clock.number < 3_700
    for reason in ("clock_here", "clock_postgres", "clock_redis"):
        said = in_both(night, replace(clock, reason=reason))
        assert "NTP" in said["en"]
        assert "NTP" in said["zh-CN"]
        assert "1 h" in said["en"] or "59 min" in said["en"] or "60 min" in said["en"]


def in_both(night: Night, problem: Problem) -> dict[str, str]:
    """A problem in words, in each language."""
    app = night.desk.web.app
    said = {}
    for language in ("en", "zh-CN"):
        with app.test_request_context(headers={"Accept-Language": language}):
            told = tell(problem, datetime.now(UTC))
            said[language] = f"{told.what} {told.next_step}"
    return said


def test_the_partition_of_a_coming_week_that_cannot_be_made_is_told(
    night: Night, tenant: Tenant
) -> None:
    far = INBOX.name_of(week_of(datetime.now(UTC) + timedelta(weeks=2)))
    night.desk.rows.execute(f"DROP TABLE IF EXISTS {far}".encode())
    # Somebody else's table has its name.
    night.desk.rows.execute(f"CREATE TABLE {far} (n INT)".encode())
    [partitions] = [
        each for group in jobs.AT_LENGTH for each in group if each.name == "partitions"
    ]
    job = replace(partitions, every_seconds=None)

    for _ in range(3):
        jobs.tick(night.bench.runtime, of=[job])

    expect_first(
        night,
        "stores",
        en=r"Upkeep has failed 3 times since [-0-9: ]{8,} at one of its duties"
        r" \(partitions: \w+\).*upkeep failed",
        zh=r"维护任务已失败 3 次（partitions: \w+）.*upkeep failed",
    )
    night.desk.rows.execute(f"DROP TABLE {far}".encode())
    jobs.tick(night.bench.runtime, of=[job])
    assert marks_in(night.desk.page("/console/"), "standing") == ["in_step"]


def test_a_duty_that_fails_once_is_told_by_nobody(night: Night, tenant: Tenant) -> None:
    def fail(runtime: object) -> None:
        raise ZeroDivisionError

    jobs.tick(night.bench.runtime, of=[Job(name="once", work=fail)])
    assert marks_in(night.desk.page("/console/"), "standing") == ["in_step"]

    jobs.tick(night.bench.runtime, of=[Job(name="once", work=lambda _: None)])
    assert night.bench.runtime.redis.hgetall("upkeep:failing") == {}


def test_what_one_runtime_could_not_do_is_no_strike_of_another(
    night: Night, tenant: Tenant
) -> None:
    def fail(runtime: object) -> None:
        raise ZeroDivisionError

    for other in (
        night.bench.runtime,
        replace(night.bench.runtime, failing=FailingJobs()),
    ):
        jobs.tick(other, of=[Job(name="once", work=fail)])

    [told] = night.bench.runtime.redis.hvals("upkeep:failing")
    assert json.loads(told)[1] == 1


def test_what_nobody_says_again_is_over(night: Night, tenant: Tenant) -> None:
    long_ago = datetime.now(UTC).timestamp() - 3600
    told = json.dumps([long_ago, 900, "OSError", long_ago + 120])

    night.bench.runtime.redis.hset("upkeep:failing", "spill", told)

    assert marks_in(night.desk.page("/console/"), "standing") == ["in_step"]


def hang(redis: redis_client.Redis, doing: str, seconds: float) -> None:
    """A worker that lives, one of whose threads does not end."""
    now = int(redis.time()[0])
    about = {
        "host": "here",
        "pid": 1,
        "queues": ["events", "notices", "resync"],
        "started_at": now - 9_000,
        "threads": [["one", doing, seconds, 3], ["two", "", 0, 9]],
    }
    redis.hset("workers:known", "alive-1", f"{now}:{json.dumps(about)}")


def test_a_thread_that_hangs_is_told_with_what_it_is_at(
    night: Night, tenant: Tenant
) -> None:
    hang(night.bench.runtime.redis, f"drain corp:{CORP}", 1_260)

    expect_first(
        night,
        "worker_dead",
        en=rf"thread of worker alive-1: drain corp:{CORP} has been at it for 21 min"
        r".*Restart that process",
        zh=rf"工作进程 alive-1: drain corp:{CORP} 的一个线程已执行 21 分.*请重启该进程",
    )


def test_a_full_read_of_half_an_hour_hangs_not(night: Night, tenant: Tenant) -> None:
    hang(night.bench.runtime.redis, "resync run-1", 1_800)

    assert marks_in(night.desk.page("/console/"), "standing") == ["in_step"]


def test_a_ticket_that_never_came_is_told_once_a_corp_is_there(night: Night) -> None:
    assert "ticket_late" not in marks_in(night.desk.page("/console/"), "problem")

    add_corp(
        night.desk.rows,
        "wwearly",
        state="authorised",
        authorised_at=datetime.now(UTC) - timedelta(hours=1),
    )

    expect_first(
        night,
        "ticket_late",
        en=r"No ticket of WeCom's ever came for this suite.*WECOM_SUITE_ID",
        zh=r"从未收到企业微信的 ticket.*WECOM_SUITE_ID",
    )


def test_a_tapd_that_refuses_for_every_company_is_told(
    night: Night, tenant: Tenant
) -> None:
    for number, state in enumerate(("refused", "refused")):
        insert(
            night.desk.rows,
            "companies",
            company_id=f"900{number}",
            name="x",
            origin="tapd",
        )
        insert(
            night.desk.rows,
            "account_reads",
            company_id=f"900{number}",
            state=state,
            error="HTTP 401",
        )

    expect_first(
        night,
        "failures",
        en=r"TAPD lets us read the people of none of its 2 companies: HTTP 401"
        r".*TAPD_CLIENT_SECRET",
        zh=r"TAPD 不允许读取其 2 家公司.*HTTP 401.*TAPD_CLIENT_SECRET",
    )
    night.desk.rows.execute(
        "UPDATE account_reads SET state = 'read' WHERE company_id = '9001'"
    )
    assert marks_in(night.desk.page("/console/"), "standing") == ["in_step"]
