"""Every table is pruned, or bounded by something real; what is not over stays."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.retention import DECIDED_DAYS, KEPT_DAYS
from tests.support.ageing import grow_old, tables
from tests.support.people.granted import OVER_GRANTS
from tests.support.workbench import Workbench, workbench
from workers.alerts import judge
from workers.upkeep import jobs, pruning, sampling

OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"

# What no clock takes away, and what keeps it from growing for ever.
BOUNDED = {
    "absences": "an active member's at most",
    "account_reads": "one for each company",
    "accounts": "TAPD's people",
    "alert_switches": "one for each kind",
    "audit": "kept for good: who did what",
    "audit_head": "one row",
    "aliases": "a member's former userids, gone with the member",
    "app_keys": "one for each key of our own",
    "censuses": "one for each large corp",
    "companies": "TAPD's companies",
    "corps": "the installs that were accepted",
    "deliveries": "one for each corp, gone when it withdraws",
    "departments": "the corp's tree",
    "item_preferences": "one for each member, gone with the member",
    "known_answers": "one for each list of a corp, gone with its department or corp",
    "journal": "kept for good: any past moment is told from it",
    "links": "one for each member, gone with the member",
    "members": "the corp's people; whoever was removed, for 180 days",
    "memberships": "TAPD's people in TAPD's companies",
    "oidc_clients": "what operators made",
    "oidc_consents": "one for each member and client, gone with either",
    "operators": "the people who were given a token",
    "pauses": "one for each corp and class of endpoints",
    "purge_names": "a purge's, gone with it",
    "purges": "one for each corp that withdrew, gone at its end",
    "schedule": "one for each job",
    "suite_tickets": "one for each suite",
    "tags": "the corp's scope",
    "tokens": "one for each corp and suite",
    "workspaces": "the projects of TAPD's companies",
}
# What stays of the others when all that is in them is old and over: the newest.
LEFT = {
    "link_claims": 1,
    "lookups": 1,
    "notices": 1,
    "receivers": 1,
    "refusals": 1,
    "runs": 1,
}
ORG = """
    INSERT INTO companies (company_id, name, origin) VALUES ('c', 'c', 'tapd');
    INSERT INTO corps (corp_id, state, company_id) VALUES ('wpA', 'linked', 'c');
    INSERT INTO accounts (account_id) VALUES ('a');
    INSERT INTO members (corp_pk, userid, department_ids, department_orders, grounds,
            employment, fingerprint)
        SELECT corp_pk, 'zhang', '{}', '{}', '{direct}', 'working', '' FROM corps;
