"""The org of a past moment: what the lists showed then, told by the journal later."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from domain.ids import Userid
from domain.reasons import Reason
from store.database import transaction
from store.org import corps, journal
from store.org.journal import Cause
from tests.support.org.histories import HOME, company
from tests.support.org.lives import Life
from tests.support.org.pipeline import Bench, Tenant
from tests.support.webclient import Web, open_web
from tests.support.wecom.fakes import Person
from workers.installs.purge import begin_purge, go_on
from workers.org.apply import Findings, apply_members

CORP = "wpCorpA"
LISTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("departments", {}),
    ("members", {}),
    ("members", {"state": "removed"}),
)


@pytest.fixture
def web(bench: Bench, database: str, redis_url: str) -> Iterator[Web]:
    key = base64.b64encode(b"k" * 32).decode()
    with open_web(database=database, redis_url=redis_url, SECRET_KEYS=key) as web:
        yield web


def walk(web: Web, name: str, **query: object) -> list[Any]:
    """Every item of a list of the corp, three at a time."""
    items, cursor = [], None
    while True:
        page = {"limit": 3, **query} | ({"cursor": cursor} if cursor else {})
        answer = web.get(f"/corps/{CORP}/{name}", **page)
        items += answer["items"]
        cursor = answer["next"]
        if cursor is None:
            return items


def shown(web: Web, **query: object) -> list[list[Any]]:
    """What all lists show."""
    return [walk(web, name, **extra, **query) for name, extra in LISTS]


def moment(bench: Bench) -> str:
    [[now]] = bench.execute("SELECT clock_timestamp()")
    return str(now.astimezone(UTC).isoformat())


@pytest.mark.parametrize("seed", range(2))
def test_every_moment_of_a_random_history_is_told_as_it_was_shown(
    bench: Bench, web: Web, seed: int
) -> None:
    begun = moment(bench)
    tenant = bench.link_and_read(CORP, company())
    life = Life(tenant, seed)
    seen = {begun: [[], [], []], moment(bench): shown(web)}

    for _ in range(12):
        life.go_on()
        for event in life.company.outbox:
            bench.post(tenant, event)
        life.company.outbox.clear()
        bench.settle(tenant)
        bench.resync(tenant)
        seen[moment(bench)] = shown(web)

    assert {at: shown(web, at=at) for at in seen} == seen


def test_two_who_became_one_are_two_before_and_one_after(
    bench: Bench, web: Web
) -> None:
    truth = company()
    tenant = bench.link_and_read(CORP, truth)
    twins = moment(bench)
    people = tenant.world.truth.people
    people["woNew"] = Person(open_userid="oNew", departments={HOME: 0})
    bench.resync(tenant)
    both = moment(bench)
    del people["woa"]
    people["woNew"] = replace(people["woNew"], open_userid="oa")
    bench.resync(tenant)

    ids = [
        {each["userid"] for each in walk(web, "members", at=at)}
        for at in (twins, both, moment(bench))
    ]

    assert ids[1] - ids[0] == {"woNew"}
    assert ids[1] - ids[2] == {"woa"}
    assert bench.execute(
        "SELECT decision FROM journal WHERE key = 'member:woa'"
        " ORDER BY line_id DESC LIMIT 1"
    ) == [("RenameUserid",)]


def test_a_page_is_never_shown_half_written(bench: Bench, web: Web) -> None:
    tenant = bench.link(CORP, company())
    bench.resync(tenant)

    moments = bench.execute(
        "SELECT count(DISTINCT at), count(*) FROM journal WHERE decision = 'AddMember'"
    )

    assert moments == [(1, 3)]


def test_a_moment_to_come_is_one_moment_through_all_pages(
    bench: Bench, web: Web
) -> None:
    tenant = bench.link_and_read(CORP, company())
    at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    first = web.get(f"/corps/{CORP}/members", at=at, limit=2)
    tenant.world.truth.people["woZZ"] = Person(open_userid="z", departments={HOME: 0})
    bench.resync(tenant)

    rest = web.get(f"/corps/{CORP}/members", at=at, limit=9, cursor=first["next"])

    told = [each["userid"] for each in (*first["items"], *rest["items"])]
    assert told == sorted(company().org().members)
    assert len(walk(web, "members", at=at)) == len(told) + 1


def test_a_cursor_of_another_moment_is_refused(bench: Bench, web: Web) -> None:
    bench.link_and_read(CORP, company())
    at = moment(bench)
    cursor = web.get(f"/corps/{CORP}/members", at=at, limit=1)["next"]

    assert web.status(f"/corps/{CORP}/members", cursor=cursor) == 400
    assert web.status(f"/corps/{CORP}/members", cursor=cursor, at=at) == 200


@pytest.mark.parametrize(
    "at",
    [
        "yesterday",
        "1767614400",
        "2026-01-05",
        "2026-01-05T12:00:00",
        "２０２６-01-05T12:00:00Z",
        "2026-13-05T12:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "",
    ],
)
def test_nonsense_is_no_moment(bench: Bench, web: Web, at: str) -> None:
    bench.link_and_read(CORP, company())

    assert web.status(f"/corps/{CORP}/members", at=at) == 400
    assert web.status(f"/corps/{CORP}/departments", at=at) == 400
    assert web.status(f"/corps/{CORP}/journal", since=at) == 400


def test_a_moment_may_be_said_in_any_zone_with_a_plus_that_nobody_encoded(
    bench: Bench, web: Web
) -> None:
    bench.link_and_read(CORP, company())
    now = datetime.now(timezone(timedelta(hours=8))) + timedelta(hours=1)
    said = now.isoformat(timespec="seconds")

    then = web.get(f"/corps/{CORP}/members", at=said.replace("+", " "))

    assert said.endswith("+08:00")
    assert then == web.get(f"/corps/{CORP}/members", at=said)
    assert len(then["items"]) == 3


def give_name(bench: Bench, tenant: Tenant, userid: str, name: str) -> None:
    """Let WeCom show this member's name, once."""
    member = replace(bench.org(tenant).members[Userid(userid)], name=name)
    with transaction(bench.runtime.pool) as connection:
        journal.write(
            connection,
            tenant.corp_pk,
            cause=Cause(name="mail"),
            decisions=apply_members(
                connection,
                tenant.corp_pk,
                Findings(shown=(member,)),
                reason=Reason.EVENT,
            ),
            data_key=bench.runtime.data_key(corps.get(connection, tenant.corp_pk)),
        )


def test_the_past_of_a_corp_that_withdrew_names_nobody(bench: Bench, web: Web) -> None:
    tenant = bench.link_and_read(CORP, company())
    give_name(bench, tenant, "woA", "张三")
    at = moment(bench)
    before = shown(web, at=at)
    with transaction(bench.runtime.pool) as connection:
        corp = corps.get(connection, tenant.corp_pk)
        begin_purge(connection, bench.runtime, corp)
    go_on(bench.runtime, tenant.corp_pk)

    departments, members, removed = shown(web, at=at)

    assert "张三" in [each["name"] for each in before[1]]
    assert (departments, removed) == (before[0], [])
    assert [each["name"] for each in members] == [None] * len(before[1])
    assert all(each["userid"].startswith("hmac:") for each in members)
    told = sorted(each["departments"] for each in members)
    assert told == sorted(each["departments"] for each in before[1])
