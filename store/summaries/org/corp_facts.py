"""What a corp's page tells beside its tree: scope, links, mailbox, settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from store.database import Connection

# Beyond so many people a page tells the numbers that the clock has counted last.
MOST_COUNTED = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxFacts:
    """Who holds a corp's mailbox, since when, what blocks it, and when it is due."""

    waiting: int
    oldest_at: datetime | None
    held_until: datetime | None
    worker: str | None
    not_before: datetime | None
    waits_for: str | None
    error: str | None
    strikes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFacts:
    """What a company has set of its own; None where the defaults hold."""

    company_id: str | None
    company_name: str | None
    edition: str | None
    unmatched: str | None
    guard: dict[str, Any] | None
    due_at: datetime | None
    due_cause: str | None


def find_mailbox(connection: Connection, mailbox: str) -> MailboxFacts:
    """How a mailbox stands; one that was never used is empty and free."""
    with connection.cursor(row_factory=class_row(MailboxFacts)) as cursor:
        cursor.execute(
            """
            SELECT mail.waiting, oldest.received_at AS oldest_at,
                CASE WHEN token IS NOT NULL AND expires_at > clock_timestamp()
                    THEN expires_at END AS held_until,
                CASE WHEN open_claim IS NOT NULL THEN worker END AS worker,
                CASE WHEN not_before > clock_timestamp() THEN not_before END
                    AS not_before,
                CASE WHEN not_before > clock_timestamp() THEN waits_for END
                    AS waits_for,
                error, coalesce(strikes, 0) AS strikes
            FROM (SELECT %(box)s::text AS mailbox) AS wanted
            LEFT JOIN mailboxes USING (mailbox)
            LEFT JOIN leases USING (mailbox)
            LEFT JOIN LATERAL (
                SELECT received_at FROM inbox
                WHERE inbox.mailbox = wanted.mailbox AND state = 'pending'
                ORDER BY event_id LIMIT 1
            ) AS oldest ON true
            CROSS JOIN LATERAL (
                SELECT count(*) AS waiting FROM (SELECT FROM inbox
                    WHERE inbox.mailbox = wanted.mailbox AND state = 'pending'
                    LIMIT 10000) AS few
            ) AS mail
            """,
            {"box": mailbox},
        )
        return cursor.fetchall()[0]


def find_settings(connection: Connection, corp_pk: int) -> SettingsFacts:
    """What holds for a corp beside the service's own settings."""
    with connection.cursor(row_factory=class_row(SettingsFacts)) as cursor:
        cursor.execute(
            """
            SELECT company_id, companies.name AS company_name, edition, unmatched,
                guard, due_at, due_cause
            FROM corps LEFT JOIN companies USING (company_id) WHERE corp_pk = %s
            """,
            [corp_pk],
        )
        return cursor.fetchall()[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFacts:
    """How many people a corp has; `counted_at` None: counted now."""

    active: int
    left: int
    links: Mapping[str, int]
    counted_at: datetime | None


def is_large(connection: Connection, corp_pk: int) -> bool:
    """Whether counting a corp's people takes longer than a page may."""
    row = connection.execute(
        "SELECT count(*) FROM (SELECT FROM members"
        " WHERE corp_pk = %s AND state = 'active' LIMIT %s) AS few",
        [corp_pk, MOST_COUNTED + 1],
    ).fetchone()
    return row is not None and row[0] > MOST_COUNTED


def find_people(connection: Connection, corp_pk: int) -> PeopleFacts:
    """The people of a corp and their links: counted now, or among many by the clock."""
    if is_large(connection, corp_pk):
        found = connection.execute(
            "SELECT counts, counted_at FROM censuses WHERE corp_pk = %s", [corp_pk]
        ).fetchone()
        if found is not None:
            counts, counted_at = found
            return PeopleFacts(
                active=counts["active"],
                left=counts["left"],
                links=counts["links"],
                counted_at=counted_at,
            )
    return count_people(connection, corp_pk)


def count_people(connection: Connection, corp_pk: int) -> PeopleFacts:
    """The same, counted now: a read of all of them."""
    rows = connection.execute(
        """
        SELECT coalesce(links.state, 'none'), count(*),
            count(*) FILTER (WHERE employment = 'left')
        FROM members LEFT JOIN links USING (corp_pk, member_pk)
        WHERE corp_pk = %s AND members.state = 'active' GROUP BY 1
        """,
        [corp_pk],
    ).fetchall()
    return PeopleFacts(
        active=sum(row[1] for row in rows),
        left=sum(row[2] for row in rows),
        links={row[0]: row[1] for row in rows},
        counted_at=None,
    )
