"""Corps as a table: state, what waits, since when, and what is out of step."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection
from store.health.kinds import STRIKES_TOLD

# So much mail of a corp is counted; the table says "1 000+" beyond.
MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpRow:
    """One corp; `changed_at` is the newest line of its journal.

    Shape: `waits_for`, `error` and `until` say what its mail waits for, if it does.
    """

    corp_pk: int
    corp_id: str
    name: str | None
    state: str
    company_id: str | None
    last_synced_at: datetime | None
    linked_at: datetime | None
    changed_at: datetime | None
    waiting: int
    oldest_at: datetime | None
    failed: int
    plans_held: int
    read_fails: bool
    waits_for: str | None
    error: str | None
    refusal: str | None
    until: datetime | None


_ROWS = """
    SELECT corp_pk, corp_id, name, corps.state, company_id, last_synced_at,
        linked_at, changed.at AS changed_at, mail.waiting,
        oldest.received_at AS oldest_at, failed.number AS failed,
        held.number AS plans_held, coalesce(newest.fails, false) AS read_fails,
        box.waits_for, box.error, pause.error AS refusal,
        coalesce(box.not_before, pause.until) AS until
    FROM corps
    LEFT JOIN mailboxes AS box ON box.mailbox = 'corp:' || corp_id
        AND box.not_before > clock_timestamp()
            AND box.waits_for NOT IN ('calm', 'first_read')
    LEFT JOIN LATERAL (
        SELECT error, until FROM pauses WHERE owner = 'corp:' || corp_id
            AND until > clock_timestamp() ORDER BY until DESC LIMIT 1
    ) AS pause ON true
    LEFT JOIN LATERAL (
        SELECT at FROM journal WHERE journal.corp_pk = corps.corp_pk
        ORDER BY line_id DESC LIMIT 1
    ) AS changed ON true
    LEFT JOIN LATERAL (
        SELECT received_at FROM inbox
        WHERE mailbox = 'corp:' || corp_id AND inbox.state = 'pending'
        ORDER BY event_id LIMIT 1
    ) AS oldest ON true
    CROSS JOIN LATERAL (
        SELECT count(*) AS waiting FROM (SELECT FROM inbox
            WHERE mailbox = 'corp:' || corp_id AND inbox.state = 'pending'
            LIMIT %(most)s) AS few
    ) AS mail
    CROSS JOIN LATERAL (
        SELECT count(*) AS number FROM (SELECT FROM inbox
            WHERE mailbox = 'corp:' || corp_id AND inbox.state = 'failed'
            LIMIT %(most)s) AS few
    ) AS failed
    LEFT JOIN LATERAL (
        SELECT runs.state = 'failed' OR runs.state IN ('queued', 'running')
            AND runs.error <> '' AND runs.strikes >= %(strikes)s
            AND NOT EXISTS (SELECT FROM pauses
                WHERE owner = 'suite' AND until > clock_timestamp()) AS fails
        FROM runs WHERE runs.corp_pk = corps.corp_pk AND cause <> 'plan'
        ORDER BY created_at DESC, run_id DESC LIMIT 1
    ) AS newest ON true
    CROSS JOIN LATERAL (
        SELECT count(*) AS number FROM plans
        WHERE plans.corp_pk = corps.corp_pk AND plans.state = 'held'
    ) AS held
    WHERE corp_pk IN (
        SELECT DISTINCT ON (corp_id) corp_pk FROM corps
        WHERE corp_id > %(after)s AND (%(find)s = ''
            OR strpos(lower(corp_id), lower(%(find)s)) > 0
            OR strpos(lower(coalesce(name, '')), lower(%(find)s)) > 0)
        ORDER BY corp_id, (state <> 'revoked') DESC, corp_pk DESC
        LIMIT %(limit)s)
    ORDER BY corp_id
"""


def list_rows(
    connection: Connection, *, find: str, after: str, limit: int
) -> list[CorpRow]:
    """Corps behind an id, ascending; those whose id or name contains `find`.

    Shape: of one corpid the live row, else the newest.
    """
    with connection.cursor(row_factory=class_row(CorpRow)) as cursor:
        cursor.execute(
            _ROWS,
            {
                "after": after,
                "limit": limit,
                "find": find,
                "most": MOST_COUNTED,
                "strikes": STRIKES_TOLD,
            },
        )
        return cursor.fetchall()
