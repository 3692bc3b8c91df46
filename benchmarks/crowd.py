"""A database in which many other corps live, with their people, links and mail."""

from datetime import UTC, datetime

from store.database import Connection
from store.retention.partitions import INBOX, JOURNAL, add_week, list_missing_weeks

MEMBERS = 60
EVENTS = 150


def settle_in(connection: Connection, *, corps: int) -> None:
    """Add the corps, and have Postgres count what is there."""
    for kind in (INBOX, JOURNAL):
        for week in list_missing_weeks(connection, kind, now=datetime.now(UTC)):
            with connection.transaction():
                add_week(connection, kind, week)
    _corps(connection, corps)
    for fill in (_people, _links, _mail, _journal):
        fill(connection)
    connection.execute("ANALYZE")


def _corps(connection: Connection, corps: int) -> None:
    connection.execute(
        "INSERT INTO companies (company_id, name, origin)"
        " SELECT 'many' || n, 'many' || n, 'tapd' FROM generate_series(1, %s) AS n",
        [corps],
    )
    connection.execute(
        "INSERT INTO corps (corp_id, state, company_id, last_synced_at, linked_at)"
        " SELECT 'wpMany' || n, 'linked', 'many' || n, now(), now()"
        " FROM generate_series(1, %s) AS n",
        [corps],
    )
    connection.execute(
        "INSERT INTO departments (corp_pk, department_id, parent_id, sort_order, name,"
        " fingerprint) SELECT corp_pk, d, nullif(d - 1, 0), d, 'd' || d, ''"
        " FROM corps, generate_series(1, 10) AS d WHERE corp_id LIKE 'wpMany%'"
    )


def _people(connection: Connection) -> None:
    connection.execute(
        """
        INSERT INTO members (corp_pk, userid, open_userid, name, activation,
            department_ids, department_orders, main_department, grounds, employment,
            fingerprint)
        SELECT corp_pk, 'wo' || n, 'oo' || corp_pk || '-' || n, 'n', 'active',
            ARRAY[1 + n %% 10]::bigint[], ARRAY[0]::bigint[], 1 + n %% 10,
            ARRAY['department:1'], 'working', ''
        FROM corps, generate_series(1, %(members)s) AS n
        WHERE corp_id LIKE 'wpMany%%'
        -- One corp after the other, as full reads write them: not as a join happens to.
        ORDER BY corp_pk, n
        """,
        {"members": MEMBERS},
    )
    connection.execute(
        "INSERT INTO aliases (corp_pk, userid, member_pk)"
        " SELECT corp_pk, 'former' || userid, member_pk FROM members"
        " WHERE member_pk % 10 = 0"
    )


def _links(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO accounts (account_id, nick, mobile, mobile_e164)"
        " SELECT corp_pk || '-' || userid, userid || '-' || corp_pk,"
        " lpad(member_pk::text, 11, '1'), '+86' || lpad(member_pk::text, 11, '1')"
        " FROM members"
    )
    connection.execute(
        "INSERT INTO memberships (company_id, account_id, origin)"
        " SELECT company_id, corp_pk || '-' || userid, 'tapd'"
        " FROM members JOIN corps USING (corp_pk) WHERE corp_id LIKE 'wpMany%'"
    )
    connection.execute(
        "INSERT INTO links (corp_pk, member_pk, company_id, state, reason, account_id)"
        " SELECT corp_pk, member_pk, company_id, 'linked', 'seen_mobile',"
        " corp_pk || '-' || userid"
        " FROM members JOIN corps USING (corp_pk) WHERE corp_id LIKE 'wpMany%'"
    )


def _mail(connection: Connection) -> None:
    connection.execute(
        """
        INSERT INTO inbox (mailbox, kind, change, key, state, sent_at, done_at)
        SELECT 'corp:' || corp_id, 'change_contact', 'update_user',
            'member:wo' || (1 + n %% %(members)s),
            CASE WHEN n %% 50 = 0 THEN 'pending' WHEN n %% 3 = 0 THEN 'folded'
                ELSE 'done' END,
            now(), now()
        FROM corps, generate_series(1, %(events)s) AS n
        WHERE corp_id LIKE 'wpMany%%'
        """,
        {"members": MEMBERS, "events": EVENTS},
    )
    connection.execute(
        "INSERT INTO identities SELECT sha256(event_id::text::bytea), event_id,"
        " received_at FROM inbox"
    )
    connection.execute(
        "INSERT INTO mailboxes (mailbox) SELECT DISTINCT mailbox FROM inbox"
    )
    connection.execute(
        "INSERT INTO leases (mailbox, token, expires_at)"
        " SELECT mailbox, NULL, '-infinity' FROM mailboxes ON CONFLICT DO NOTHING"
    )


def _journal(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO journal (corp_pk, cause, decision, key, reason, before, after)"
        " SELECT corp_pk, 'run', 'AddMember', 'member:' || userid, 'full_read', '{}',"
        " '{}' FROM members"
    )