"""
OVER = """
    INSERT INTO inbox (mailbox, kind, key, state)
        VALUES ('corp:wpGone', 'change_contact', 'corp', 'done');
    INSERT INTO identities VALUES ('d', 1, clock_timestamp());
    INSERT INTO ledger_days (mailbox, day) VALUES ('corp:wpGone', current_date);
    INSERT INTO mailboxes (mailbox) VALUES ('corp:wpGone');
    INSERT INTO leases (mailbox, expires_at)
        VALUES ('corp:wpGone', clock_timestamp()), ('notices:9', clock_timestamp());
    INSERT INTO receivers VALUES ('one', clock_timestamp()),
        ('two', clock_timestamp() - interval '2 days');
    INSERT INTO gaps (reason, closed_at) VALUES ('refused', clock_timestamp());
    INSERT INTO refusals
        VALUES (current_date, 'size', 2), (current_date - 1, 'size', 1);
    INSERT INTO runs (run_id, corp_pk, cause, state, created_at, ended_at)
        SELECT 'r' || n, corp_pk, 'operator', 'done',
            clock_timestamp() + make_interval(secs => n), clock_timestamp()
        FROM corps, generate_series(1, 2) AS n;
    INSERT INTO run_requests SELECT corp_pk, 'k', 'r1' FROM corps;
    INSERT INTO run_pages (run_id, page, rows) VALUES ('r1', 'p', 1);
    INSERT INTO staging (run_id, kind, page, key, fingerprint, value)
        VALUES ('r1', 'member', 'p', 'k', '', '{}');
    INSERT INTO touched (corp_pk, key) SELECT corp_pk, 'member:zhang' FROM corps;
    INSERT INTO rehearsals (run_id, corp_pk, hash, calls_resync, holds, groups)
        SELECT 'r1', corp_pk, 'h', 0, '[]', '[]' FROM corps;
    INSERT INTO rehearsed
            (run_id, position, corp_pk, decision, key, before, after, reason, held)
        SELECT 'r1', 1, corp_pk, 'AddMember', 'k', '{}', '{}', 'event', false
        FROM corps;
    INSERT INTO plans (plan_id, corp_pk, kind, hash, state, decided_at)
        SELECT 'p', corp_pk, 'members', 'h', 'rejected', clock_timestamp() FROM corps;
    INSERT INTO plan_entries (plan_id, position, corp_pk, key, decision, before, after,
            reason, state)
        SELECT 'p', 0, corp_pk, 'member:zhang', 'RemoveMember', '{}', '{}', 'deleted',
            'returned' FROM corps;
    INSERT INTO journeys (state_digest, visitor_digest, purpose, cargo, expires_at)
        VALUES ('s', 'v', 'sign_in', '{}', clock_timestamp());
    INSERT INTO install_intents (intent_id, edition, state, expires_at)
        VALUES ('i', 'standard', 's', clock_timestamp());
    INSERT INTO installs (code_hash, state, ended_at)
        VALUES ('h', 'linked', clock_timestamp());
    INSERT INTO notices (corp_pk, member_pk, company_id, kind, round, origin, state,
            plan_id, tried_at, closed, closed_at)
        SELECT corp_pk, member_pk, 'c', kind, round, 'sync', 'sent', plan,
            clock_timestamp(), closed, clock_timestamp()
        FROM members, (VALUES ('link', 1, NULL, 'expired'), ('link', 2, NULL, 'used'),
            ('approval', 1, 'p', NULL)) AS given (kind, round, plan, closed);
    INSERT INTO notice_batches (batch_id, corp_pk, kind, state, ended_at)
        SELECT 'b', corp_pk, 'link', 'sent', clock_timestamp() FROM corps;
    INSERT INTO card_answers (corp_pk, plan_id, said, sealed)
        SELECT corp_pk, 'p', 'decided', '' FROM corps;
    INSERT INTO company_acts (corp_pk, form, kind, done_by)
        SELECT corp_pk, 'f', 'invite', 'operator' FROM corps;
    INSERT INTO link_claims
            (corp_pk, member_pk, company_id, kind, account_id, said_by, taken_at)
        SELECT corp_pk, member_pk, 'c', 'proved', 'a', 'member', clock_timestamp()
        FROM members, generate_series(1, 2);
    INSERT INTO lookups (corp_pk, account_id, answer)
        SELECT corp_pk, 'a', 'miss' FROM corps, generate_series(1, 2);
    INSERT INTO samples VALUES (15, clock_timestamp(), '{}'),
        (14400, clock_timestamp(), '{}');
    INSERT INTO marks (kind, about, ended_at)
        VALUES ('deploy', 'a', clock_timestamp());
    INSERT INTO spilled VALUES (clock_timestamp(), 1);
    INSERT INTO takeovers (mailbox, worker, events) VALUES ('corp:wpA', 'w', 1);
    INSERT INTO retry_batches (batch_id, made_by, query, wanted, matching, mailboxes,
            keys, per_minute, up_to_id)
        VALUES ('b', 'operator', '', '{}', 0, 0, 0, 600, 0);
    INSERT INTO testimony (corp_pk, userid, event_id, kind, hint, received_at)
        SELECT corp_pk, 'gone', 1, 'unsubscribe', '{}', clock_timestamp() FROM corps;
    INSERT INTO items (company_id, kind, item_id, workspace_id, sealed)
        VALUES ('c', 'story', '1', '2', '');
    INSERT INTO item_changes
            (company_id, kind, item_id, operator, sealed, closes_at, first)
        VALUES ('c', 'story', '1', 'li', '', clock_timestamp(), true);
    INSERT INTO notices (corp_pk, member_pk, company_id, kind, round, origin, state,
            change_id, tried_at)
        SELECT corp_pk, member_pk, 'c', 'item', 1, 'sync', 'sent', change_id,
            clock_timestamp()
        FROM members, item_changes;
    INSERT INTO item_notices (company_id, mail_id, nick, event_id, event, kind, item_id,
            change_id, roles, role)
        SELECT 'c', 1, 'li', 'e', 'story::update', 'story', '1', change_id, '{owner}',
            'owner' FROM item_changes;
    INSERT INTO item_answers (corp_pk, said, kind, language, sealed)
        SELECT corp_pk, 'item_muted', 'story', 'en', '' FROM corps;
    INSERT INTO former_nicks (account_id, nick) VALUES ('a', 'old');
    INSERT INTO operator_sessions (session_hash, token_mark) VALUES ('s', 'm');
    INSERT INTO member_sessions (session_hash, corp_pk, member_pk)
        SELECT 's', corp_pk, member_pk FROM members;
