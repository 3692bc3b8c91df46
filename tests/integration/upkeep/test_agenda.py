"""A clock asks once a second what there is to do, and misses nothing by it."""

import pytest

from benchmarks.wire import counted
from store.database import open_pool, transaction
from store.summaries.operations import due_jobs
from tests.support.org.histories import company
from tests.support.org.pipeline import Bench, Tenant, said
from workers.upkeep import jobs
from workers.upkeep.agenda import Agenda, JobTurn

CORP = "wpCorpA"

# Each duty, and what makes it have something to do.
CAUSES = {
    "mailboxes": "UPDATE inbox SET received_at = received_at - interval '1 minute'",
    "nicks": "INSERT INTO item_notices (company_id, mail_id, nick, event_id, event,"
    " kind, item_id, change_id, roles, role, waits_until)"
    " VALUES ('1', 1, 'n', 'e', 'story::create', 'story', '2', 3, '{owner}', 'owner',"
    " clock_timestamp() - interval '1 minute')",
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
    "purges": "INSERT INTO purges (corp_pk, corp_id, step, upto_line, upto_event)"
    " SELECT corp_pk, corp_id, 'names', 0, 0 FROM corps",
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


def turns_had(agenda: Agenda, *turns: JobTurn) -> list[str]:
    """Whose turn a look finds that it is."""
    agenda.look()
    return sorted(agenda.take(turns))


def test_a_duty_that_has_nothing_to_do_takes_no_turn_of_its_rhythm(
    bench: Bench,
) -> None:
    bench.link_in_step(CORP, company())
    turn = JobTurn(name="retries", every_seconds=2)
    agenda = Agenda(bench.runtime.pool, [turn])

    before = turns_had(agenda, turn)
    bench.execute(CAUSES["retries"])
    after = turns_had(agenda, turn)

    assert (before, after) == ([], ["retries"])


def test_a_duty_with_a_rhythm_is_asked_about_only_when_its_time_has_come(
    bench: Bench,
) -> None:
    turn = JobTurn(name="tidy", every_seconds=3600)
    agenda = Agenda(bench.runtime.pool, [turn])
    first = turns_had(agenda, turn)
    bench.execute(
        "UPDATE schedule SET due_at = clock_timestamp() - interval '1 minute'"
    )

    second = turns_had(agenda, turn)

    assert (first, second) == (["tidy"], [])
    assert turns_had(Agenda(bench.runtime.pool, [turn]), turn) == ["tidy"]


def test_what_another_clock_has_done_is_not_done_again(bench: Bench) -> None:
    turn = JobTurn(name="tidy", every_seconds=3600)
    turns_had(Agenda(bench.runtime.pool, [turn]), turn)

    assert turns_had(Agenda(bench.runtime.pool, [turn]), turn) == []


def test_a_turn_waits_for_whoever_is_not_back_from_the_last_and_is_had_once(
    bench: Bench,
) -> None:
    tidy, count = (JobTurn(name=name, every_seconds=60) for name in ("tidy", "count"))
    agenda = Agenda(bench.runtime.pool, [tidy, count])

    first = turns_had(agenda, tidy)
    later = turns_had(agenda, tidy, count)

    assert (first, later) == (["tidy"], ["count"])


def test_a_look_is_one_statement_and_one_more_when_turns_are_due_however_many(
    bench: Bench,
) -> None:
    turns = [JobTurn(name=f"tidy {i}", every_seconds=3600) for i in range(9)]
    always = JobTurn(name="spill", every_seconds=None)
    pool = open_pool(bench.runtime.settings.database_url, size=1)
    agenda = Agenda(pool, turns)

    with counted(pool, connections=1) as sent:
        first = turns_had(agenda, *turns, always)
        second = turns_had(agenda, *turns, always)
    pool.close()

    assert first == sorted(["spill", *(turn.name for turn in turns)])
    assert second == ["spill"]
    assert len(sent.texts) == 3
