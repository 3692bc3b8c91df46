"""Forgets a corp that withdrew: secrets and personal data go, ids become HMACs."""

import os
from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from domain.ids import CorpPk
from store.database import Connection
from store.sealing import Keyring

_KEY_NAME = "pseudonym"
_KEY_BYTES = 32
_LINES_AT_ONCE = 5_000
_PATIENCE = "10min"
_OUR_WORDS = frozenset(
    {"activation", "employment", "grounds", "link", "removal", "state"}
)


def obtain_pseudonym_key(connection: Connection, keyring: Keyring) -> bytes:
    """The key of the HMACs that stand for purged ids; made at its first use.

    Raises: SealBroken.
    """
    place = f"app_key:{_KEY_NAME}"
    connection.execute(
        "INSERT INTO app_keys (name, sealed) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        [_KEY_NAME, keyring.seal(os.urandom(_KEY_BYTES), place=place)],
    )
    row = connection.execute(
        "SELECT sealed FROM app_keys WHERE name = %s", [_KEY_NAME]
    ).fetchone()
    assert row is not None  # noqa: S101 - it was there, or we have just made it.
    return keyring.open(row[0], place=place)


def list_names(connection: Connection, corp_pk: CorpPk) -> list[str]:
    """Every userid and open_userid that the corp's org and journal hold."""
    rows = connection.execute(
        """
        WITH lines AS (
            SELECT key, before, after FROM journal WHERE corp_pk = %(corp_pk)s
        ), said AS (
            SELECT before AS fields FROM lines UNION ALL SELECT after FROM lines
        )
        SELECT userid FROM members WHERE corp_pk = %(corp_pk)s
        UNION SELECT open_userid FROM members WHERE corp_pk = %(corp_pk)s
        UNION SELECT unnest(direct_leaders) FROM members WHERE corp_pk = %(corp_pk)s
        UNION SELECT userid FROM aliases WHERE corp_pk = %(corp_pk)s
        UNION SELECT substr(said_by, 7) FROM link_claims
            WHERE corp_pk = %(corp_pk)s AND said_by LIKE 'admin:%%'
        UNION SELECT substr(key, 8) FROM lines WHERE key LIKE 'member:%%'
        UNION SELECT fields ->> 'userid' FROM said
        UNION SELECT fields ->> 'open_userid' FROM said
        UNION SELECT jsonb_path_query(fields, '$.direct_leaders[*]') #>> '{}' FROM said
        """,
        {"corp_pk": corp_pk},
    ).fetchall()
    return [name for (name,) in rows if name]


def list_mail_names(connection: Connection, mailbox: str) -> list[str]:
    """Every userid that the keys of a mailbox hold."""
    rows = connection.execute(
        "SELECT DISTINCT substr(key, 8) FROM inbox"
        " WHERE mailbox = %s AND key LIKE 'member:%%'",
        [mailbox],
    ).fetchall()
    return [name for (name,) in rows]


def load_names(connection: Connection, names: Mapping[str, str]) -> None:
    """Have the replacement of each name at hand for the rest of this transaction."""
    # A large corp is rewritten in one transaction; it must not run out of time.
    connection.execute("SELECT set_config('statement_timeout', %s, true)", [_PATIENCE])
    connection.execute(
        'CREATE TEMPORARY TABLE purge_names (old TEXT COLLATE "C" PRIMARY KEY,'
        ' new TEXT COLLATE "C" NOT NULL) ON COMMIT DROP'
    )
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY purge_names (old, new) FROM STDIN") as copy,
    ):
        for pair in names.items():
            copy.write_row(pair)
    connection.execute("ANALYZE purge_names")


