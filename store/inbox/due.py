"""What is due although nobody works on it: mailboxes, runs and corps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from psycopg.rows import class_row

from domain.ids import CorpPk, RunId
from store.database import Connection
from store.inbox.mailboxes import MailboxState
from store.org.corps import FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS

# Whoever made it due has rung; only what still lies there has been missed.
MISSED = timedelta(seconds=2)
PARKED_SECONDS = 15 * 60.0

# Each mailbox with pending mail, found by one step in the index each: the mail of one
# busy corp would otherwise be read every second.
_BOXES = """
    WITH RECURSIVE boxes AS (
        (SELECT mailbox FROM inbox WHERE state = 'pending' ORDER BY mailbox LIMIT 1)
        UNION ALL
        SELECT (SELECT inbox.mailbox FROM inbox
            WHERE state = 'pending' AND inbox.mailbox > boxes.mailbox
            ORDER BY inbox.mailbox LIMIT 1)
        FROM boxes WHERE boxes.mailbox IS NOT NULL
    ), free AS (
        SELECT mailbox FROM boxes
        WHERE mailbox IS NOT NULL AND NOT EXISTS (
            SELECT FROM leases WHERE leases.mailbox = boxes.mailbox
                AND token IS NOT NULL AND expires_at > clock_timestamp())
    )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCorp:
    """A corp that wants a full resync now, and why."""

    corp_pk: CorpPk
    cause: str


# Mailboxes whose mail has been due for `missed`, and that nobody drains.
MISSED_MAILBOXES = f"""
    {_BOXES}
    SELECT mailbox FROM free
    WHERE NOT EXISTS (
            SELECT FROM mailboxes WHERE mailboxes.mailbox = free.mailbox
                AND not_before > clock_timestamp() - %(missed)s)
        AND EXISTS (
            SELECT FROM inbox
            WHERE inbox.mailbox = free.mailbox AND state = 'pending'
                AND received_at <= clock_timestamp() - %(missed)s
                AND (not_before IS NULL
                    OR not_before <= clock_timestamp() - %(missed)s))
"""  # noqa: S608 - a constant of this module

# Runs that have been due for `missed`, that nobody works on although they could.
MISSED_RUNS = """
    SELECT run_id FROM runs
    WHERE state IN ('queued', 'running')
        AND not_before <= clock_timestamp() - %(missed)s
        AND (worker IS NULL OR worker_until < clock_timestamp())
        AND NOT (state = 'queued' AND EXISTS (
            SELECT FROM runs AS other
            WHERE other.corp_pk = runs.corp_pk AND other.state = 'running'
                AND (other.cause <> 'plan' OR runs.cause = 'plan')))
"""


def list_mailboxes(connection: Connection, *, limit: int) -> list[str]:
    """Mailboxes whose mail has been due for 2 s and that nobody drains."""
    rows = connection.execute(
        f"{MISSED_MAILBOXES} LIMIT %(limit)s",
        {"missed": MISSED, "limit": limit},
    ).fetchall()
    return [mailbox for (mailbox,) in rows]


def list_waiting(
    connection: Connection, *, limit: int
) -> list[tuple[MailboxState, frozenset[str]]]:
    """Mailboxes that wait, with the kinds of the mail that lies in them unheld."""
    with connection.cursor(row_factory=class_row(MailboxState)) as cursor:
        cursor.execute(
            f"""
            {_BOXES}
            SELECT mailbox, not_before, waits_for, strikes, claim_limit, open_claim,
                clock_timestamp() AS now
            FROM mailboxes JOIN free USING (mailbox)
            WHERE not_before > clock_timestamp() LIMIT %s
            """,  # noqa: S608 - a constant of this module
            [limit],
        )
        waiting = cursor.fetchall()
    if not waiting:
        return []
    kinds: dict[str, set[str]] = {}
    found = connection.execute(
        "SELECT DISTINCT mailbox, kind FROM inbox"
        " WHERE mailbox = ANY(%s) AND state = 'pending'",
        [[each.mailbox for each in waiting]],
    ).fetchall()
    for mailbox, kind in found:
        kinds.setdefault(mailbox, set()).add(kind)
    return [(each, frozenset(kinds.get(each.mailbox, ()))) for each in waiting]


def list_runs(connection: Connection, *, limit: int) -> list[RunId]:
    """Runs that have been due for 2 s, that nobody works on although they could."""
    rows = connection.execute(
        f"{MISSED_RUNS} ORDER BY not_before LIMIT %(limit)s",
        {"missed": MISSED, "limit": limit},
    ).fetchall()
    return [RunId(run_id) for (run_id,) in rows]


