"""A corp that withdrew is found in no table any more; others are left alone."""

import secrets
from collections.abc import Iterator

import pytest
from psycopg.types.json import Jsonb

from domain.decisions import Decision, DecisionName
from domain.ids import Userid, member_key
from domain.org.fields import member_fields
from simulator.admin import admin_app
from simulator.faults import Kind
from simulator.org.corp import Corp as Enterprise
from store.database import transaction
from store.org import corps, journal, members
from store.org.corps import Corp
from store.org.journal import Cause
from store.retention import purge
from store.runs import reads, requests, touched
from store.sealing import pseudonym
from tests.support.people.granted import add_grants
from tests.support.purging import TABLES_OF_A_CORP
from tests.support.values import builders
from tests.support.workbench import Workbench, workbench
from workers.inbox.drain import drain
from workers.upkeep import jobs

BOSS = "woBossAAAA"
WORKER = "woWorkerBBBB"
ADMIN = "woAdminEEEE"
OPEN_USERID = "ooWorkerCCCC"
ALIAS = "woOldDDDD"
NAME = "王晓明"
MOBILE = "13800001111"


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def populate(bench: Workbench, corp: Corp) -> list[str]:
    """Fill every table that can name somebody; the texts that must be gone later."""
    _fill_org(bench, corp)
    _fill_plan(bench, corp)
    _fill_install(bench, corp)
    run_id = _fill_run(bench, corp)
    bench.rows(
        "INSERT INTO staging (run_id, kind, page, key, fingerprint, value)"
        " VALUES (%s, 'member', '1', %s, '', '{}')",
        run_id,
        WORKER,
    )
    bench.rows(
        "INSERT INTO known_answers (corp_pk, page, digest, context, places, rows)"
        " VALUES (%s, 'department:1', '', '', '{1}', %s)",
        corp.corp_pk,
        Jsonb([[WORKER, "", {"name": NAME}]]),
    )
    bench.rows(
        "INSERT INTO inbox (mailbox, kind, change, key, state, hint, error)"
        " VALUES (%s, 'change_contact', 'update_user', %s, 'parked', %s, %s)",
        corp.mailbox,
        member_key(WORKER),
        f'{{"open_userid": "{OPEN_USERID}"}}',
        f"user/get: {corp.corp_id}: time-out",
    )
    bench.rows(
        "INSERT INTO testimony (corp_pk, userid, event_id, kind, hint, received_at)"
        " VALUES (%s, %s, 1, 'unsubscribe', '{}', clock_timestamp())",
        *(corp.corp_pk, WORKER),
    )
    bench.rows(
        "INSERT INTO ledger_days (mailbox, day, received, applied)"
        " VALUES (%s, '2026-01-05', 3, 3)",
        corp.mailbox,
    )
    bench.rows(
        "INSERT INTO pauses VALUES (%s, 'user', clock_timestamp(), 1, 'throttled')",
        f"corp:{corp.corp_id}",
    )
    bench.rows(
        "INSERT INTO company_acts (corp_pk, form, kind, done_by)"
        " VALUES (%s, 'f', 'unlink', %s)",
        corp.corp_pk,
        f"admin:{ADMIN}",
    )
    add_grants(bench, corp)
    return [corp.corp_id, BOSS, WORKER, ADMIN, OPEN_USERID, ALIAS, NAME, MOBILE]


def _fill_org(bench: Workbench, corp: Corp) -> None:
    person = builders.member(
        WORKER,
        open_userid=OPEN_USERID,
        name=NAME,
        leaders=[BOSS],
        details={"mobile": MOBILE},
    )
    added = Decision(
        name=DecisionName.ADD_MEMBER,
        key=member_key(WORKER),
        before={},
        after=member_fields(person) | {"state": "active"},
        reason="first_read",
    )
    with transaction(bench.runtime.pool) as connection:
        members.add(connection, corp.corp_pk, [person, builders.member(BOSS)])
        journal.write(
            connection,
            corp.corp_pk,
            cause=Cause(name="run"),
            decisions=[added],
            data_key=bench.runtime.data_key(corp),
        )
        corps.save_tags(connection, corp.corp_pk, [builders.tag(userids=[WORKER])])
    bench.rows(
        "INSERT INTO aliases (corp_pk, userid, member_pk)"
        " SELECT corp_pk, %s, member_pk FROM members"
        " WHERE corp_pk = %s AND userid = %s",
        ALIAS,
        corp.corp_pk,
        WORKER,
    )


