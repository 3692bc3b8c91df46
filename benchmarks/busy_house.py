"""A house that has run for weeks: very many events, a giant corp, runs, notices."""

from dataclasses import dataclass

from benchmarks.crowd import settle_in
from domain.org.headcount import count_people
from store.database import Connection
from store.health import balance, samples
from store.summaries.operations import censuses
from store.summaries.org.departments import list_shared_places, list_tree

GIANT = "wpGiant"
_WEEKS = 4
_DEPARTMENT_SIZE = 10
# Plans that were decided long ago, beside the one that waits.
_OLD_PLANS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """How much there is.

    Shape: of the events a fifth are the giant's; the rest is spread over the corps.
        `lines` are what each other corp has in its journal.
    """

    corps: int
    members: int
    events: int
    runs: int
    acts: int
    lines: int


WHOLE = House(
    corps=1_000,
    members=100_000,
    events=1_000_000,
    runs=30_000,
    acts=20_000,
    lines=300,
)


def move_in(connection: Connection, house: House) -> int:
    """Fill an empty database; the giant corp's key."""
    settle_in(connection, corps=house.corps)
    giant = _found(connection)
    _weeks(connection)
    for fill in (_people, _links, _journal, _notices):
        fill(connection, giant, house)
    _mail(connection, house)
    _runs(connection, house)
    _plan(connection, giant)
    _acts(connection, house)
    _alerts(connection, house)
    connection.execute("VACUUM ANALYZE")
    _what_the_clock_has_counted(connection, giant)
    return giant


def _what_the_clock_has_counted(connection: Connection, giant: int) -> None:
    rows = list_tree(connection, giant)
    shared = list_shared_places(connection, giant)
    censuses.keep(connection, giant, count_people(rows, shared))
    samples.keep(connection, {samples.LEDGER: balance.count_for_sample(connection)})


def _found(connection: Connection) -> int:
    connection.execute(
        "INSERT INTO companies (company_id, name, origin) VALUES ('giant', 'G', 'tapd')"
    )
    row = connection.execute(
        "INSERT INTO corps (corp_id, state, company_id, last_synced_at, linked_at)"
        " VALUES (%s, 'linked', 'giant', now(), now()) RETURNING corp_pk",
        [GIANT],
    ).fetchone()
    assert row is not None  # noqa: S101 - INSERT without conflict always returns.
    return int(row[0])


def _weeks(connection: Connection) -> None:
    """Partitions of the weeks that are past, as there were when they began."""
    for table in ("inbox", "journal"):
        for back in range(1, _WEEKS + 1):
            connection.execute(
                f"""
                DO $$ DECLARE
                    monday date := date_trunc('week', now() AT TIME ZONE 'utc')::date
                        - 7 * {back};
                BEGIN
                    EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF {table}'
                        ' FOR VALUES FROM (%L) TO (%L)',
                        '{table}_' || to_char(monday, 'YYYYMMDD'),
                        monday::timestamp AT TIME ZONE 'utc',
                        (monday + 7)::timestamp AT TIME ZONE 'utc');
                END $$
                """
            )


