"""A clock asks once a second what there is to do, and misses nothing by it."""

import pytest

from benchmarks.wire import counted
from store.database import transaction
from store.summaries.operations import due_jobs
from tests.support.histories import company
from tests.support.pipeline import Bench, Tenant, said
from workers.upkeep import jobs
from workers.upkeep.agenda import Agenda, JobTurn

CORP = "wpCorpA"

# Each duty, and what makes it have something to do.
CAUSES = {
    "mailboxes": "UPDATE inbox SET received_at = received_at - interval '1 minute'",
    "parked": "UPDATE inbox SET state = 'parked'",
    "corps": "UPDATE corps SET due_at = clock_timestamp() - interval '1 minute'",
    "lookups": "UPDATE corps SET lookups_due_at = '-infinity'",
    "alert_deliveries": "INSERT INTO alert_deliveries (said, channel)"
    " VALUES ('test', 'webhook')",
    "pauses": "UPDATE corps SET state = 'paused', paused_by = 'wecom'",
    "logouts": "WITH client AS (INSERT INTO oidc_clients"
    " (client_id, name, redirect_uris)"
    " VALUES ('c', 'c', '{https://c.example}')) INSERT INTO oidc_logouts"
    " (client_id, account_id, sid, corp_pk, due_at)"
    " VALUES ('c', 'a', 's', 1, clock_timestamp() - interval '1 minute')",
    "retries": "INSERT INTO retry_batches (batch_id, made_by, query, wanted, state,"
    " matching, mailboxes, keys, per_minute, up_to_id, starts_at)"
    " VALUES ('b', 'me', '', '{}', 'running', 1, 1, 1, 60, 1,"
    " clock_timestamp() - interval '1 minute')",
    "resync": "INSERT INTO schedule (name, due_at)"
    " VALUES ('resync', clock_timestamp() - interval '1 minute')",
    "runs": "INSERT INTO runs (run_id, corp_pk, cause, state, not_before)"
    " SELECT gen_random_uuid(), corp_pk, 'operator', 'queued',"
    " clock_timestamp() - interval '1 minute' FROM corps",
    "notices": "INSERT INTO plans (plan_id, corp_pk, kind, hash, state, created_at)"
    " SELECT gen_random_uuid(), corp_pk, 'members', '', 'held',"
    " clock_timestamp() - interval '1 minute' FROM corps",
}


def waiting(bench: Bench) -> Tenant:
    tenant = bench.link_in_step(CORP, company())
    bench.post(tenant, said("update_user", "member:woA"))
    return tenant


def due(bench: Bench) -> frozenset[str]:
    with transaction(bench.runtime.pool) as connection:
        return due_jobs.list_due(connection)


def test_where_nothing_happens_no_duty_has_anything_to_do(bench: Bench) -> None:
    bench.link_in_step(CORP, company())
    bench.execute("DELETE FROM schedule")

    assert due(bench) == frozenset()


@pytest.mark.parametrize("name", sorted(due_jobs.KNOWN))
def test_each_duty_is_found_by_what_it_is_there_for(bench: Bench, name: str) -> None:
    waiting(bench)
    bench.execute("DELETE FROM schedule")
    bench.execute(CAUSES[name])

    assert name in due(bench)


def test_whatever_has_no_rhythm_is_asked_about_or_always_done() -> None:
    prompt = {job.name for job in jobs.PROMPT if job.every_seconds is None}
    crew = {job.name for group in (jobs.PROMPT, *jobs.AT_LENGTH) for job in group}

    assert prompt <= due_jobs.KNOWN
    assert due_jobs.KNOWN - crew == {"resync"}


def test_a_duty_that_has_nothing_to_do_takes_no_turn_of_its_rhythm(
    bench: Bench,
) -> None:
    bench.link_in_step(CORP, company())
    agenda = Agenda(bench.runtime.pool)
    agenda.look()

    assert not agenda.take_turns([JobTurn(name="retries", every_seconds=2)])

    bench.execute(CAUSES["retries"])
    agenda.look()

    assert agenda.take_turns([JobTurn(name="retries", every_seconds=2)])


def test_a_duty_with_a_rhythm_is_asked_about_only_when_its_time_has_come(
    bench: Bench,
) -> None:
    agenda = Agenda(bench.runtime.pool)
    turn = JobTurn(name="tidy", every_seconds=3600)
    first = agenda.take_turns([turn])
    bench.execute(
        "UPDATE schedule SET due_at = clock_timestamp() - interval '1 minute'"
    )

    second = agenda.take_turns([turn])

    assert (set(first), set(second)) == ({"tidy"}, set())
    assert Agenda(bench.runtime.pool).take_turns([turn])


def test_what_another_clock_has_done_is_not_done_again(bench: Bench) -> None:
    turn = JobTurn(name="tidy", every_seconds=3600)
    Agenda(bench.runtime.pool).take_turns([turn])

    assert not Agenda(bench.runtime.pool).take_turns([turn])


def test_all_duties_that_are_due_take_their_turns_in_one_statement(
    bench: Bench,
) -> None:
    agenda = Agenda(bench.runtime.pool)
    turns = [JobTurn(name=f"tidy {i}", every_seconds=3600) for i in range(9)]
    always = JobTurn(name="spill", every_seconds=None)

    with counted(bench.runtime.pool, connections=1) as sent:
        first = agenda.take_turns([*turns, always])
        second = agenda.take_turns([*turns, always])

    assert first == {"spill", *(turn.name for turn in turns)}
    assert second == {"spill"}
    assert len(sent.texts) == 1