def _fill_install(bench: Workbench, corp: Corp) -> None:
    bench.rows(
        "UPDATE installs SET installer_userid = %s WHERE corp_pk = %s",
        ADMIN,
        corp.corp_pk,
    )
    bench.rows(
        "INSERT INTO install_intents (intent_id, edition, state, code_hash,"
        " installer_corp_id, installer_userid, expires_at)"
        " SELECT code_hash, 'standard', code_hash, code_hash, %s, %s, clock_timestamp()"
        " FROM installs WHERE corp_pk = %s",
        corp.corp_id,
        ADMIN,
        corp.corp_pk,
    )


def _fill_plan(bench: Workbench, corp: Corp) -> None:
    plan_id = secrets.token_hex(8)
    bench.rows(
        "INSERT INTO plans (plan_id, corp_pk, kind, hash, decided_by)"
        " VALUES (%s, %s, 'members', 'h', %s)",
        plan_id,
        corp.corp_pk,
        ADMIN,
    )
    fields = Jsonb({"userid": WORKER, "direct_leaders": [BOSS]})
    bench.rows(
        "INSERT INTO plan_entries (plan_id, position, corp_pk, key, decision, before,"
        " after, personal, reason)"
        " VALUES (%s, 1, %s, %s, 'RemoveMember', %s, '{}', 'sealed', 'listed')",
        plan_id,
        corp.corp_pk,
        member_key(WORKER),
        fields,
    )


def _fill_run(bench: Workbench, corp: Corp) -> str:
    with transaction(bench.runtime.pool) as connection:
        run_id = requests.request_run(connection, corp.corp_pk, cause="operator")
        reads.note_snapshot(connection, run_id, {"members": [WORKER]})
        touched.note(connection, corp.corp_pk, [member_key(WORKER)])
    return run_id


def dump(bench: Workbench) -> str:
    """Every row of every table as text."""
    tables = bench.rows(
        "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = 'public' AND relkind = 'r'"
    )
    return "\n".join(
        row["line"]
        for table in tables
        for row in bench.rows(f"SELECT t::text AS line FROM {table['relname']} AS t")  # noqa: S608 - the names come from the catalogue
    )


def withdraw(bench: Workbench, enterprise: Enterprise) -> None:
    admin_app.uninstall(bench.world, enterprise)
    bench.deliver_and_drain()


def test_every_table_that_knows_corps_is_thought_of(bench: Workbench) -> None:
    found = bench.rows(
        "SELECT DISTINCT table_name AS name FROM information_schema.columns"
        " JOIN pg_class ON relname = table_name AND NOT relispartition"
        " WHERE table_schema = 'public' AND column_name IN ("
        " 'corp_pk', 'corp_id', 'mailbox', 'userid', 'member_pk')"
    )

    assert {row["name"] for row in found} == TABLES_OF_A_CORP


def test_after_a_purge_no_table_names_the_corp_or_its_people(bench: Workbench) -> None:
    enterprise = bench.found()
    corp = bench.link(enterprise)
    wanted = populate(bench, corp)
    before = dump(bench)

    withdraw(bench, enterprise)

    after = dump(bench)
    assert [text for text in wanted if text not in before] == []
    assert [text for text in wanted if text in after] == []
    mail = bench.row("SELECT state, outcome FROM inbox WHERE kind = 'cancel_auth'")
    assert mail == {"state": "done", "outcome": "purged"}


def test_a_purge_destroys_the_secrets_and_ends_the_runs(bench: Workbench) -> None:
    enterprise = bench.found()
    corp = bench.link(enterprise)
    populate(bench, corp)

    withdraw(bench, enterprise)

    row = bench.row("SELECT * FROM corps")
    assert row["state"] == "revoked"
    assert (row["permanent_code"], row["data_key"]) == (None, None)
    assert row["company_id"] == corp.company_id
    assert bench.rows("SELECT owner FROM tokens WHERE owner LIKE 'corp:%%'") == []
    for table in ("oidc_grants", "oidc_consents"):
        assert bench.rows(f"SELECT 1 AS one FROM {table}") == []  # noqa: S608 - names
    assert {each["state"] for each in bench.rows("SELECT state FROM runs")} == {
        "cancelled"
    }
    bodies = bench.rows("SELECT body FROM inbox WHERE mailbox LIKE 'corp:%%'")
    assert {each["body"] for each in bodies} == {None}


def test_a_purged_corp_is_found_by_its_hmac(bench: Workbench) -> None:
    enterprise = bench.found()
    corp = bench.link(enterprise)
    populate(bench, corp)

    withdraw(bench, enterprise)

    with transaction(bench.runtime.pool) as connection:
        key = purge.obtain_pseudonym_key(connection, bench.runtime.keyring)
        people = members.list_active(connection, corp.corp_pk)
    hidden = pseudonym(key, corp_id=corp.corp_id, name=corp.corp_id)
    assert bench.row("SELECT corp_id FROM corps")["corp_id"] == hidden
    worker = pseudonym(key, corp_id=corp.corp_id, name=WORKER)
    boss = Userid(pseudonym(key, corp_id=corp.corp_id, name=BOSS))
    (found,) = [each for each in people if each.member.userid == worker]
    assert found.member.direct_leaders == (boss,)
    assert found.member.details == ()
    line = bench.row("SELECT key, after, personal FROM journal")
    assert line["key"] == member_key(worker)
    assert line["after"]["userid"] == worker
    assert line["after"]["direct_leaders"] == [boss]
    assert line["after"]["state"] == "active"
    assert line["personal"] is None


