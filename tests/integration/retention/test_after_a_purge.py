"""Whatever was under way when a corp was purged leaves nothing of it behind."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from store.database import transaction
from store.platform import pauses, tokens
from tests.integration.retention.test_purge import dump, withdraw
from tests.support.workbench import Workbench, workbench
from workers.runtime import token_owner
from workers.upkeep import jobs


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def note(bench: Workbench, owner: str) -> None:
    with transaction(bench.runtime.pool) as connection:
        pauses.note_failure(
            connection,
            owner=owner,
            endpoint_class="user",
            reason=pauses.UNAVAILABLE,
            wait_seconds=60,
            error="user/get: HTTP 502",
        )


def test_a_call_that_fails_after_the_purge_notes_no_corpid(bench: Workbench) -> None:
    enterprise = bench.found()
    corp = bench.link(enterprise)
    withdraw(bench, enterprise)

    note(bench, pauses.owner_of(corp.corp_id))
    note(bench, pauses.SUITE)

    assert bench.rows("SELECT owner FROM pauses") == [{"owner": "suite"}]
    assert corp.corp_id not in dump(bench)


def test_a_failure_of_a_corp_that_lives_is_noted(bench: Workbench) -> None:
    corp = bench.link(bench.found())

    note(bench, pauses.owner_of(corp.corp_id))

    assert len(bench.rows("SELECT owner FROM pauses")) == 1


def test_what_was_written_while_the_purge_committed_is_taken_away(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    corp = bench.link(enterprise)
    withdraw(bench, enterprise)
    # A call that looked before the purge and wrote after it.
    bench.rows(
        "INSERT INTO pauses VALUES (%s, 'user', clock_timestamp(), 1, 'unavailable')",
        pauses.owner_of(corp.corp_id),
    )
    with transaction(bench.runtime.pool) as connection:
        tokens.save(
            connection,
            bench.runtime.keyring,
            owner=token_owner(bench.runtime.settings, corp.corp_pk),
            token="late",
            expires_at=datetime.now(UTC) + timedelta(hours=2),
        )

    jobs.forget_withdrawn(bench.runtime)

    assert corp.corp_id not in dump(bench)
    assert bench.rows("SELECT owner FROM tokens WHERE owner LIKE 'corp:%%'") == []
    assert bench.rows("SELECT owner FROM tokens") != []


def test_what_a_corp_that_lives_has_stays(bench: Workbench) -> None:
    corp = bench.link(bench.found())
    note(bench, pauses.owner_of(corp.corp_id))
    before = bench.rows("SELECT owner FROM tokens ORDER BY owner")

    jobs.forget_withdrawn(bench.runtime)

    assert len(bench.rows("SELECT owner FROM pauses")) == 1
    assert bench.rows("SELECT owner FROM tokens ORDER BY owner") == before