def purge_people(connection: Connection, corp_pk: CorpPk) -> None:
    """Members keep their place in TAPD's tree, under an HMAC and without details.

    Employment, departments and state stay, so that the company's tree is unchanged.
    """
    connection.execute(
        """
        UPDATE members SET name = NULL, details = '{}', match_mobile = NULL,
            match_email = NULL, userid = (
                SELECT new FROM purge_names WHERE old = userid),
            open_userid = (SELECT new FROM purge_names WHERE old = open_userid),
            direct_leaders = CASE WHEN direct_leaders IS NOT NULL THEN ARRAY(
                SELECT new FROM unnest(direct_leaders) WITH ORDINALITY AS said (old, n)
                JOIN purge_names USING (old) ORDER BY n) END
        WHERE corp_pk = %s
        """,
        [corp_pk],
    )
    connection.execute(
        "UPDATE aliases SET userid = new FROM purge_names"
        " WHERE corp_pk = %s AND userid = old",
        [corp_pk],
    )


def purge_journal(
    connection: Connection, corp_pk: CorpPk, names: Mapping[str, str]
) -> None:
    """The journal still folds into the org, but tells nobody's name or number."""
    last = 0
    while lines := connection.execute(
        "SELECT line_id, at, key, before, after FROM journal"
        " WHERE corp_pk = %s AND line_id > %s ORDER BY line_id LIMIT %s",
        [corp_pk, last, _LINES_AT_ONCE],
    ).fetchall():
        last = lines[-1][0]
        # Not in SQL: a function that walks JSON takes minutes for a large corp.
        connection.execute(
            """
            UPDATE journal SET personal = NULL, key = given.key,
                before = given.before, after = given.after
            FROM unnest(%(ids)s::bigint[], %(ats)s::timestamptz[], %(keys)s::text[],
                %(befores)s::jsonb[], %(afters)s::jsonb[])
                AS given (line_id, at, key, before, after)
            WHERE corp_pk = %(corp_pk)s AND journal.line_id = given.line_id
                AND journal.at = given.at
            """,
            {
                "corp_pk": corp_pk,
                "ids": [line[0] for line in lines],
                "ats": [line[1] for line in lines],
                "keys": [_renamed_key(line[2], names) for line in lines],
                "befores": [Jsonb(_renamed(line[3], names)) for line in lines],
                "afters": [Jsonb(_renamed(line[4], names)) for line in lines],
            },
        )


def _renamed_key(key: str, names: Mapping[str, str]) -> str:
    kind, _, name = key.partition(":")
    return f"member:{names[name]}" if kind == "member" and name in names else key


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The same JSON with every text that is a name replaced, at any depth."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    if isinstance(value, dict):
        return {
            # A userid may be equal to one of our own words.
            field: part if field in _OUR_WORDS else _renamed(part, names)
            for field, part in value.items()
        }
    return value


def purge_mail(
    connection: Connection, mailbox: str, *, renamed: str, outcome: str
) -> int:
    """Empty a corp's mail and move it under its HMAC; what waited is ignored.

    Without asked_at no repeat of an event makes it pending again.

    Repeats: mail that comes later is moved to the same place; returns how much was.
    """
    moved = connection.execute(
        """
        UPDATE inbox SET mailbox = %(renamed)s, body = NULL, hint = '{}',
            error = NULL, claim = NULL, asked_at = NULL, key = coalesce((
                SELECT 'member:' || new FROM purge_names
                WHERE key = 'member:' || old), key),
            outcome = CASE WHEN state IN ('pending', 'parked') THEN %(outcome)s
                ELSE outcome END,
            done_at = CASE WHEN state IN ('pending', 'parked') THEN clock_timestamp()
                ELSE done_at END,
            state = CASE WHEN state IN ('pending', 'parked') THEN 'ignored'
                ELSE state END
        WHERE mailbox = %(mailbox)s
        """,
        {"mailbox": mailbox, "renamed": renamed, "outcome": outcome},
    ).rowcount
    connection.execute(
        """
        INSERT INTO ledger_days AS known (mailbox, day, received, applied, folded,
            duplicate, ignored, pending, parked, failed)
        SELECT %(renamed)s, day, received, applied, folded, duplicate, ignored,
            pending, parked, failed
        FROM ledger_days WHERE mailbox = %(mailbox)s
        ON CONFLICT (mailbox, day) DO UPDATE SET
            received = known.received + excluded.received,
            applied = known.applied + excluded.applied,
            folded = known.folded + excluded.folded,
            duplicate = known.duplicate + excluded.duplicate,
            ignored = known.ignored + excluded.ignored,
            pending = known.pending + excluded.pending,
            parked = known.parked + excluded.parked,
            failed = known.failed + excluded.failed
        """,
        {"mailbox": mailbox, "renamed": renamed},
    )
    for table in ("ledger_days", "mailboxes", "leases"):
        connection.execute(
            f"DELETE FROM {table} WHERE mailbox = %s",  # noqa: S608 - constant names
            [mailbox],
        )
    return moved