def test_the_ledger_of_a_purged_corp_still_adds_up(bench: Workbench) -> None:
    enterprise = bench.found()
    corp = bench.link(enterprise)
    populate(bench, corp)

    withdraw(bench, enterprise)

    sums = bench.row("SELECT mailbox, received, applied FROM ledger_days")
    assert (sums["received"], sums["applied"]) == (3, 3)
    assert sums["mailbox"].startswith("corp:hmac:")
    parked = bench.rows("SELECT 1 FROM inbox WHERE state IN ('pending', 'parked')")
    assert parked == []


def test_a_repeat_of_the_cancel_does_not_come_up_again(bench: Workbench) -> None:
    enterprise = bench.found()
    bench.link(enterprise)
    withdraw(bench, enterprise)

    bench.repeat("cancel_auth")

    mail = bench.row("SELECT state, times_seen FROM inbox WHERE kind = 'cancel_auth'")
    assert mail == {"state": "done", "times_seen": 2}


def test_a_cancel_that_wecom_does_not_confirm_is_stale(bench: Workbench) -> None:
    enterprise = bench.found()
    bench.link(enterprise)
    bench.world.push_about("cancel_auth", corp=enterprise)

    bench.deliver_and_drain()

    mail = bench.row("SELECT state, outcome FROM inbox WHERE kind = 'cancel_auth'")
    assert mail == {"state": "ignored", "outcome": "stale_cancel"}
    assert bench.corp(enterprise).state == "linked"


def test_a_cancel_waits_while_wecom_gives_no_answer(bench: Workbench) -> None:
    enterprise = bench.found()
    bench.link(enterprise)
    bench.misbehave(Kind.BUSY, match="service/v2/get_auth_info")

    withdraw(bench, enterprise)

    mail = bench.row("SELECT state FROM inbox WHERE kind = 'cancel_auth'")
    assert mail == {"state": "pending"}
    assert bench.corp(enterprise).state == "linked"


def test_mail_after_a_purge_is_parked_ignored_and_then_emptied(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    bench.link(enterprise)
    agent = enterprise.agent
    withdraw(bench, enterprise)
    enterprise.agent = agent
    bench.world.push_about("change_auth", corp=enterprise)
    enterprise.agent = None
    bench.deliver_and_drain()
    parked = bench.row("SELECT state FROM inbox WHERE kind = 'change_auth'")
    bench.rows("UPDATE inbox SET done_at = done_at - interval '16 minutes'")

    jobs.tick(bench.runtime)
    bench.rows("UPDATE schedule SET due_at = clock_timestamp()")
    jobs.tick(bench.runtime)
    bench.rows("UPDATE schedule SET due_at = clock_timestamp()")
    jobs.tick(bench.runtime)

    assert parked == {"state": "parked"}
    mail = bench.row("SELECT state, outcome FROM inbox WHERE kind = 'change_auth'")
    assert mail == {"state": "ignored", "outcome": "not_linked"}
    assert enterprise.corp_id not in dump(bench)


def test_a_corp_that_comes_back_is_a_new_corp_of_the_same_company(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    first = bench.link(enterprise)
    withdraw(bench, enterprise)

    second = bench.link(enterprise)

    assert second.corp_pk != first.corp_pk
    assert (second.state, second.company_id) == ("linked", first.company_id)
    assert bench.runtime.data_key(second) != bench.runtime.data_key(first)


def test_a_second_withdrawal_finds_the_same_hmacs(bench: Workbench) -> None:
    enterprise = bench.found()
    populate(bench, bench.link(enterprise))
    withdraw(bench, enterprise)
    second = bench.link(enterprise)
    populate(bench, second)
    enterprise.agent = None
    # Pushed by the simulator it would be the first one's repeat: the same second.
    bench.rows(
        "INSERT INTO inbox (mailbox, kind, key, state, barrier)"
        " VALUES (%s, 'cancel_auth', 'corp', 'pending', true)",
        second.mailbox,
    )

    drain(bench.runtime, second.mailbox)

    ids = {row["corp_id"] for row in bench.rows("SELECT corp_id FROM corps")}
    assert len(ids) == 1
    sums = bench.row("SELECT received FROM ledger_days")
    assert sums == {"received": 6}
    assert WORKER not in dump(bench)
