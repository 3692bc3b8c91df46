"""Corps that are out of step, and why: blocked, failed, held back, stale."""

from collections.abc import Iterable
from datetime import datetime

from psycopg.rows import dict_row

from store.database import Connection
from store.health.kinds import STRIKES_TOLD, Problem, ProblemKind, whose

# So many of a kind are told one by one; a list beyond that is read by nobody.
MOST_TOLD = 50
# So many rows are counted; beyond that a page says "10 000 and more".
MOST_COUNTED = 10_000
# A burst that calms down, and mail that waits for the first read, are no faults.
_NO_FAULT = ["calm", "first_read"]
_MOST_WORDS = 80


def list_blocked(connection: Connection, corp_id: str | None = None) -> list[Problem]:
    """Corps whose mail, runs or notices wait for something that is wrong."""
    return [
        *_paused(connection, corp_id),
        *_mail_waits(connection, corp_id),
        *_calls_wait(connection, corp_id),
    ]


def _paused(connection: Connection, wanted: str | None) -> Iterable[Problem]:
    rows = connection.execute(
        """
        SELECT corp_id, name, coalesce(paused_by, 'operator'), (
            SELECT count(*) FROM (SELECT FROM inbox
                WHERE mailbox = 'corp:' || corp_id AND inbox.state = 'pending'
                LIMIT %(counted)s) AS few)
        FROM corps WHERE corps.state = 'paused'
            AND (%(corp)s::text IS NULL OR corp_id = %(corp)s)
        ORDER BY corp_pk LIMIT %(most)s
        """,
        {"counted": MOST_COUNTED, "most": MOST_TOLD, "corp": wanted},
    ).fetchall()
    for corp_id, name, paused_by, waiting in rows:
        yield Problem(
            kind=ProblemKind.CORP_BLOCKED,
            number=waiting,
            reason=f"paused_{paused_by}",
            corp_id=corp_id,
            corp_name=name,
        )


def _mail_waits(connection: Connection, corp_id: str | None) -> Iterable[Problem]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """
            SELECT mailbox, corp_id, name, waits_for, error, not_before, waiting_since,
                not_before < clock_timestamp() + interval '1 year' AS is_known, (
                SELECT count(*) FROM (SELECT FROM inbox
                    WHERE inbox.mailbox = box.mailbox AND inbox.state = 'pending'
                    LIMIT %(counted)s) AS few) AS waiting,
                (SELECT max(error) FROM pauses
                 WHERE owner IN (box.mailbox, 'suite') AND until > clock_timestamp()
                ) AS refusal
            FROM mailboxes AS box
            LEFT JOIN corps ON box.mailbox = 'corp:' || corp_id
                AND corps.state <> 'revoked'
            WHERE not_before > clock_timestamp() AND waits_for IS NOT NULL
                AND waits_for <> ALL(%(no_fault)s)
                AND corps.state IS DISTINCT FROM 'paused'
                AND (%(corp)s::text IS NULL OR corp_id = %(corp)s)
            ORDER BY not_before DESC LIMIT %(most)s
            """,
            {
                "counted": MOST_COUNTED,
                "most": MOST_TOLD,
                "no_fault": _NO_FAULT,
                "corp": corp_id,
            },
        )
        rows = cursor.fetchall()
    for row in rows:
        if row["waiting"]:
            yield Problem(
                kind=ProblemKind.CORP_BLOCKED,
                number=row["waiting"],
                reason=f"waits_{row['waits_for']}",
                about=errcode_in(row["error"])
                or errcode_in(row["refusal"])
                or words_in(row["error"]),
                corp_id=row["corp_id"],
                corp_name=whose(row["mailbox"], row["corp_id"], row["name"]),
                since=row["waiting_since"],
                until=row["not_before"] if row["is_known"] else None,
            )