"""
OVER_ALERTS = """
    INSERT INTO alerts (kind, subject, reason, number, recovered_at)
        VALUES ('gap', 's', 'r', 1, clock_timestamp());
    INSERT INTO alert_deliveries (alert_id, said, channel, state)
        SELECT alert_id, 'raised', 'webhook', 'sent' FROM alerts;
    INSERT INTO alert_deliveries (said, channel, state)
        VALUES ('test', 'webhook', 'sent');
"""
OVER += OVER_GRANTS + OVER_ALERTS
OPEN = """
    INSERT INTO gaps (reason) VALUES ('refused');
    INSERT INTO runs (run_id, corp_pk, cause, state, created_at)
        SELECT stage, corp_pk, 'operator', stage,
            clock_timestamp() + make_interval(secs => n)
        FROM corps, (VALUES ('running', 1), ('queued', 2)) AS given (stage, n);
    INSERT INTO plans (plan_id, corp_pk, kind, hash, state, decided_at)
        SELECT stage, corp_pk, 'members', 'h', stage, clock_timestamp()
        FROM corps, unnest('{held,approved,rejected}'::text[]) AS stage;
    INSERT INTO plan_entries (plan_id, position, corp_pk, key, decision, before, after,
            reason)
        SELECT plan_id, 0, corp_pk, 'member:zhang', 'RemoveMember', '{}', '{}',
            'deleted' FROM plans;
    INSERT INTO installs (code_hash, state)
        VALUES ('exchanged', 'exchanged'), ('mailed', 'waiting');
    INSERT INTO inbox (mailbox, kind, key, state)
        VALUES ('code:mailed', 'create_auth', 'corp', 'pending');
    INSERT INTO notices (corp_pk, member_pk, company_id, kind, round, origin, state,
            plan_id, batch_id)
        SELECT corp_pk, member_pk, 'c', kind, round, origin, stage, plan, batch
        FROM members, (VALUES ('link', 1, 'person', 'queued', NULL, 'f'),
            ('link', 2, 'sync', 'queued', NULL, NULL),
            ('approval', 1, 'sync', 'sent', 'held', 'm'),
            ('approval', 1, 'sync', 'queued', 'approved', NULL))
            AS given (kind, round, origin, stage, plan, batch);
    INSERT INTO notice_batches (batch_id, corp_pk, kind, state, plan_id, code_until)
        SELECT batch, corp_pk, 'link', stage, plan, until
        FROM corps, (VALUES ('f', 'frozen', NULL, NULL),
            ('m', 'sent', 'held', clock_timestamp()))
            AS given (batch, stage, plan, until);
    INSERT INTO link_claims
            (corp_pk, member_pk, company_id, kind, account_id, said_by)
        SELECT corp_pk, member_pk, 'c', 'proved', 'a', 'member'
        FROM members, generate_series(1, 2);
    INSERT INTO company_acts (corp_pk, form, kind, done_by, told)
        SELECT corp_pk, claim_id::text, 'resolve', 'operator',
            jsonb_build_object('claim_id', claim_id) FROM link_claims;