def _people(connection: Connection, giant: int, house: House) -> None:
    departments = max(1, house.members // _DEPARTMENT_SIZE)
    connection.execute(
        "INSERT INTO departments (corp_pk, department_id, parent_id, sort_order, name,"
        " fingerprint) SELECT %(corp)s, d,"
        " CASE WHEN d > 1 THEN greatest(1, d / 10) END, d, 'd' || d, ''"
        " FROM generate_series(1, %(departments)s) AS d",
        {"corp": giant, "departments": departments},
    )
    connection.execute(
        """
        INSERT INTO members (corp_pk, userid, open_userid, name, activation,
            department_ids, department_orders, main_department, grounds, employment,
            fingerprint)
        SELECT %(corp)s, 'wg' || n, 'og' || n, 'n' || n, 'active',
            ARRAY[1 + n %% %(departments)s]::bigint[], ARRAY[0]::bigint[],
            1 + n %% %(departments)s, ARRAY['department:1'], 'working', ''
        FROM generate_series(1, %(members)s) AS n
        """,
        {"corp": giant, "departments": departments, "members": house.members},
    )


def _links(connection: Connection, giant: int, house: House) -> None:
    connection.execute(
        "INSERT INTO accounts (account_id, nick, mobile, mobile_e164)"
        " SELECT 'g' || member_pk, userid, lpad(member_pk::text, 11, '1'),"
        " '+86' || lpad(member_pk::text, 11, '1') FROM members WHERE corp_pk = %s",
        [giant],
    )
    connection.execute(
        "INSERT INTO memberships (company_id, account_id, origin)"
        " SELECT 'giant', 'g' || member_pk, 'tapd' FROM members WHERE corp_pk = %s",
        [giant],
    )
    connection.execute(
        """
        INSERT INTO links (corp_pk, member_pk, company_id, state, reason, asks,
            account_id)
        SELECT corp_pk, member_pk, 'giant',
            CASE WHEN member_pk %% 10 = 0 THEN 'pending' ELSE 'linked' END,
            CASE WHEN member_pk %% 10 = 0 THEN 'not_visible' ELSE 'seen_mobile' END,
            CASE WHEN member_pk %% 10 = 0 THEN 'link' END,
            CASE WHEN member_pk %% 10 > 0 THEN 'g' || member_pk END
        FROM members WHERE corp_pk = %s
        """,
        [giant],
    )


def _journal(connection: Connection, giant: int, house: House) -> None:
    connection.execute(
        """
        INSERT INTO journal (corp_pk, at, cause, decision, key, reason, before, after)
        SELECT %(corp)s, now() - interval '1 minute' * (n %% 30000), 'mail',
            CASE WHEN n %% 3 = 0 THEN 'MoveMember' ELSE 'SetDetails' END,
            'member:wg' || (1 + n %% %(members)s), 'event', '{}', '{}'
        FROM generate_series(1, %(lines)s) AS n
        """,
        {"corp": giant, "members": house.members, "lines": 3 * house.members},
    )
    connection.execute(
        """
        INSERT INTO journal (corp_pk, at, cause, decision, key, reason, before, after)
        SELECT corp_pk, now() - interval '1 hour' * (n %% 600), 'mail', 'MoveMember',
            'member:wo' || (1 + n %% 60), 'event', '{}', '{}'
        FROM corps, generate_series(1, %s) AS n WHERE corp_id LIKE 'wpMany%%'
        """,
        [house.lines],
    )


def _notices(connection: Connection, giant: int, house: House) -> None:
    connection.execute(
        """
        INSERT INTO notices (corp_pk, member_pk, company_id, kind, round, origin, state,
            tried_at, sent_at, expires_at)
        SELECT corp_pk, member_pk, 'giant', 'link', 1, 'sync', 'sent', now(), now(),
            now() + interval '14 days'
        FROM members WHERE corp_pk = %s AND member_pk %% 2 = 0
        """,
        [giant],
    )


def _mail(connection: Connection, house: House) -> None:
    connection.execute(
        """
        INSERT INTO inbox (mailbox, kind, change, key, state, outcome, error,
            received_at, sent_at, done_at)
        SELECT CASE WHEN n %% 5 = 0 THEN 'corp:' || %(giant)s
                ELSE 'corp:wpMany' || (1 + n %% %(corps)s) END,
            'change_contact', 'update_user', 'member:wg' || (1 + n %% %(members)s),
            CASE WHEN n %% 500 = 0 THEN 'failed' WHEN n %% 3 = 0 THEN 'folded'
                ELSE 'done' END,
            CASE WHEN n %% 500 > 0 THEN 'applied' END,
            CASE WHEN n %% 500 = 0 THEN 'user/get: errcode 60011, no privilege' END,
            at, at, at + interval '1 second'
        FROM generate_series(1, %(events)s) AS n, LATERAL (
            SELECT now() - interval '27 days' * (%(events)s - n) / %(events)s AS at
        ) AS moment
        """,
        {
            "giant": GIANT,
            "corps": house.corps,
            "members": house.members,
            "events": house.events,
        },
    )


def _runs(connection: Connection, house: House) -> None:
    connection.execute(
        """
        INSERT INTO runs (run_id, corp_pk, cause, state, created_at, started_at,
            read_started_at, read_ended_at, ended_at, pages_read, pages_of, decisions,
            calls, calls_least)
        SELECT 'run-' || n, corp_pk, 'schedule',
            CASE WHEN n %% 50 = 0 THEN 'failed' ELSE 'done' END, at, at, at, at, at,
            10, 10, '{"SetDetails": 3, "AddMember": 1}', 12, 12
        FROM generate_series(1, %(runs)s) AS n, LATERAL (
            SELECT now() - interval '60 days' * (%(runs)s - n) / %(runs)s AS at
        ) AS moment, LATERAL (
            SELECT corp_pk FROM corps
            WHERE corp_id = CASE WHEN n %% 10 = 0 THEN %(giant)s
                ELSE 'wpMany' || (1 + n %% %(corps)s) END
        ) AS corp
        """,
        {"runs": house.runs, "corps": house.corps, "giant": GIANT},
    )


def _plan(connection: Connection, giant: int) -> None:
    connection.execute(
        "INSERT INTO plans (plan_id, corp_pk, kind, hash)"
        " VALUES ('plan-1', %s, 'members', 'h')",
        [giant],
    )
    connection.execute(
        """
        INSERT INTO plan_entries (plan_id, position, corp_pk, key, decision, before,
            after, reason)
        SELECT 'plan-1', row_number() OVER (ORDER BY member_pk), corp_pk,
            'member:' || userid, 'RemoveMember', '{"state": "active"}',
            '{"state": "removed"}', 'out_of_scope'
        FROM members WHERE corp_pk = %s ORDER BY member_pk LIMIT 5000
        """,
        [giant],
    )

    connection.execute(
        "INSERT INTO plans (plan_id, corp_pk, kind, hash, state, created_at)"
        " SELECT 'old-' || n, %s, 'members', 'h' || n, 'approved',"
        " now() - interval '1 day' * n FROM generate_series(1, %s) AS n",
        [giant, _OLD_PLANS],
    )
    connection.execute(
        """
        INSERT INTO plan_entries (plan_id, position, corp_pk, key, decision, before,
            after, reason, state)
        SELECT 'old-' || n, position, corp_pk, key, decision, before, after, reason,
            'applied'
        FROM plan_entries, generate_series(1, %s) AS n WHERE plan_id = 'plan-1'
        """,
        [_OLD_PLANS],
    )


def _acts(connection: Connection, house: House) -> None:
    # Not by the audit's own way: what is measured is how they are read.
    connection.execute(
        """
        INSERT INTO audit (audit_id, at, actor, role, act, target, corp_id, reason,
            before, after, continues, chain)
        SELECT n, now() - interval '1 minute' * (%(acts)s - n), 'operator:n' || n %% 9,
            'admin', 'resync', 'corp:wpMany' || n %% 100, 'wpMany' || n %% 100, 'r',
            '{}', '{}', true, '\\x00'
        FROM generate_series(1, %(acts)s) AS n
        """,
        {"acts": house.acts},
    )


def _alerts(connection: Connection, house: House) -> None:
    connection.execute(
        """
        INSERT INTO alerts (kind, subject, corp_id, reason, number, raised_at,
            recovered_at)
        SELECT 'corp_stale', 'wpMany' || n %% 1000, 'wpMany' || n %% 1000, 'stale', 1,
            now() - interval '1 minute' * n,
            CASE WHEN n > 10 THEN now() - interval '1 minute' * n END
        FROM generate_series(1, %(alerts)s) AS n
        """,
        {"alerts": house.acts},
    )
