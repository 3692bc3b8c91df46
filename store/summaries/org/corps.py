"""Corps as the outside sees them: one row per corpid, purged ones included."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from domain.ids import CorpPk
from store.database import Connection
from store.platform import app_keys
from store.sealing import Keyring, pseudonym
from store.summaries.mail.waits import KNOWN_UNTIL, WaitSummary, wait_of

PURGED = "hmac:"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpSummary:
    """A corp with how far it is in step; `now` is Postgres' clock."""

    corp_pk: int
    corp_id: str
    name: str | None
    state: str
    company_id: str | None
    agent_id: int | None
    auth_mode: int
    scope: dict[str, Any]
    paused_by: str | None
    last_synced_at: datetime | None
    pending_events: int
    waits_for: str | None
    waits_since: datetime | None
    waits_until: datetime | None
    waits_error: str | None
    now: datetime

    @property
    def wait(self) -> WaitSummary | None:
        """What its mail waits for: all of it, else the oldest that waits by itself."""
        return wait_of(
            self.waits_for, self.waits_since, self.waits_until, self.waits_error
        )


_SELECT = f"""
    SELECT corp_pk, corp_id, name, state, company_id, agent_id, auth_mode, scope,
        paused_by, last_synced_at, clock_timestamp() AS now,
        (SELECT count(*) FROM inbox
         WHERE mailbox = 'corp:' || corps.corp_id AND inbox.state = 'pending'
        ) AS pending_events,
        wait.waits_for, wait.waiting_since AS waits_since,
        wait.until AS waits_until, wait.error AS waits_error
    FROM corps LEFT JOIN LATERAL (
        SELECT waits_for, waiting_since, error, until FROM (
            SELECT box.waits_for, box.waiting_since, box.error, 0 AS rank,
                CASE WHEN box.waits_for = 'paused' THEN corps.pause_look_at
                    WHEN box.not_before < {KNOWN_UNTIL} THEN box.not_before END
                    AS until
            FROM mailboxes AS box
            WHERE box.mailbox = 'corp:' || corps.corp_id
                AND box.not_before > clock_timestamp() AND box.waits_for IS NOT NULL
            UNION ALL
            (SELECT mail.waits_for, mail.waiting_since, mail.error, 1, mail.not_before
            FROM inbox AS mail
            WHERE mail.mailbox = 'corp:' || corps.corp_id
                AND mail.state = 'pending' AND mail.waits_for IS NOT NULL
            ORDER BY mail.event_id LIMIT 1)
        ) AS any_wait ORDER BY rank LIMIT 1
    ) AS wait ON corps.state <> 'revoked'
"""  # noqa: S608 - a constant of this room


def find_pseudonym_key(connection: Connection, *, keyring: Keyring) -> bytes | None:
    """The key that names purged ids; None before the first purge.

    Raises: SealBroken.
    """
    return app_keys.find(connection, "pseudonym", keyring)


def names_of(corp_id: str, pseudonym_key: bytes | None) -> list[str]:
    """The names under which a corpid may be stored: itself, and its purged form."""
    if pseudonym_key is None:
        return [corp_id]
    return [corp_id, pseudonym(pseudonym_key, corp_id=corp_id, name=corp_id)]


def find_corp(connection: Connection, names: list[str]) -> CorpSummary | None:
    """The live corp of these names, else the newest."""
    with connection.cursor(row_factory=class_row(CorpSummary)) as cursor:
        cursor.execute(
            f"""
            {_SELECT} WHERE corp_id = ANY(%s)
            ORDER BY (state <> 'revoked') DESC, corp_pk DESC LIMIT 1
            """,
            [names],
        )
        return cursor.fetchone()


def list_corps(
    connection: Connection,
    *,
    after: str,
    limit: int,
    pseudonym_key: bytes | None,
) -> list[CorpSummary]:
    """One row per corpid behind `after`, ascending; the live one, else the newest."""
    shadowed = _purged_names_of_known(connection, pseudonym_key)
    with connection.cursor(row_factory=class_row(CorpSummary)) as cursor:
        cursor.execute(
            f"""
            {_SELECT} WHERE corp_pk IN (
                SELECT DISTINCT ON (corp_id) corp_pk FROM corps
                WHERE corp_id > %(after)s AND corp_id <> ALL(%(shadowed)s)
                ORDER BY corp_id, (state <> 'revoked') DESC, corp_pk DESC
                LIMIT %(limit)s)
            ORDER BY corp_id
            """,  # noqa: S608 - the inserted text is a constant of this module
            {"after": after, "shadowed": shadowed, "limit": limit},
        )
        return cursor.fetchall()


def _purged_names_of_known(connection: Connection, key: bytes | None) -> list[str]:
    """Purged rows whose corpid came back: the new row stands for both."""
    if key is None:
        return []
    purged = connection.execute(
        "SELECT DISTINCT corp_id FROM corps WHERE starts_with(corp_id, %s)", [PURGED]
    ).fetchall()
    if not purged:
        return []
    known = connection.execute(
        "SELECT DISTINCT corp_id FROM corps WHERE NOT starts_with(corp_id, %s)",
        [PURGED],
    ).fetchall()
    names = {pseudonym(key, corp_id=name, name=name) for (name,) in known}
    return [name for (name,) in purged if name in names]


def list_linked(connection: Connection, *, limit: int) -> list[CorpPk]:
    """Linked corps, those longest out of step first."""
    rows = connection.execute(
        "SELECT corp_pk FROM corps WHERE state = 'linked'"
        " ORDER BY last_synced_at NULLS FIRST, corp_pk LIMIT %s",
        [limit],
    ).fetchall()
    return [CorpPk(corp_pk) for (corp_pk,) in rows]


def list_corp_pks(
    connection: Connection, corp_ids: list[str] | None
) -> list[int] | None:
    """What rows name the corps of these ids by; None for all corps."""
    if corp_ids is None:
        return None
    rows = connection.execute(
        "SELECT corp_pk FROM corps WHERE corp_id = ANY(%s)", [corp_ids]
    ).fetchall()
    return [corp_pk for (corp_pk,) in rows]
