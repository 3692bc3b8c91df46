"""Forgets a corp that withdrew: secrets and personal data go, ids become HMACs."""

from domain.ids import CorpPk
from domain.mailbox import mailbox_of_corp
from store.database import Connection
from store.platform import app_keys
from store.sealing import Keyring


def obtain_pseudonym_key(connection: Connection, keyring: Keyring) -> bytes:
    """The key of the HMACs that stand for purged ids; made at its first use.

    Raises: SealBroken.
    """
    return app_keys.obtain(connection, app_keys.PSEUDONYM, keyring)


def purge_ledger(connection: Connection, mailbox: str, *, renamed: str) -> None:
    """Move a mailbox's sums under its HMAC, and forget the state of the mailbox."""
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
            due_at = NULL, due_cause = NULL, spellings = '{}',
            pause_look_at = NULL, pause_looks = 0,
            scope_doubt_at = NULL, scope_doubts = 0,
            lookups_due_at = NULL, lookups_blocked_until = NULL
        WHERE corp_pk = %s
        """,
        [renamed, corp_pk],
    )
    for table in (
        "tags",
        "touched",
        "known_answers",
        "run_requests",
        "absences",
        "lookups",
        "testimony",
        "item_preferences",
        "item_answers",
        "censuses",
    ):
        connection.execute(
            f"DELETE FROM {table} WHERE corp_pk = %s",  # noqa: S608 - constant names
            [corp_pk],
        )
    _purge_installs(connection, corp_pk)
    connection.execute(
        """
        UPDATE inbox SET body = NULL, error = NULL, asked = NULL FROM installs
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


def purge_operations(connection: Connection, corp_id: str, *, renamed: str) -> None:
    """Alerts about a corp go, and batches of retries that name it or its people.

    Shape: whose worker died stays counted, under its HMAC. Its people have their names
        still: this comes before they are renamed.
    """
    connection.execute("DELETE FROM alerts WHERE corp_id = %s", [corp_id])
    connection.execute(
        """
        DELETE FROM retry_batches
        WHERE strpos(query, %(corp)s) > 0 OR strpos(wanted::text, %(corp)s) > 0
            OR wanted ->> 'key' IN (
                SELECT 'member:' || userid FROM members JOIN corps USING (corp_pk)
                WHERE corp_id = %(corp)s
                UNION SELECT key FROM inbox
                WHERE mailbox = %(box)s AND state IN ('failed', 'parked'))
        """,
        {"corp": corp_id, "box": mailbox_of_corp(corp_id)},
    )
    connection.execute(
        "UPDATE takeovers SET mailbox = %s WHERE mailbox = %s",
        [mailbox_of_corp(renamed), mailbox_of_corp(corp_id)],
    )