def purge_plans(connection: Connection, corp_pk: CorpPk) -> None:
    """Drop the corp's held removals: they name people, and nobody can decide now."""
    connection.execute("DELETE FROM plan_entries WHERE corp_pk = %s", [corp_pk])
    connection.execute(
        "UPDATE plans SET decided_by = NULL, state ="
        " CASE WHEN state = 'held' THEN 'superseded' ELSE state END"
        " WHERE corp_pk = %s",
        [corp_pk],
    )


def purge_runs(connection: Connection, corp_pk: CorpPk) -> None:
    """End the corp's runs and drop all that their reads have seen."""
    connection.execute(
        """
        UPDATE runs SET snapshot = NULL, error = NULL, worker = NULL,
            ended_at = coalesce(ended_at, clock_timestamp()),
            state = CASE WHEN state IN ('queued', 'running') THEN 'cancelled'
                ELSE state END
        WHERE corp_pk = %s
        """,
        [corp_pk],
    )
    for table in ("staging", "run_pages"):
        connection.execute(
            f"DELETE FROM {table} USING runs"  # noqa: S608 - constant names
            f" WHERE runs.run_id = {table}.run_id AND corp_pk = %s",
            [corp_pk],
        )


def purge_corp(connection: Connection, corp_pk: CorpPk, *, renamed: str) -> None:
    """Revoke the corp itself; its company and its departments stay."""
    # The data key makes every copy of the journal elsewhere unreadable too.
    connection.execute(
        """
        UPDATE corps SET state = 'revoked', revoked_at = clock_timestamp(),
            corp_id = %s, name = NULL, permanent_code = NULL, data_key = NULL,
            scope = '{}', permissions = '[]', agent_id = NULL, paused_by = NULL,
            due_at = NULL, due_cause = NULL,
            scope_doubt_at = NULL, scope_doubts = 0,
            lookups_due_at = NULL, lookups_blocked_until = NULL
        WHERE corp_pk = %s
        """,
        [renamed, corp_pk],
    )
    for table in ("tags", "touched", "run_requests", "absences"):
        connection.execute(
            f"DELETE FROM {table} WHERE corp_pk = %s",  # noqa: S608 - constant names
            [corp_pk],
        )
    _purge_installs(connection, corp_pk)
    connection.execute(
        """
        UPDATE inbox SET body = NULL, error = NULL FROM installs
        WHERE installs.corp_pk = %s AND mailbox = 'code:' || code_hash
        """,
        [corp_pk],
    )


def _purge_installs(connection: Connection, corp_pk: CorpPk) -> None:
    connection.execute(
        """
        UPDATE install_intents SET installer_userid = NULL, installer_corp_id = NULL
        FROM installs WHERE installs.corp_pk = %s
            AND install_intents.code_hash = installs.code_hash
        """,
        [corp_pk],
    )
    connection.execute(
        """
        UPDATE installs SET installer_userid = NULL,
            reason = CASE WHEN state = 'exchanged' THEN 'withdrawn' ELSE reason END,
            ended_at = coalesce(ended_at, clock_timestamp()),
            state = CASE WHEN state = 'exchanged' THEN 'failed' ELSE state END
        WHERE corp_pk = %s
        """,
        [corp_pk],
    )
