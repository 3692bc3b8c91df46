"""Counts of large corps that the clock keeps, so that no page has to count."""

from collections.abc import Mapping

from psycopg.types.json import Jsonb

from store.database import Connection
from store.summaries.links.people import count_groups
from store.summaries.org import corp_facts


def list_due(connection: Connection, *, limit: int) -> list[int]:
    """Large corps whose journal has grown since they were counted."""
    rows = connection.execute(
        """
        SELECT corps.corp_pk FROM corps LEFT JOIN censuses USING (corp_pk)
        CROSS JOIN LATERAL (
            SELECT line_id FROM journal WHERE journal.corp_pk = corps.corp_pk
            ORDER BY line_id DESC LIMIT 1
        ) AS newest
        WHERE corps.state IN ('linked', 'paused')
            AND newest.line_id > coalesce(censuses.line_id, 0)
        ORDER BY censuses.counted_at NULLS FIRST LIMIT %s
        """,
        [limit],
    ).fetchall()
    return [corp_pk for (corp_pk,) in rows if corp_facts.is_large(connection, corp_pk)]


def keep(connection: Connection, corp_pk: int, departments: Mapping[int, int]) -> None:
    """Count the people of a corp and keep it, with the sums of its departments."""
    found = corp_facts.count_people(connection, corp_pk)
    counts = {
        "active": found.active,
        "left": found.left,
        "links": dict(found.links),
        "groups": {
            group.value: number
            for group, number in count_groups(connection, corp_pk).items()
        },
        "departments": {str(each): total for each, total in departments.items()},
    }
    connection.execute(
        """
        INSERT INTO censuses (corp_pk, line_id, counts)
        SELECT %(corp)s, coalesce((SELECT line_id FROM journal
            WHERE corp_pk = %(corp)s ORDER BY line_id DESC LIMIT 1), 0), %(counts)s
        ON CONFLICT (corp_pk) DO UPDATE SET line_id = excluded.line_id,
            counts = excluded.counts, counted_at = clock_timestamp()
        """,
        {"corp": corp_pk, "counts": Jsonb(counts)},
    )


def find_totals(
    connection: Connection, corp_pk: int, department_ids: list[int]
) -> dict[int, int]:
    """People in each of these departments or below, as they were counted last."""
    rows = connection.execute(
        """
        SELECT wanted.id, (counts -> 'departments' ->> wanted.id::text)::bigint
        FROM censuses, unnest(%s::bigint[]) AS wanted (id)
        WHERE corp_pk = %s AND counts -> 'departments' ? wanted.id::text
        """,
        [department_ids, corp_pk],
    ).fetchall()
    return dict(rows)