"""


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def counts(bench: Workbench) -> dict[str, int]:
    """How many rows each table holds."""
    return {
        table: bench.row(f"SELECT count(*) AS n FROM {table}")["n"]  # noqa: S608 - names of our schema
        for table in tables(bench)
    }


def prune(bench: Workbench) -> None:
    """Whatever upkeep takes away."""
    for _ in range(2):
        pruning.prune(bench.runtime)
        pruning.prune_history(bench.runtime)
        jobs.drop_idle_boxes(bench.runtime)
        jobs.look_for_gaps(bench.runtime)
        sampling.prune_samples(bench.runtime)
        judge.prune(bench.runtime)


def test_every_table_is_bounded_or_emptied_of_what_is_over(bench: Workbench) -> None:
    bench.rows("DELETE FROM inbox; DELETE FROM identities; DELETE FROM mailboxes")
    bench.rows(ORG + OVER)
    bench.rows("DELETE FROM suite_tickets")
    grow_old(bench)
    # Receivers that are all silent would open a gap.
    bench.rows("INSERT INTO receivers VALUES ('alive', clock_timestamp())")
    empty = {table for table, rows in counts(bench).items() if not rows}

    prune(bench)

    left = {table: rows for table, rows in counts(bench).items() if rows}
    # A new table has to be put into OVER above, or among the bounded ones.
    assert empty - BOUNDED.keys() == set()
    assert {table: left[table] for table in left.keys() - BOUNDED.keys()} == LEFT


def test_what_is_not_over_stays_however_old_it_is(bench: Workbench) -> None:
    bench.rows(ORG + OPEN)
    grow_old(bench)
    kept = ["runs", "plans", "plan_entries", "notices", "notice_batches", "installs"]
    kept += ["link_claims", "company_acts"]
    before = counts(bench)

    prune(bench)

    after = counts(bench)
    assert {table: after[table] for table in kept} == {
        table: before[table] for table in kept
    }
    assert bench.rows("SELECT 1 AS one FROM inbox WHERE mailbox = 'code:mailed'")


def test_half_a_year_and_two_years_are_not_over_a_day_early(bench: Workbench) -> None:
    bench.rows(ORG + OVER)
    for table, column, days in (
        ("runs", "ended_at", KEPT_DAYS),
        ("notices", "closed_at", KEPT_DAYS),
        ("notice_batches", "ended_at", KEPT_DAYS),
        ("installs", "ended_at", KEPT_DAYS),
        ("plans", "decided_at", DECIDED_DAYS),
        ("company_acts", "done_at", DECIDED_DAYS),
        ("link_claims", "taken_at", DECIDED_DAYS),
    ):
        bench.rows(
            f"UPDATE {table} SET {column} = {column} - make_interval(days => %s)",  # noqa: S608 - constant names
            days - 1,
        )
    before = counts(bench)

    pruning.prune_history(bench.runtime)

    assert counts(bench) == before


def test_the_last_read_of_a_paused_corp_is_not_forgotten(bench: Workbench) -> None:
    bench.rows(ORG)
    bench.rows("""
        INSERT INTO runs (run_id, corp_pk, cause, state, created_at, ended_at)
        SELECT run_id, corp_pk, cause, stage,
            clock_timestamp() + make_interval(secs => n), ended_at
        FROM corps, (VALUES
            ('older', 1, 'schedule', 'done', clock_timestamp()),
            ('last', 2, 'schedule', 'done', clock_timestamp()),
            ('planned', 3, 'plan', 'done', clock_timestamp()),
            ('waiting', 4, 'operator', 'queued', NULL)
        ) AS given (run_id, n, cause, stage, ended_at)
    """)
    grow_old(bench)

    pruning.prune_history(bench.runtime)

    left = bench.rows("SELECT run_id FROM runs ORDER BY created_at")
    assert [row["run_id"] for row in left] == ["last", "waiting"]


def test_refusals_are_counted_for_ever(bench: Workbench) -> None:
    bench.rows(ORG + OVER)
    grow_old(bench)
    bench.rows("INSERT INTO refusals VALUES (current_date, 'size', 4)")

    prune(bench)

    total = bench.row("SELECT sum(count) AS n, count(*) AS days FROM refusals")
    assert total == {"n": 7, "days": 2}


def test_the_manual_says_of_each_table_how_long_it_is_kept(bench: Workbench) -> None:
    manual = OPERATIONS.read_text(encoding="utf-8")
    section = manual.partition("## What is kept")[2].partition("\n## ")[0]

    named = set(re.findall(r"`([a-z_]+)`", section))

    assert set(tables(bench)) - named == set()
