"""The daily reading of companies' people from TAPD: when it is due, and how it went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg.rows import class_row

from domain.ids import CompanyId
from store.database import Connection

# Only what a corp is linked to or about to be: its first sync is to know everybody. And
# only what TAPD knows: companies that we made for an install have no id there.
_WANTED = """(
    companies.origin = 'tapd' AND (EXISTS (
        SELECT FROM corps WHERE corps.company_id = companies.company_id
            AND corps.state = 'linked')
    OR EXISTS (
        SELECT FROM install_intents
        WHERE install_intents.company_id = companies.company_id
            AND install_intents.expires_at > clock_timestamp()))
)"""
_FRESH_SECONDS = 3600.0
_NICKS_FRESH_SECONDS = 60.0


class ReadState(StrEnum):
    """How the last reading went."""

    NEW = "new"
    READ = "read"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRead:
    """How a company's reading stands."""

    company_id: str
    state: ReadState
    error: str | None
    strikes: int
    left_out: int
    read_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", ReadState(self.state))


def want(connection: Connection, company_id: str) -> None:
    """Have a company read now, unless that succeeded within the hour."""
    connection.execute(
        """
        INSERT INTO account_reads AS known (company_id) VALUES (%s)
        ON CONFLICT (company_id) DO UPDATE SET due_at = clock_timestamp()
        WHERE known.due_at > clock_timestamp()
            AND (known.read_at IS NULL
                OR known.read_at < clock_timestamp() - make_interval(secs => %s))
        """,
        [company_id, _FRESH_SECONDS],
    )


def may_tell_nicks(connection: Connection, company_id: str) -> bool:
    """Whether reading the company's people again may tell whose an unknown nick is.

    Shape: not where TAPD refuses to tell, nor a minute after it told everybody.
    """
    row = connection.execute(
        f"""
        SELECT 1 FROM companies LEFT JOIN account_reads AS known USING (company_id)
        WHERE company_id = %s AND {_WANTED} AND coalesce(known.state <> 'refused', true)
            AND coalesce(
                known.read_at < clock_timestamp() - make_interval(secs => %s), true)
        """,  # noqa: S608 - a constant of this module
        [company_id, _NICKS_FRESH_SECONDS],
    ).fetchone()
    return row is not None


def want_nicks(connection: Connection, company_id: str) -> None:
    """Have a company read now: an item names somebody whom nobody knows.

    Repeats: a reading that is under way, or that waits after a failure, is not hurried.
    """
    connection.execute(
        """
        INSERT INTO account_reads AS known (company_id, nick_wanted_at)
        VALUES (%s, clock_timestamp())
        ON CONFLICT (company_id) DO UPDATE SET nick_wanted_at = clock_timestamp(),
            due_at = CASE WHEN known.state = 'read'
                THEN least(known.due_at, clock_timestamp()) ELSE known.due_at END
        """,
        [company_id],
    )


def list_due(connection: Connection, *, limit: int) -> Sequence[CompanyId]:
    """Companies whose people are to be read now, the longest due first.

    Shape: a company of TAPD's that is or will be linked and was never read is due; that
        is written down.
    """
    rows = connection.execute(
        f"""
        WITH added AS (
            INSERT INTO account_reads (company_id)
            SELECT company_id FROM companies
            WHERE {_WANTED} AND NOT EXISTS (
                SELECT FROM account_reads
                WHERE account_reads.company_id = companies.company_id)
            ON CONFLICT DO NOTHING RETURNING company_id, due_at
        ), known AS (
            SELECT company_id, due_at FROM account_reads JOIN companies
                USING (company_id)
            WHERE due_at <= clock_timestamp() AND {_WANTED}
        )
        SELECT company_id FROM (TABLE added UNION ALL TABLE known) AS due
        ORDER BY due_at, company_id LIMIT %s
        """,  # noqa: S608 - a constant of this module
        [limit],
    )
    return [CompanyId(company_id) for (company_id,) in rows]


def claim(connection: Connection, company_id: CompanyId, *, seconds: float) -> bool:
    """Whether the reading is due, and for so long nobody else's to do."""
    claimed = connection.execute(
        f"""
        UPDATE account_reads
        SET due_at = clock_timestamp() + make_interval(secs => %s)
        FROM companies
        WHERE account_reads.company_id = %s AND due_at <= clock_timestamp()
            AND companies.company_id = account_reads.company_id AND {_WANTED}
        """,  # noqa: S608 - a constant of this module
        [seconds, company_id],
    )
    return claimed.rowcount == 1


def find(connection: Connection, company_id: str) -> AccountRead | None:
    """How a company's reading stands; None if it was never wanted."""
    with connection.cursor(row_factory=class_row(AccountRead)) as cursor:
        cursor.execute(
            "SELECT company_id, state, error, strikes, left_out, read_at"
            " FROM account_reads WHERE company_id = %s",
            [company_id],
        )
        return cursor.fetchone()


def list_troubled(connection: Connection, *, limit: int) -> Sequence[AccountRead]:
    """Companies whose last reading did not succeed."""
    with connection.cursor(row_factory=class_row(AccountRead)) as cursor:
        cursor.execute(
            f"""
            SELECT company_id, state, error, strikes, left_out, read_at
            FROM account_reads JOIN companies USING (company_id)
            WHERE state IN ('refused', 'failed') AND {_WANTED}
            ORDER BY company_id LIMIT %s
            """,  # noqa: S608 - a constant of this module
            [limit],
        )
        return cursor.fetchall()


def note_read(
    connection: Connection,
    company_id: CompanyId,
    *,
    left_out: int,
    again_seconds: float,
) -> None:
    """The reading succeeded."""
    connection.execute(
        """
        UPDATE account_reads SET state = 'read', error = NULL, strikes = 0,
            left_out = %s, read_at = clock_timestamp(),
            due_at = clock_timestamp() + make_interval(secs => %s)
        WHERE company_id = %s
        """,
        [left_out, again_seconds, company_id],
    )


def note_trouble(
    connection: Connection,
    company_id: CompanyId,
    *,
    state: ReadState,
    error: str,
    again_seconds: float,
) -> None:
    """The reading did not succeed; what is known stays as it is."""
    connection.execute(
        """
        UPDATE account_reads SET state = %s, error = %s, strikes = strikes + 1,
            due_at = clock_timestamp() + make_interval(secs => %s)
        WHERE company_id = %s
        """,
        [state.value, error, again_seconds, company_id],
    )
