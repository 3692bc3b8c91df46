"""Differences that no event had announced: what nightly reads still had to mend."""

from dataclasses import dataclass

from psycopg.rows import class_row

from store.database import Connection
from store.summaries.org.corps import list_corp_pks

# Of ourselves, not of WeCom: no event announces these.
_OWN = ["LinkAccount", "CreateAccount", "AskMember", "FlagConflict", "Unlink"]
_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A corp's week: differences found by scheduled reads, of all that were applied."""

    corp_id: str
    name: str | None
    unannounced: int
    runs: int
    changes: int


def list_drift(
    connection: Connection, *, corp_ids: list[str] | None, limit: int
) -> list[Drift]:
    """The corps with most unannounced differences in the last seven days.

    Shape: `changes` is counted to 10 000; a corp whose scheduled reads found nothing
        is told with 0 only when it is asked for.
    """
    with connection.cursor(row_factory=class_row(Drift)) as cursor:
        cursor.execute(
            """
            WITH nightly AS (
                SELECT runs.corp_pk, count(*) AS runs, coalesce(sum((
                    SELECT sum(value::bigint) FROM jsonb_each_text(decisions)
                    WHERE key <> ALL(%(own)s))), 0)::bigint AS unannounced
                FROM runs
                -- now(): an index is of no use to what may change from row to row.
                WHERE created_at > now() - make_interval(days => %(days)s)
                    AND (%(pks)s::bigint[] IS NULL OR runs.corp_pk = ANY(%(pks)s))
                    AND cause = 'schedule' AND runs.state IN ('done', 'held')
                GROUP BY runs.corp_pk
            ), worst AS (
                SELECT corp_pk, corp_id, name, unannounced, nightly.runs
                FROM nightly JOIN corps USING (corp_pk)
                WHERE (%(corps)s::text[] IS NULL AND unannounced > 0
                    OR corp_id = ANY(%(corps)s))
                ORDER BY unannounced DESC, corp_id LIMIT %(limit)s
            )
            SELECT corp_id, name, unannounced, runs, (
                SELECT count(*) FROM (SELECT FROM journal
                    WHERE journal.corp_pk = worst.corp_pk
                        AND at > now() - make_interval(days => %(days)s)
                    -- By the index, whatever share of all lines are one corp's.
                    ORDER BY at DESC LIMIT 10000) AS few) AS changes
            FROM worst ORDER BY unannounced DESC, corp_id
            """,
            {
                "own": _OWN,
                "days": _DAYS,
                "corps": corp_ids,
                "pks": list_corp_pks(connection, corp_ids),
                "limit": limit,
            },
        )
        return cursor.fetchall()
