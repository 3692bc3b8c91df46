"""A list that says what it said is not read again, and comes to the same all the same."""

from typing import Any

import pytest

from domain.ids import RunId
from tests.support.fakes import Person
from tests.support.histories import HOME, KEEPER, TEAM, company
from tests.support.pipeline import Bench, Tenant
from wecom.errors import Unavailable
from workers.answers import people
from workers.runs.reading import known_lists

CORP = "wpCorpA"
LIST_OF_TEAM = f"list:{TEAM}"


@pytest.fixture
def translated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The userids of the rows that were made members of."""
    seen: list[str] = []
    make = people.member_from

    def watched(row: Any) -> Any:
        seen.append(row.userid)
        return make(row)

    monkeypatch.setattr(people, "member_from", watched)
    return seen


def staged(bench: Bench, run_id: RunId) -> list[tuple[Any, ...]]:
    return bench.execute(
        "SELECT kind, page, key, encode(fingerprint, 'hex'), value::text FROM staging"
        " WHERE run_id = %s ORDER BY kind, page, key",
        run_id,
    )


def pages(bench: Bench, run_id: RunId) -> list[tuple[Any, ...]]:
    return bench.execute(
        "SELECT page, rows, complete FROM run_pages WHERE run_id = %s ORDER BY page",
        run_id,
    )


def test_a_list_that_says_the_same_is_not_translated_again(
    bench: Bench, translated: list[str]
) -> None:
    tenant = bench.link_in_step(CORP, company())
    translated.clear()

    bench.resync(tenant)

    assert translated == []
    assert bench.org(tenant) == tenant.world.truth.org()


def test_it_puts_into_staging_what_reading_it_would(bench: Bench) -> None:
    tenant = bench.link(CORP, company())
    read = bench.resync(tenant)

    recognised = bench.resync(tenant)

    assert staged(bench, recognised) == staged(bench, read)
    assert pages(bench, recognised) == pages(bench, read)


def test_a_list_that_says_something_else_is_read(
    bench: Bench, translated: list[str]
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.truth.people["woNew"] = Person(
        open_userid="ooNew", departments={TEAM: 1}, main=TEAM
    )
    translated.clear()

    bench.resync(tenant)

    assert "woNew" in translated
    assert KEEPER not in translated
    assert bench.org(tenant) == tenant.world.truth.org()


def test_what_the_org_lost_since_is_put_right_by_a_list_that_says_the_same(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    bench.execute(
        "UPDATE members SET name = 'other', fingerprint = '' WHERE userid = %s", KEEPER
    )

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()


def test_other_grounds_are_seen_though_the_list_says_the_same(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    truth = tenant.world.truth
    truth.allow_members = truth.allow_members | {KEEPER}
    granted_singly = bench.resync(tenant)
    after_one = bench.org(tenant)
    truth.allow_departments = truth.allow_departments | {TEAM}

    bench.resync(tenant)

    assert bench.run(granted_singly)["decisions"]["SetGrounds"] == 1
    assert after_one.members[KEEPER].grounds > {"direct"}
    assert bench.org(tenant) == truth.org()


def test_people_who_lose_their_grounds_are_in_no_row_of_a_list_that_says_the_same(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    truth = tenant.world.truth
    truth.allow_departments, truth.allow_tags = frozenset({TEAM}), frozenset()
    truth.allow_members = frozenset()

    bench.resync(tenant)
    bench.settle(tenant)

    assert bench.org(tenant).members.keys() == truth.org().members.keys()


def test_another_version_of_the_code_reads_every_list(
    bench: Bench, translated: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = bench.link_in_step(CORP, company())
    translated.clear()
    monkeypatch.setattr(known_lists, "_code", lambda: b"another")

    bench.resync(tenant)

    assert KEEPER in translated


def test_a_deep_run_reads_every_list(bench: Bench, translated: list[str]) -> None:
    tenant = bench.link_in_step(CORP, company())
    translated.clear()

    bench.resync(tenant, deep=True)

    assert KEEPER in translated


def test_a_list_with_an_odd_row_is_told_of_each_time(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.odd[f"member:{KEEPER}"] = {"status": "no such thing"}
    first = bench.resync(tenant)

    second = bench.resync(tenant)

    assert KEEPER in bench.run(first)["error"]
    assert bench.run(second)["error"] == bench.run(first)["error"]


def test_answers_that_are_lost_while_they_wait_are_asked_for_again(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.calls.clear()

    def lose(asked: str) -> None:
        if asked == LIST_OF_TEAM:
            bench.execute("TRUNCATE known_answers")

    tenant.world.watch = lose
    run_id = bench.resync(tenant)

    assert tenant.world.asked(LIST_OF_TEAM) == 2
    assert bench.run(run_id)["state"] == "done"
    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_read_that_stopped_goes_on_with_lists_that_say_the_same(
    bench: Bench, translated: list[str]
) -> None:
    tenant = bench.link_in_step(CORP, company())
    translated.clear()
    tenant.world.faults[LIST_OF_TEAM] = Unavailable("HTTP 502")
    run_id = bench.request_run(tenant)
    bench.work_on(run_id)
    tenant.world.faults.clear()

    bench.settle(tenant)

    assert bench.run(run_id)["state"] == "done"
    assert translated == []


def test_lists_that_are_not_asked_for_any_more_are_forgotten(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.truth.departments.pop(TEAM)
    for userid, person in list(tenant.world.truth.people.items()):
        if TEAM in person.departments:
            tenant.world.truth.people.pop(userid)

    bench.resync(tenant)

    known = bench.execute("SELECT page FROM known_answers")
    assert (f"department:{HOME}",) in known
    assert (f"department:{TEAM}",) not in known


def test_corps_do_not_know_each_others_answers(bench: Bench) -> None:
    one, other = bench.link(CORP, company()), bench.link("wpCorpB", company())
    bench.resync(one)

    bench.resync(other)

    rows = bench.execute("SELECT corp_pk, count(*) FROM known_answers GROUP BY 1")
    assert dict(rows) == {one.corp_pk: 2, other.corp_pk: 2}
