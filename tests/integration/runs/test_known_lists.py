"""A list that says what it said is not read again, and comes to the same."""

from typing import Any

import pytest

from domain.ids import RunId, Userid
from store.database import Connection
from store.runs import reads
from tests.support.org.histories import HOME, KEEPER, TEAM, company
from tests.support.org.pipeline import Bench
from tests.support.wecom.fakes import Person
from wecom.errors import Unavailable
from workers.answers import observe, people
from workers.runs.reading import known_lists

CORP = "wpCorpA"
LIST_OF_TEAM = f"list:{TEAM}"


@pytest.fixture
def translated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The userids of the rows that were made members of."""
    seen: list[str] = []
    make = observe.member_from

    def watched(row: Any) -> Any:
        seen.append(row.userid)
        return make(row)

    monkeypatch.setattr(people, "member_from", watched)
    return seen


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> list[list[tuple[Any, ...]]]:
    """What each read of a test had put into staging, and of which pages."""
    seen: list[list[tuple[Any, ...]]] = []
    end = reads.end_read

    def watched(connection: Connection, run_id: RunId) -> None:
        seen.append(_rows(connection, run_id))
        end(connection, run_id)

    monkeypatch.setattr(reads, "end_read", watched)
    return seen


def _rows(connection: Connection, run_id: RunId) -> list[tuple[Any, ...]]:
    rows = connection.execute(
        """
        SELECT run_pages.page, rows, complete, kind, key, encode(fingerprint, 'hex'),
            value::text
        FROM run_pages LEFT JOIN staging USING (run_id, page)
        WHERE run_id = %s ORDER BY page, position
        """,
        [run_id],
    )
    return rows.fetchall()


def test_a_list_that_says_the_same_is_not_translated_again(
    bench: Bench, translated: list[str]
) -> None:
    tenant = bench.link_in_step(CORP, company())
    translated.clear()

    bench.resync(tenant)

    assert translated == []
    assert bench.org(tenant) == tenant.world.truth.org()


def test_it_puts_into_staging_what_reading_it_would(
    bench: Bench, staged: list[list[tuple[Any, ...]]]
) -> None:
    tenant = bench.link(CORP, company())
    bench.resync(tenant)
    bench.resync(tenant)

    bench.resync(tenant, deep=True)

    first, recognised, deep = staged
    assert KEEPER in {key for *_, key, _, _ in recognised}
    assert first == recognised == deep


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
    assert after_one.members[Userid(KEEPER)].grounds > {"direct"}
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


def test_a_list_with_an_odd_row_is_told_of_each_time(
    bench: Bench, staged: list[list[tuple[Any, ...]]]
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.odd[f"member:{KEEPER}"] = {"status": "no such thing"}
    first = bench.resync(tenant)

    second = bench.resync(tenant)

    assert KEEPER in bench.run(first)["error"]
    assert bench.run(second)["error"] == bench.run(first)["error"]
    named = [{page for page, *_ in rows} for rows in staged]
    assert [f"odd:department:{HOME}" in each for each in named] == [False, True, True]


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


def test_nothing_is_known_of_lists_once_members_authorise_the_app_themselves(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.truth.auth_mode = 1
    tenant.world.truth.allow_departments = frozenset()

    bench.resync(tenant)

    assert bench.execute("SELECT page FROM known_answers") == []