def take_corps(connection: Connection, *, limit: int) -> list[DueCorp]:
    """Linked corps whose resync is due; the wish is theirs no more.

    A paused corp keeps its wish until it is resumed.
    """
    with connection.cursor(row_factory=class_row(DueCorp)) as cursor:
        cursor.execute(
            """
            WITH due AS (
                SELECT corp_pk, coalesce(due_cause, 'schedule') AS cause FROM corps
                WHERE state = 'linked' AND due_at <= clock_timestamp()
                ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
            )
            UPDATE corps SET due_at = NULL, due_cause = NULL FROM due
            WHERE corps.corp_pk = due.corp_pk RETURNING due.corp_pk, cause
            """,
            [limit],
        )
        return cursor.fetchall()


def take_doubted(connection: Connection, *, limit: int) -> list[CorpPk]:
    """Linked corps whose scope is to be looked at again now."""
    rows = connection.execute(
        """
        WITH doubted AS (
            SELECT corp_pk FROM corps
            WHERE state = 'linked' AND scope_doubt_at <= clock_timestamp()
            ORDER BY scope_doubt_at LIMIT %s FOR UPDATE SKIP LOCKED
        )
        UPDATE corps SET scope_doubt_at = NULL FROM doubted
        WHERE corps.corp_pk = doubted.corp_pk RETURNING corps.corp_pk
        """,
        [limit],
    ).fetchall()
    return [CorpPk(row[0]) for row in rows]


def take_paused(connection: Connection, *, by: Sequence[str], limit: int) -> list[str]:
    """The mailboxes of corps whose pause is to be looked at now; later again."""
    rows = connection.execute(
        """
        WITH paused AS (
            SELECT corp_pk FROM corps
            WHERE state = 'paused' AND paused_by = ANY(%(by)s)
                AND coalesce(pause_look_at, '-infinity') <= clock_timestamp()
            ORDER BY pause_look_at NULLS FIRST LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        UPDATE corps SET pause_looks = pause_looks + 1,
            pause_look_at = clock_timestamp() + make_interval(secs =>
                least(%(longest)s, %(first)s * 2 ^ least(pause_looks, 16)))
        FROM paused WHERE corps.corp_pk = paused.corp_pk
        RETURNING 'corp:' || corp_id
        """,
        {
            "by": list(by),
            "limit": limit,
            "first": FIRST_LOOK_SECONDS,
            "longest": LONGEST_LOOK_SECONDS,
        },
    ).fetchall()
    return [mailbox for (mailbox,) in rows]


def spread_corps(connection: Connection, *, cause: str, seconds: float) -> int:
    """Make every linked corp due, evenly spread in the order of their keys.

    An earlier wish stays as it is.
    """
    return connection.execute(
        """
        UPDATE corps SET due_at = spread.due_at, due_cause = %(cause)s
        FROM (
            SELECT corp_pk, clock_timestamp() + make_interval(secs => %(seconds)s)
                * (row_number() OVER (ORDER BY corp_pk) - 1)
                / count(*) OVER () AS due_at
            FROM corps WHERE state = 'linked'
        ) AS spread
        WHERE corps.corp_pk = spread.corp_pk
            AND (corps.due_at IS NULL OR corps.due_at > spread.due_at)
        """,
        {"cause": cause, "seconds": seconds},
    ).rowcount


def unpark_linked(connection: Connection) -> list[str]:
    """Make parked mail pending whose corp is linked now, and return its mailboxes."""
    rows = connection.execute(
        """
        UPDATE inbox SET state = 'pending', done_at = NULL, outcome = NULL
        FROM corps
        WHERE inbox.state = 'parked' AND mailbox = 'corp:' || corp_id
            AND corps.state IN ('linked', 'paused')
        RETURNING mailbox
        """
    ).fetchall()
    return sorted({mailbox for (mailbox,) in rows})


def ignore_parked(connection: Connection, *, outcome: str) -> int:
    """Settle what has been parked for a quarter of an hour: its corp is not ours."""
    return connection.execute(
        """
        UPDATE inbox SET state = 'ignored', outcome = %(outcome)s,
            done_at = clock_timestamp()
        WHERE state = 'parked' AND coalesce(done_at, received_at)
            < clock_timestamp() - make_interval(secs => %(seconds)s)
        """,
        {"outcome": outcome, "seconds": PARKED_SECONDS},
    ).rowcount
