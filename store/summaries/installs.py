"""What the pages of an install show: what is wanted, and how far it has come."""

from dataclasses import dataclass

from psycopg.rows import class_row

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The names behind an intent of way 1; an admin whom nobody listed has none."""

    company_name: str
    admin_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an install stands, with the corp and the company as far as known.

    Shape: `company_*` is what the corp is linked to now, whoever linked it.
    """

    state: str
    reason: str | None
    corp_pk: int | None
    corp_name: str | None
    corp_state: str | None
    company_id: str | None
    company_name: str | None
    edition: str | None
    run_id: str | None
    run_state: str | None
    read: int
    of: int | None


def find_wish(
    connection: Connection, *, company_id: str, admin_account_id: str | None
) -> Wish | None:
    """What the page says about an intent of way 1."""
    with connection.cursor(row_factory=class_row(Wish)) as cursor:
        cursor.execute(
            """
            SELECT companies.name AS company_name,
                coalesce(accounts.name, accounts.nick) AS admin_name
            FROM companies LEFT JOIN accounts ON account_id = %s
            WHERE company_id = %s
            """,
            [admin_account_id, company_id],
        )
        return cursor.fetchone()


def has_left(connection: Connection, company_id: str, account_id: str) -> bool:
    """Whether the account was in this company and is no more."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM memberships WHERE company_id = %s"
        " AND account_id = %s AND (left_at IS NOT NULL OR employment = 'left'))",
        [company_id, account_id],
    ).fetchone()
    return bool(row and row[0])


def find_standing(connection: Connection, code_hash: str) -> Standing | None:
    """How far the install of this auth code has come; None before a worker saw it."""
    with connection.cursor(row_factory=class_row(Standing)) as cursor:
        cursor.execute(
            """
            SELECT i.state, i.reason, i.corp_pk, corps.name AS corp_name,
                corps.state AS corp_state, companies.company_id,
                companies.name AS company_name, companies.edition,
                i.run_id, runs.state AS run_state,
                coalesce(runs.pages_read, 0) AS read, runs.pages_of AS of
            FROM installs AS i
            LEFT JOIN corps ON corps.corp_pk = i.corp_pk
            LEFT JOIN companies ON companies.company_id = corps.company_id
            LEFT JOIN runs ON runs.run_id = i.run_id
            WHERE i.code_hash = %s
            """,
            [code_hash],
        )
        return cursor.fetchone()