def _calls_wait(connection: Connection, corp_id: str | None) -> Iterable[Problem]:
    """Back-offs of corps in whose mailbox nothing waits: a run or notices do."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """
            SELECT corp_id, name, reason, max(error) AS error, max(until) AS until
            FROM pauses LEFT JOIN corps ON owner = 'corp:' || corp_id
                AND corps.state <> 'revoked'
            WHERE until > clock_timestamp() AND (owner = 'suite' OR corp_pk IS NOT NULL)
                AND corps.state IS DISTINCT FROM 'paused'
                AND NOT EXISTS (SELECT FROM mailboxes
                    WHERE mailbox = owner AND not_before > clock_timestamp())
                AND (%(corp)s::text IS NULL OR corp_id = %(corp)s)
            GROUP BY corp_id, name, reason ORDER BY until DESC LIMIT %(most)s
            """,
            {"most": MOST_TOLD, "corp": corp_id},
        )
        rows = cursor.fetchall()
    for row in rows:
        yield Problem(
            kind=ProblemKind.CORP_BLOCKED,
            number=0,
            reason=f"calls_{row['reason']}",
            about=errcode_in(row["error"]) or words_in(row["error"]),
            corp_id=row["corp_id"],
            corp_name=row["name"],
            until=row["until"],
        )


def list_failures(connection: Connection, corp_id: str | None = None) -> list[Problem]:
    """Mail that failed by mailbox, and corps whose newest full read failed."""
    mail = connection.execute(
        """
        SELECT failed.mailbox, corp_id, name, failed.number, failed.since,
            failed.error FROM (
            SELECT mailbox, count(*) AS number, min(received_at) AS since,
                max(error) AS error
            FROM (SELECT mailbox, received_at, error FROM inbox
                WHERE state = 'failed'
                    AND (%(box)s::text IS NULL OR mailbox = %(box)s)
                LIMIT %(counted)s) AS few
            GROUP BY mailbox ORDER BY number DESC LIMIT %(most)s
        ) AS failed LEFT JOIN corps ON failed.mailbox = 'corp:' || corp_id
            AND corps.state <> 'revoked'
        """,
        {
            "counted": MOST_COUNTED,
            "most": MOST_TOLD,
            "box": corp_id and f"corp:{corp_id}",
        },
    ).fetchall()
    return [
        *(
            Problem(
                kind=ProblemKind.FAILURES,
                number=number,
                reason="events",
                about=error or "",
                corp_id=of,
                corp_name=whose(mailbox, of, name),
                since=since,
            )
            for mailbox, of, name, number, since, error in mail
        ),
        *_failed_runs(connection, corp_id),
    ]


def _failed_runs(connection: Connection, wanted: str | None) -> Iterable[Problem]:
    """Newest reads that failed, and those that go on failing and are tried again.

    What a limit or an outage holds up is told as that: the corp is blocked.
    """
    rows = connection.execute(
        """
        SELECT corp_id, name, newest.* FROM corps CROSS JOIN LATERAL (
            SELECT state, coalesce(ended_at, started_at), error, run_id, strikes,
                not_before FROM runs
            WHERE runs.corp_pk = corps.corp_pk AND cause <> 'plan'
            ORDER BY created_at DESC, run_id DESC LIMIT 1
        ) AS newest
        WHERE corps.state = 'linked' AND (newest.state = 'failed'
                OR newest.state IN ('queued', 'running') AND newest.error <> ''
                    AND newest.strikes >= %(strikes)s AND NOT EXISTS (
                        SELECT FROM pauses WHERE until > clock_timestamp()
                            AND owner IN ('corp:' || corp_id, 'suite')))
            AND (%(corp)s::text IS NULL OR corp_id = %(corp)s)
        LIMIT %(most)s
        """,
        {"most": MOST_TOLD, "corp": wanted, "strikes": STRIKES_TOLD},
    ).fetchall()
    for corp_id, name, state, since, error, run_id, strikes, not_before in rows:
        is_over = state == "failed"
        yield Problem(
            kind=ProblemKind.FAILURES,
            number=1 if is_over else strikes,
            reason="run" if is_over else "run_again",
            about=error or run_id,
            corp_id=corp_id,
            corp_name=name,
            since=since,
            until=None if is_over else not_before,
        )


def list_held(connection: Connection, wanted: str | None = None) -> list[Problem]:
    """Plans that wait for a person, with how many removals wait in each."""
    rows = connection.execute(
        """
        SELECT corp_id, name, plan_id, kind, created_at, (
            SELECT count(*) FROM (SELECT FROM plan_entries
                WHERE plan_entries.plan_id = plans.plan_id
                    AND plan_entries.state = 'waiting' LIMIT %(counted)s) AS few)
        FROM plans JOIN corps USING (corp_pk)
        WHERE plans.state = 'held'
            AND (%(corp)s::text IS NULL OR corp_id = %(corp)s)
        ORDER BY created_at LIMIT %(most)s
        """,
        {"counted": MOST_COUNTED, "most": MOST_TOLD, "corp": wanted},
    ).fetchall()
    return [
        Problem(
            kind=ProblemKind.PLAN_HELD,
            number=removals,
            reason=kind,
            about=plan_id,
            corp_id=corp_id,
            corp_name=name,
            since=created_at,
        )
        for corp_id, name, plan_id, kind, created_at, removals in rows
        if removals
    ]


def list_stale(
    connection: Connection, before: datetime, wanted: str | None = None
) -> list[Problem]:
    """Linked corps that should have been read in full and were not."""
    rows = connection.execute(
        """
        SELECT corp_id, name, last_synced_at,
            coalesce(last_synced_at, linked_at, authorised_at) AS since,
            extract(epoch FROM clock_timestamp()
                - coalesce(last_synced_at, linked_at, authorised_at))::bigint
        FROM corps
        WHERE state = 'linked'
            AND coalesce(last_synced_at, linked_at, authorised_at) < %(before)s
            AND (%(corp)s::text IS NULL OR corp_id = %(corp)s)
        ORDER BY since LIMIT %(most)s
        """,
        {"before": before, "most": MOST_TOLD, "corp": wanted},
    ).fetchall()
    return [
        Problem(
            kind=ProblemKind.CORP_STALE,
            number=seconds,
            reason="synced" if synced_at else "never",
            corp_id=corp_id,
            corp_name=name,
            since=since,
        )
        for corp_id, name, synced_at, since, seconds in rows
    ]


def words_in(error: str | None) -> str:
    """What a failure without an errcode says, without endpoint and corp."""
    return (error or "").rpartition(": ")[2][:_MOST_WORDS]


def errcode_in(error: str | None) -> str:
    """The errcode that a failure's words name, or nothing."""
    _, found, rest = (error or "").partition("errcode ")
    digits = rest.split(",")[0].split(":")[0].strip()
    return digits if found and digits.lstrip("-").isdigit() else ""
