"""What the pages of an install show: what is wanted, and how far it has come."""

from dataclasses import dataclass
from datetime import timedelta

from psycopg.rows import class_row

from domain.links.links import LinkReason
from store.database import Connection
from store.installs.intents import INSTALL_RESUMED

# Who is linked for one of these reasons got an account made for them.
_CREATED = (LinkReason.NO_ACCOUNT.value, LinkReason.NOT_VISIBLE.value)
_MENDED_WITHIN = timedelta(minutes=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The names behind an intent of way 1; an admin whom nobody listed has none."""

    company_name: str
    admin_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallStanding:
    """Where an install stands, with the corp and the company as far as known.

    Shape: `company_*` is what the corp is linked to now, whoever linked it;
        `can_be_asked_again` for 20 minutes after the exchange; `resumed`: it is being
        decided once more; `waits_for` is what the worker waits for before it goes on.
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
    can_be_asked_again: bool
    resumed: bool
    waits_for: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The departments and people of a corp, the people by how they stand to TAPD.

    Shape: `looked_up` wait for WeCom's answers about mobiles, or were not yet looked
        at; the six kinds of people make up the members.
    """

    departments: int = 0
    members: int = 0
    linked: int = 0
    created: int = 0
    asked: int = 0
    conflicts: int = 0
    looked_up: int = 0
    unlinked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLink:
    """Somebody whose account is not settled, and why."""

    userid: str
    name: str | None
    state: str
    reason: str


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


def find_standing(connection: Connection, code_hash: str) -> InstallStanding | None:
    """How far the install of this auth code has come; None before a worker saw it."""
    with connection.cursor(row_factory=class_row(InstallStanding)) as cursor:
        cursor.execute(
            """
            SELECT i.state, i.reason, i.corp_pk, corps.name AS corp_name,
                corps.state AS corp_state, companies.company_id,
                companies.name AS company_name, companies.edition,
                i.run_id, runs.state AS run_state,
                coalesce(runs.pages_read, 0) AS read, runs.pages_of AS of,
                coalesce(i.exchanged_at > clock_timestamp() - %s, false)
                    AS can_be_asked_again,
                EXISTS (
                    SELECT FROM inbox WHERE inbox.mailbox = 'code:' || i.code_hash
                        AND kind = %s AND inbox.state = 'pending'
                ) AS resumed,
                CASE WHEN mailboxes.not_before > clock_timestamp()
                    THEN mailboxes.waits_for END AS waits_for
            FROM installs AS i
            LEFT JOIN mailboxes ON mailboxes.mailbox = 'code:' || i.code_hash
            LEFT JOIN corps ON corps.corp_pk = i.corp_pk
            LEFT JOIN companies ON companies.company_id = corps.company_id
            LEFT JOIN runs ON runs.run_id = i.run_id
            WHERE i.code_hash = %s
            """,
            [_MENDED_WITHIN, INSTALL_RESUMED, code_hash],
        )
        return cursor.fetchone()


def count_people(connection: Connection, corp_pk: int) -> Counts:
    """The corp's listed departments and active members, counted."""
    with connection.cursor(row_factory=class_row(Counts)) as cursor:
        cursor.execute(
            """
            SELECT
                (SELECT count(*) FROM departments WHERE corp_pk = %(corp_pk)s)
                    AS departments,
                count(*) AS members,
                count(*) FILTER (WHERE links.state = 'linked'
                    AND NOT links.reason = ANY(%(created)s)) AS linked,
                count(*) FILTER (WHERE links.state = 'linked'
                    AND links.reason = ANY(%(created)s)) AS created,
                count(*) FILTER (WHERE links.state = 'pending') AS asked,
                count(*) FILTER (WHERE links.state = 'conflict') AS conflicts,
                count(*) FILTER (WHERE coalesce(links.state, 'none') = 'none')
                    AS looked_up,
                count(*) FILTER (WHERE links.state = 'unlinked') AS unlinked
            FROM members AS m
            LEFT JOIN links
                ON links.corp_pk = m.corp_pk AND links.member_pk = m.member_pk
            WHERE m.corp_pk = %(corp_pk)s AND m.state = 'active'
            """,
            {"corp_pk": corp_pk, "created": list(_CREATED)},
        )
        return cursor.fetchall()[0]


def list_open_links(
    connection: Connection, corp_pk: int, *, state: str, limit: int
) -> list[OpenLink]:
    """The active members whose link is pending or in conflict, by userid."""
    with connection.cursor(row_factory=class_row(OpenLink)) as cursor:
        cursor.execute(
            """
            SELECT m.userid, m.name, links.state, links.reason
            FROM links JOIN members AS m
                ON m.corp_pk = links.corp_pk AND m.member_pk = links.member_pk
            WHERE links.corp_pk = %s AND links.state = %s AND m.state = 'active'
            ORDER BY m.userid LIMIT %s
            """,
            [corp_pk, state, limit],
        )
        return cursor.fetchall()
