"""TAPD companies: the tenants that corps are linked to."""

import secrets
from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.ids import CompanyId
from store.database import Connection
from store.sealing import Keyring

_RANDOM_BYTES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company with its own overrides; the event secret stays sealed."""

    company_id: str
    name: str
    edition: str
    origin: str
    has_event_secret: bool
    unmatched: str | None
    guard: dict[str, Any] | None
    item_notices: dict[str, Any] | None = None


def find_company(connection: Connection, company_id: str) -> Company | None:
    """The company of this id."""
    with connection.cursor(row_factory=class_row(Company)) as cursor:
        cursor.execute(
            """
            SELECT company_id, name, edition, origin, unmatched, guard, item_notices,
                event_secret IS NOT NULL AS has_event_secret
            FROM companies WHERE company_id = %s
            """,
            [company_id],
        )
        return cursor.fetchone()


def add_company(connection: Connection, company_id: str, *, name: str) -> None:
    """Make a company that exists in TAPD known here.

    Repeats: a company that is known already stays as it is.
    """
    connection.execute(
        "INSERT INTO companies (company_id, name, origin) VALUES (%s, %s, 'tapd')"
        " ON CONFLICT DO NOTHING",
        [company_id, name],
    )


def change_company(
    connection: Connection,
    company_id: str,
    *,
    given: dict[str, Any],
    keyring: Keyring,
) -> None:
    """Set the fields that are given; the others stay, None clears."""
    secret, guard = given.get("event_secret"), given.get("guard")
    item_notices = given.get("item_notices")
    place = secret_place(company_id)
    connection.execute(
        """
        UPDATE companies SET
            name = coalesce(%(name)s, name),
            edition = coalesce(%(edition)s, edition),
            event_secret = CASE WHEN %(has_secret)s THEN %(secret)s
                ELSE event_secret END,
            unmatched = CASE WHEN %(has_unmatched)s THEN %(unmatched)s
                ELSE unmatched END,
            guard = CASE WHEN %(has_guard)s THEN %(guard)s ELSE guard END,
            item_notices = CASE WHEN %(has_item_notices)s THEN %(item_notices)s
                ELSE item_notices END
        WHERE company_id = %(company_id)s
        """,
        {
            "company_id": company_id,
            "name": given.get("name"),
            "edition": given.get("edition"),
            "has_secret": "event_secret" in given,
            "secret": secret and keyring.seal(secret.encode(), place=place),
            "has_unmatched": "unmatched" in given,
            "unmatched": given.get("unmatched"),
            "has_guard": "guard" in given,
            "guard": None if guard is None else Jsonb(guard),
            "has_item_notices": "item_notices" in given,
            "item_notices": None if item_notices is None else Jsonb(item_notices),
        },
    )


def secret_place(company_id: str) -> str:
    """What an event secret is sealed for."""
    return f"event_secret:{company_id}"


def make_company(
    connection: Connection, *, name: str | None, edition: str | None = None
) -> CompanyId:
    """Make a company for a corp that installed us without one, and return its new id.

    Repeats: a second call makes a second company.
    """
    company_id = CompanyId(f"wecom-{secrets.token_hex(_RANDOM_BYTES)}")
    connection.execute(
        "INSERT INTO companies (company_id, name, edition, origin)"
        " VALUES (%s, %s, coalesce(%s, 'standard'), 'wecom')",
        [company_id, name or company_id, edition],
    )
    return company_id
