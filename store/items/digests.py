"""Digests: what waited for a member, told in one message."""

from collections.abc import Mapping
from datetime import datetime

from domain.ids import CorpPk
from store.database import Connection


def gather(connection: Connection, corp_pk: CorpPk) -> int:
    """Put what waited for each member and is due now into one digest; how many.

    Shape: whoever has a single change waiting gets its card.
    """
    due = connection.execute(
        """
        SELECT 1 FROM notices
        WHERE corp_pk = %s AND kind = 'item' AND gathered AND state = 'queued'
            AND batch_id IS NULL AND not_before <= clock_timestamp() LIMIT 1
        """,
        [corp_pk],
    ).fetchone()
    if due is None:
        return 0
    return connection.execute(
        """
        WITH due AS (
            SELECT notice_id, member_pk, company_id, change_id, language, events
            FROM notices
            WHERE corp_pk = %(corp_pk)s AND kind = 'item' AND gathered
                AND state = 'queued' AND batch_id IS NULL
                AND not_before <= clock_timestamp()
            ORDER BY notice_id FOR UPDATE
        ), parts AS (
            SELECT member_pk, company_id, max(language) AS language,
                array_agg(change_id ORDER BY change_id) AS changes,
                array_agg(notice_id) AS notice_ids,
                -- Each of these was called for by one event.
                array_agg(events[1]) FILTER (WHERE events[1] IS NOT NULL) AS events
            FROM due GROUP BY member_pk, company_id HAVING count(*) > 1
        ), digests AS (
            INSERT INTO notices (corp_pk, member_pk, company_id, kind, round, origin,
                changes, language, events)
            SELECT %(corp_pk)s, member_pk, company_id, 'digest', 1, 'sync', changes,
                language, coalesce(events, '{}')
            FROM parts ORDER BY member_pk
            RETURNING notice_id, member_pk, company_id
        ), told AS (
            UPDATE item_notices SET notice_id = digests.notice_id
            FROM digests JOIN parts USING (member_pk, company_id)
            WHERE item_notices.corp_pk = %(corp_pk)s
                AND item_notices.notice_id = ANY(parts.notice_ids)
        )
        DELETE FROM notices USING parts
        WHERE corp_pk = %(corp_pk)s AND notice_id = ANY(parts.notice_ids)
        """,
        {"corp_pk": corp_pk},
    ).rowcount


def delay(
    connection: Connection, corp_pk: CorpPk, waits: Mapping[int, datetime]
) -> None:
    """Have these messages wait, each until its time, to be told with others then."""
    connection.execute(
        """
        UPDATE notices SET not_before = given.until,
            gathered = kind = 'item'
        FROM unnest(%(ids)s::bigint[], %(until)s::timestamptz[]) AS given (id, until)
        WHERE corp_pk = %(corp_pk)s AND notice_id = given.id
        """,
        {
            "corp_pk": corp_pk,
            "ids": list(waits),
            "until": list(waits.values()),
        },
    )


def note_quiet(connection: Connection, corp_pk: CorpPk, notice_ids: list[int]) -> None:
    """These wait because it is quiet with their members."""
    connection.execute(
        "UPDATE item_notices SET reason = 'quiet_hours'"
        " WHERE corp_pk = %s AND notice_id = ANY(%s)",
        [corp_pk, notice_ids],
    )
