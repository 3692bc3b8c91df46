"""`approve` and `reject` on the command line."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from domain.decisions import Decision, DecisionName
from domain.ids import CorpId, CorpPk, Userid, member_key
from domain.reconcile.guard import RemovalEntry, RemovalKind, held_plan
from manage import cli
from store.runs import plans
from store.sealing import DataKey
from tests.support.webclient import add_corp
from tests.support.workbench import environment_for

Decide = Callable[..., Result]


@pytest.fixture
def rows(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database, autocommit=True) as rows:
        yield rows


@pytest.fixture
def decide(database: str, redis_url: str) -> Decide:
    environment = environment_for(database=database, redis_url=redis_url)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments, env=environment)

    return call


@pytest.fixture
def plan_id(rows: psycopg.Connection[Any]) -> str:
    """A plan that waits."""
    corp_pk = CorpPk(add_corp(rows, "wwcorp"))
    removal = Decision(
        name=DecisionName.REMOVE_MEMBER,
        key=member_key(Userid("woA")),
        before={"userid": "woA"},
        after={},
        reason="confirmed_by_listing",
    )
    entry = RemovalEntry(
        kind=RemovalKind.MEMBERS, key=removal.key, before=removal.before
    )
    held = held_plan(
        corp_id=CorpId("wwcorp"), kind=RemovalKind.MEMBERS, entries=[entry]
    )
    with rows.transaction():
        return plans.add(
            rows, corp_pk, held=held, decisions=[removal], data_key=DataKey(bytes(32))
        )


def state(rows: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return rows.execute("SELECT state, decided_by FROM plans").fetchall()


def work(database: str) -> None:
    """A worker that ends the first run that waits."""
    with psycopg.connect(database, autocommit=True) as rows:
        taken = 0
        while not taken:
            taken = rows.execute(
                "UPDATE runs SET state = 'done' WHERE state = 'queued'"
            ).rowcount


def test_a_rejection_keeps_everybody_however_often_it_is_said(
    decide: Decide, rows: psycopg.Connection[Any], plan_id: str
) -> None:
    first = decide("reject", plan_id)
    again = decide("reject", plan_id)

    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    assert state(rows) == [("rejected", "cli")]
    assert rows.execute("SELECT 1 FROM runs").fetchall() == []


def test_an_approval_ends_with_its_run(
    decide: Decide, database: str, rows: psycopg.Connection[Any], plan_id: str
) -> None:
    worker = threading.Thread(target=work, args=(database,))
    worker.start()

    result = decide("approve", plan_id)
    worker.join()

    assert result.exit_code == 0, result.output
    assert state(rows) == [("approved", "cli")]


@pytest.mark.parametrize(
    ("said_before", "verb"),
    [
        ("rejected", "approve"),
        ("superseded", "approve"),
        ("approved", "reject"),
        ("superseded", "reject"),
    ],
)
def test_what_is_decided_already_fails_and_says_how_it_is(
    decide: Decide,
    rows: psycopg.Connection[Any],
    plan_id: str,
    said_before: str,
    verb: str,
) -> None:
    rows.execute("UPDATE plans SET state = %s, run_id = 'run-1'", [said_before])

    result = decide(verb, plan_id)

    assert result.exit_code == 1
    assert f"The plan is {said_before}" in result.output
    assert state(rows) == [(said_before, None)]


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_plan_that_nobody_knows_fails_and_says_where_they_are(
    decide: Decide, verb: str
) -> None:
    unknown, missing = decide(verb, "no-such-plan"), decide(verb)

    assert (unknown.exit_code, missing.exit_code) == (1, 2)
    assert "/api/v1/plans?state=held" in unknown.output
