"""The command line: what it does, what it says, and its exit status."""

import base64
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from domain.decisions import Decision, DecisionName
from domain.ids import CORP_KEY, CorpPk, department_key, member_key
from domain.org.fields import department_fields, member_fields
from manage import cli
from store.inbox.record import BODY_PLACE, MailState, Post, identify
from store.intake.spill import open_spill
from store.migrate import list_missing
from store.org import departments, journal, members
from store.org.journal import Cause
from store.retention.rotation import SEALED
from store.sealing import DataKey, Keyring
from tests.integration.inbox.test_spill import post
from tests.support.values import builders
from tests.support.webclient import SECRET_KEY, add_corp, add_event, add_run, insert

OLD_KEY, STRANGE_KEY = b"o" * 32, b"s" * 32
# Bytes that no key of SECRET_KEYS seals: digests, and what a corp's data key seals.
UNSEALED = {
    "audit.chain",
    "audit.sealed",  # By the data key of the corp that it is about.
    "audit_head.chain",
    "audit_head.proof",
    "card_answers.sealed",
    "departments.fingerprint",
    "identities.digest",
    "install_intents.browser",
    "item_answers.sealed",
    "journal.personal",
    "journeys.state_digest",
    "journeys.visitor_digest",
    "known_answers.context",
    "known_answers.digest",
    "member_sessions.session_hash",
    "members.fingerprint",
    "notice_batches.sealed",
    "notice_batches.token_hash",
    "oidc_access_tokens.token_hash",
    "oidc_clients.secret_hash",
    "oidc_grants.code_hash",
    "oidc_grants.handle_hash",
    "oidc_grants.refresh_hash",
    "operator_sessions.session_hash",
    "operator_sessions.token_mark",
    "operators.token_hash",
    "plan_entries.personal",
    "rehearsed.personal",
    "staging.fingerprint",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The command line over these stores, and a connection for rows."""

    environment: dict[str, str]
    rows: psycopg.Connection[Any]

    def __call__(self, *arguments: str, **environment: str) -> Result:
        return CliRunner().invoke(
            cli, arguments, env={**self.environment, **environment}
        )


@pytest.fixture
def manage(
    database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Iterator[Command]:
    monkeypatch.chdir(tmp_path)
    with psycopg.connect(database, autocommit=True) as rows:
        yield Command(environment=environment(database, redis_url), rows=rows)


def environment(database: str, redis_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database,
        "REDIS_URL": redis_url,
        "PUBLIC_URL": "http://sync.example",
        "SECRET_KEYS": encoded(SECRET_KEY),
        "API_TOKEN": "synthetic-" * 4,
        "WECOM_SUITE_ID": "wwsuite",
        "WECOM_SUITE_SECRET": "synthetic",
        "WECOM_TOKEN": "synthetic",
        "WECOM_ENCODING_AES_KEY": "a" * 43,
        "WECOM_PROVIDER_CORP_ID": "",
        "WECOM_PROVIDER_SECRET": "",
        "TAPD_CLIENT_ID": "",
        "TAPD_CLIENT_SECRET": "",
    }


def encoded(*keys: bytes) -> str:
    return ",".join(base64.b64encode(key).decode() for key in keys)


def test_migrating_twice_applies_once(
    empty_database: str, redis_url: str, manage: Command
) -> None:
    first = manage("migrate", DATABASE_URL=empty_database)
    second = manage("migrate", DATABASE_URL=empty_database)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "applied 0001_inbox" in first.output
    assert "applied" not in second.output
    assert list_missing(empty_database) == []


def test_missing_settings_are_all_named_at_once(manage: Command) -> None:
    result = manage("migrate", DATABASE_URL="", API_TOKEN="", REDIS_URL="")

    assert result.exit_code == 1
    for name in ("DATABASE_URL", "API_TOKEN", "REDIS_URL"):
        assert name in result.output


def test_the_doctor_says_before_a_start_what_is_examined_later(
    manage: Command,
) -> None:
    result = manage(
        "doctor", "--before-start", "--lang", "en", WECOM_API_URL="http://127.0.0.1:1"
    )

    assert result.exit_code == 1
    assert re.search(r"^FAIL +wecom ", result.output, re.MULTILINE)
    assert re.search(
        r"^later +processes .*manage.py doctor", result.output, re.MULTILINE
    )
    for process in ("receiver ", "web ", "upkeep "):
        assert f"FAIL  {process}" not in result.output


def test_wrong_usage_is_told_apart(manage: Command) -> None:
    assert manage("retry", "x").exit_code == 2
    assert manage("resync").exit_code == 2
    assert manage("dance").exit_code == 2


def test_without_postgres_the_setting_is_named(manage: Command) -> None:
    result = manage("retry", "1", DATABASE_URL="postgresql://127.0.0.1:1/none")

    assert result.exit_code == 1
    assert "DATABASE_URL" in result.output


@pytest.mark.parametrize(
    ("state", "exit_code"), [("done", 0), ("held", 0), ("failed", 1), ("cancelled", 1)]
)
def test_a_resync_waits_for_its_run(
    manage: Command, database: str, state: str, exit_code: int
) -> None:
    add_corp(manage.rows, "wwcorp")
    worker = threading.Thread(target=work, args=(database, state))
    worker.start()

    result = manage("resync", "wwcorp", "--deep")
    worker.join()

    assert result.exit_code == exit_code, result.output
    assert "pages 3 of 4" in result.output
    assert "AddMember 2" in result.output
    assert ("out of luck" in result.output) == (exit_code == 1)


def work(database: str, state: str) -> None:
    """A worker that takes the first deep run and ends it in this state."""
    with psycopg.connect(database, autocommit=True) as rows:
        taken = 0
        while not taken:
            taken = rows.execute(
                "UPDATE runs SET state = %s, pages_read = 3, pages_of = 4,"
                " decisions = '{\"AddMember\": 2}', error = 'out of luck'"
                " WHERE state = 'queued' AND deep",
                [state],
            ).rowcount


@pytest.mark.parametrize("state", ["authorised", "paused", "revoked"])
def test_only_a_linked_corp_is_resynced(manage: Command, state: str) -> None:
    add_corp(manage.rows, "wwcorp", state=state)

    assert manage("resync", "wwcorp").exit_code == 1
    assert manage("resync", "unknown").exit_code == 1
    assert manage.rows.execute("SELECT 1 FROM runs").fetchall() == []


def test_retrying_makes_a_failed_event_pending(manage: Command) -> None:
    event_id = add_event(manage.rows, "corp:wwcorp", "failed")

    first = manage("retry", str(event_id))
    again = manage("retry", str(event_id))

    assert (first.exit_code, again.exit_code) == (0, 1)
    assert "corp:wwcorp" in first.output


def test_a_replay_finds_the_org_in_the_journal(manage: Command) -> None:
    corp_pk = keep_org(manage)

    result = manage("replay", "wwcorp")

    assert result.exit_code == 0, result.output
    before = manage.rows.execute("SELECT count(*) FROM members").fetchall()
    assert before == [(1,)]
    assert corp_pk > 0


def test_a_replay_names_what_the_journal_does_not_know(manage: Command) -> None:
    keep_org(manage)
    manage.rows.execute("UPDATE members SET name = 'Somebody', leads = '{2}'")
    manage.rows.execute("DELETE FROM departments")

    result = manage("replay", "wwcorp")

    assert result.exit_code == 1
    assert "member:zhang name" in result.output
    assert "member:zhang leads" in result.output
    assert "department:2: journal" in result.output
    assert "3 differences" in result.output


def test_a_journal_that_does_not_fold_is_told(manage: Command) -> None:
    keep_org(manage)
    manage.rows.execute("DELETE FROM journal WHERE decision = 'AddMember'")
    manage.rows.execute(
        "INSERT INTO journal (corp_pk, cause, decision, key, reason, before, after)"
        " SELECT corp_pk, 'mail', 'MoveMember', 'member:li', 'event', '{}', '{}'"
        " FROM corps"
    )

    result = manage("replay", "wwcorp")

    assert result.exit_code == 1
    assert "does not fold" in result.output


def keep_org(manage: Command) -> CorpPk:
    """An org of one department and one member, told by its journal."""
    corp_pk = CorpPk(add_corp(manage.rows, "wwcorp"))
    data_key = b"d" * 32
    sealed = Keyring((SECRET_KEY,)).seal(data_key, place=f"data_key:{corp_pk}")
    manage.rows.execute("UPDATE corps SET data_key = %s", [sealed])
    department, member = builders.department(2), builders.member("zhang", name="Zhang")
    departments.write(manage.rows, corp_pk, [department])
    members.add(manage.rows, corp_pk, [member])
    added = [
        Decision(
            name=DecisionName.ADD_DEPARTMENT,
            key=department_key(2),
            before={},
            after=department_fields(department),
            reason="full_read",
        ),
        Decision(
            name=DecisionName.ADD_MEMBER,
            key=member_key("zhang"),
            before={},
            after=member_fields(member),
            reason="full_read",
        ),
    ]
    journal.write(
        manage.rows,
        corp_pk,
        cause=Cause(name="run"),
        decisions=added,
        data_key=DataKey(data_key),
    )
    return corp_pk


def test_after_a_rotation_the_old_key_can_go(manage: Command) -> None:
    seal_everything(manage, Keyring((OLD_KEY,)))

    first = manage("rotate-keys", SECRET_KEYS=encoded(SECRET_KEY, OLD_KEY))
    again = manage("rotate-keys", SECRET_KEYS=encoded(SECRET_KEY))

    assert first.exit_code == 0, first.output
    # And one piece of mail in the spill.
    assert first.output.count(": 1 sealed again") == len(SEALED) + 1
    assert again.output.count(": 0 sealed again, 0 unreadable") == len(SEALED) + 1
    ring = Keyring((SECRET_KEY,))
    for sealed in SEALED:
        query = f"SELECT {sealed.key}, {sealed.column} FROM {sealed.table}"  # noqa: S608 - names of our own
        key, value = manage.rows.execute(query.encode()).fetchall()[0]
        assert ring.open(value, place=sealed.place(key)) == sealed.name.encode()


def test_what_no_key_opens_is_counted_and_left_alone(manage: Command) -> None:
    seal_everything(manage, Keyring((STRANGE_KEY,)))

    result = manage("rotate-keys", SECRET_KEYS=encoded(SECRET_KEY, OLD_KEY))

    assert result.exit_code == 1
    assert f"{len(SEALED) + 1} values cannot be opened" in result.output


@pytest.mark.parametrize("place", ["spill", "inbox"])
def test_what_an_older_key_seals_meanwhile_keeps_the_rotation_from_finishing(
    manage: Command, redis_url: str, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A receiver that was not started again goes on with the former keys."""
    former = Keyring((OLD_KEY,))

    def arrive(*_arguments: object, **_named: object) -> None:
        if place == "spill":
            open_spill(redis_url, former).put(replace(post(1), body=None))
        else:
            event_id = add_event(manage.rows, "corp:wwcorp", "pending")
            body = former.seal(b"late", place="inbox")
            manage.rows.execute(
                "UPDATE inbox SET body = %s WHERE event_id = %s", [body, event_id]
            )

    keys = encoded(SECRET_KEY, OLD_KEY)
    with monkeypatch.context() as patched:
        # The last that a rotation does before it says that it is done.
        patched.setattr("manage.note", arrive)
        first = manage("rotate-keys", SECRET_KEYS=keys)
    second = manage("rotate-keys", SECRET_KEYS=keys)

    assert first.exit_code == 1
    assert "1 values were sealed with an older key meanwhile" in first.output
    assert second.exit_code == 0, second.output


def test_a_rotation_that_cannot_look_at_the_spill_does_not_finish(
    manage: Command,
) -> None:
    result = manage(
        "rotate-keys",
        SECRET_KEYS=encoded(SECRET_KEY, OLD_KEY),
        REDIS_URL="redis://127.0.0.1:1/0",
    )

    assert result.exit_code == 1
    assert "REDIS_URL" in result.output


def test_every_column_of_bytes_is_rotated_or_known_to_be_no_secret(
    manage: Command,
) -> None:
    found = manage.rows.execute(
        "SELECT table_name || '.' || column_name FROM information_schema.columns"
        " JOIN pg_class ON relname = table_name AND NOT relispartition"
        " WHERE table_schema = 'public' AND data_type = 'bytea'"
    ).fetchall()

    assert {name for (name,) in found} == UNSEALED | {each.name for each in SEALED}


def seal_everything(manage: Command, ring: Keyring) -> None:
    """One row with a sealed value in every column that holds any."""
    corp_pk = add_corp(manage.rows, "wwcorp", company_id="7")
    add_run(manage.rows, corp_pk, "run-1")
    insert(manage.rows, "tokens", owner="provider")
    insert(manage.rows, "app_keys", name="pseudonym", sealed=b"")
    insert(manage.rows, "member_sessions", session_hash=b"s", corp_pk=1, member_pk=1)
    insert(manage.rows, "oidc_keys", kid="k", public={}, sealed=b"")
    item: dict[str, Any] = {"company_id": "7", "kind": "bug", "item_id": "1"}
    item["sealed"] = b""
    insert(manage.rows, "items", workspace_id="1", **item)
    insert(manage.rows, "item_changes", operator="o", first=True,
           closes_at="2026-01-01T00:00:00Z", **item)  # fmt: skip
    now = "2026-01-01T00:00:00Z"
    insert(manage.rows, "suite_tickets", suite_id="wwsuite", ticket=b"", sent_at=now)
    add_event(manage.rows, "corp:wwcorp", "pending")
    open_spill(manage.environment["REDIS_URL"], ring).put(
        Post(
            digest=identify(mailbox="suite", content=b"spilled"),
            mailbox="suite",
            kind="made_up",
            change=None,
            key=CORP_KEY,
            state=MailState.IGNORED,
            outcome="unknown event",
            sent_at=None,
            hint={},
            body=ring.seal(b"spilled", place=BODY_PLACE),
        )
    )
    for sealed in SEALED:
        query = f"SELECT {sealed.key} FROM {sealed.table}"  # noqa: S608 - names of our own
        [(key,)] = manage.rows.execute(query.encode()).fetchall()
        value = ring.seal(sealed.name.encode(), place=sealed.place(key))
        update = f"UPDATE {sealed.table} SET {sealed.column} = %s"  # noqa: S608 - names of our own
        manage.rows.execute(update.encode(), [value])
