"""Installs: what became of each auth code, and the corp that its exchange named."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from domain.ids import CompanyId, CorpPk, RunId
from domain.states import InstallState
from store.database import Connection
from store.rows import stated

_COLUMNS = (
    "code_hash, state, corp_pk, reason, installer_userid, company_id, run_id,"
    " exchanged_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """One auth code by its SHA-256, so that redirect and callback meet."""

    code_hash: str
    state: InstallState
    corp_pk: CorpPk | None
    reason: str | None
    installer_userid: str | None
    company_id: CompanyId | None
    run_id: RunId | None
    exchanged_at: datetime | None


def open_install(connection: Connection, code_hash: str) -> Install:
    """The install of a code, made on first sight and locked for this transaction."""
    connection.execute(
        "INSERT INTO installs (code_hash, state) VALUES (%s, 'waiting')"
        " ON CONFLICT DO NOTHING",
        [code_hash],
    )
    with connection.cursor(row_factory=stated(Install, InstallState)) as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM installs WHERE code_hash = %s FOR UPDATE",  # noqa: S608 - a constant of this module
            [code_hash],
        )
        return cursor.fetchall()[0]


def note_exchanged(
    connection: Connection,
    code_hash: str,
    corp_pk: CorpPk,
    *,
    installer_userid: str | None = None,
) -> None:
    """The code named this corp, whose permanent code is stored with this."""
    connection.execute(
        "UPDATE installs SET state = 'exchanged', corp_pk = %s, installer_userid = %s,"
        " exchanged_at = clock_timestamp() WHERE code_hash = %s",
        [corp_pk, installer_userid, code_hash],
    )


def note_linked(
    connection: Connection, code_hash: str, *, company_id: CompanyId, run_id: RunId
) -> None:
    """The install is done: its corp is linked and will be read."""
    connection.execute(
        "UPDATE installs SET state = 'linked', reason = NULL, company_id = %s,"
        " run_id = %s, ended_at = clock_timestamp() WHERE code_hash = %s",
        [company_id, run_id, code_hash],
    )


def end_install(
    connection: Connection, code_hash: str, *, state: str, reason: str | None = None
) -> None:
    """How the install ended: linked, refused or failed, and why."""
    connection.execute(
        "UPDATE installs SET state = %s, reason = %s, ended_at = clock_timestamp()"
        " WHERE code_hash = %s",
        [state, reason, code_hash],
    )


def note_awaited(connection: Connection, code_hash: str, *, reason: str) -> None:
    """The install goes on when somebody has done something, or not at all."""
    connection.execute(
        "UPDATE installs SET reason = %s WHERE code_hash = %s AND state = 'exchanged'",
        [reason, code_hash],
    )


def seconds_since_exchange(connection: Connection, code_hash: str) -> float:
    """How long ago the code of an install was exchanged."""
    row = connection.execute(
        "SELECT extract(epoch FROM clock_timestamp() - exchanged_at) FROM installs"
        " WHERE code_hash = %s AND exchanged_at IS NOT NULL",
        [code_hash],
    ).fetchone()
    return float(row[0]) if row else 0.0


def reopen(connection: Connection, code_hash: str) -> None:
    """Decide a refused install once more: what it was refused for may be mended."""
    connection.execute(
        "UPDATE installs SET state = 'exchanged', reason = NULL, ended_at = NULL"
        " WHERE code_hash = %s AND state = 'refused'",
        [code_hash],
    )


def refuse_awaited(
    connection: Connection, *, awaited: str, reason: str, seconds: float
) -> int:
    """Refuse the installs that have been waiting for too long; how many."""
    return connection.execute(
        """
        UPDATE installs SET state = 'refused', reason = %(reason)s,
            ended_at = clock_timestamp()
        WHERE state = 'exchanged' AND reason = %(awaited)s
            AND exchanged_at < clock_timestamp() - make_interval(secs => %(seconds)s)
        """,
        {"awaited": awaited, "reason": reason, "seconds": seconds},
    ).rowcount


def admit_corp(connection: Connection, corp_id: str, *, name: str | None) -> CorpPk:
    """The live corp of this corpid, locked; made as `authorised` if there is none."""
    while True:
        # Two codes of one corp may be exchanged at the same time.
        connection.execute(
            """
            INSERT INTO corps (corp_id, state, name) VALUES (%s, 'authorised', %s)
            ON CONFLICT (corp_id) WHERE state <> 'revoked' DO NOTHING
            """,
            [corp_id, name],
        )
        row = connection.execute(
            "SELECT corp_pk FROM corps WHERE corp_id = %s AND state <> 'revoked'"
            " FOR UPDATE",
            [corp_id],
        ).fetchone()
        # A purge may have ended the corp between the two: then there is room for one.
        if row is not None:
            return CorpPk(row[0])


def keep_code(
    connection: Connection, corp_pk: CorpPk, *, permanent_code: bytes, data_key: bytes
) -> None:
    """Store a corp's sealed permanent code; its data key only if it has none yet."""
    connection.execute(
        "UPDATE corps SET permanent_code = %s, data_key = coalesce(data_key, %s)"
        " WHERE corp_pk = %s",
        [permanent_code, data_key, corp_pk],
    )


def link_corp(connection: Connection, corp_pk: CorpPk, company_id: CompanyId) -> None:
    """Link an authorised corp to its company."""
    connection.execute(
        "UPDATE corps SET state = 'linked', company_id = %s,"
        " linked_at = clock_timestamp() WHERE corp_pk = %s AND state = 'authorised'",
        [company_id, corp_pk],
    )


def find_former_company(
    connection: Connection, purged_id: str, *, origins: Collection[str]
) -> CompanyId | None:
    """The company that this corp was linked to before it was purged, if that is free.

    Shape: `purged_id` is the corpid as a purge leaves it behind.
    """
    row = connection.execute(
        """
        SELECT company_id FROM corps AS former JOIN companies USING (company_id)
        WHERE corp_id = %s AND state = 'revoked' AND companies.origin = ANY(%s)
            AND NOT EXISTS (
                SELECT FROM corps AS other
                WHERE other.company_id = former.company_id
                    AND other.state IN ('linked', 'paused'))
        ORDER BY corp_pk DESC LIMIT 1
        """,
        [purged_id, list(origins)],
    ).fetchone()
    return CompanyId(row[0]) if row else None


def is_taken(connection: Connection, company_id: CompanyId, *, by: CorpPk) -> bool:
    """Whether another corp than this one is linked to the company, which is locked."""
    connection.execute(
        "SELECT 1 FROM companies WHERE company_id = %s FOR UPDATE", [company_id]
    )
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM corps WHERE company_id = %s AND corp_pk <> %s"
        " AND state IN ('linked', 'paused'))",
        [company_id, by],
    ).fetchone()
    return bool(row and row[0])


def find_code_body(connection: Connection, mailbox: str) -> tuple[str, bytes] | None:
    """The kind and the sealed body of the oldest mail that still carries the code."""
    row = connection.execute(
        "SELECT kind, body FROM inbox WHERE mailbox = %s AND body IS NOT NULL"
        " ORDER BY event_id LIMIT 1",
        [mailbox],
    ).fetchone()
    return (row[0], row[1]) if row else None


def forget_code(connection: Connection, mailbox: str) -> None:
    """Drop the bodies that carry the code: it is used up."""
    connection.execute("UPDATE inbox SET body = NULL WHERE mailbox = %s", [mailbox])
