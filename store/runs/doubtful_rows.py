"""Rows of a read that one list alone supports, before they are followed."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row

from domain.ids import CorpPk, RunId
from store.database import Connection

# The pages of lists; any other page is an answer about one person.
_LISTS = "department:%"

# Looked for by what differs first, which is little in most reads, and by who is on
# several lists or ought to be: the newest row is sought of these alone.
_DOUBTFUL = """
    WITH several AS MATERIALIZED (
        SELECT key FROM staging
        WHERE run_id = %(run_id)s AND kind = 'member' AND page LIKE %(lists)s
        GROUP BY key
        HAVING count(*) > 1 OR max(jsonb_array_length(value -> 'departments')) > 1
    ), listed AS MATERIALIZED (
        SELECT key, page, fingerprint, value -> 'departments' AS departments
        FROM several JOIN staging USING (key)
        WHERE run_id = %(run_id)s AND kind = 'member' AND page LIKE %(lists)s
    ), candidates AS (
        SELECT key, false AS torn FROM staging
        JOIN members ON corp_pk = %(corp_pk)s AND userid = key AND state = 'active'
        WHERE run_id = %(run_id)s AND kind = 'member' AND page LIKE %(lists)s
            AND members.fingerprint <> staging.fingerprint
        UNION ALL
        SELECT key, false FROM staging
        JOIN members ON corp_pk = %(corp_pk)s AND userid = key AND state = 'removed'
        WHERE run_id = %(run_id)s AND kind = 'member' AND page LIKE %(lists)s
        UNION ALL
        SELECT key, true FROM listed GROUP BY key HAVING count(DISTINCT fingerprint) > 1
        UNION ALL
        SELECT key, true FROM listed
        CROSS JOIN jsonb_array_elements_text(departments) AS place (id)
        JOIN run_pages ON run_pages.run_id = %(run_id)s AND complete
            AND run_pages.page = 'department:' || place.id
        WHERE NOT EXISTS (
            SELECT FROM listed AS there
            WHERE there.key = listed.key AND there.page = run_pages.page)
    ), newest AS (
        SELECT DISTINCT ON (key) key, torn, page, fingerprint, value
        FROM (SELECT key, bool_or(torn) AS torn FROM candidates GROUP BY key) AS found
        CROSS JOIN LATERAL (
            SELECT page, fingerprint, value, position FROM staging
            WHERE run_id = %(run_id)s AND kind = 'member' AND staging.key = found.key
        ) AS seen
        ORDER BY key, position DESC
    )
    SELECT key, torn, value FROM newest
    WHERE page LIKE %(lists)s AND NOT EXISTS (
        SELECT FROM staging AS other
        WHERE other.run_id = %(run_id)s AND other.kind = 'member'
            AND other.key = newest.key AND other.page NOT LIKE %(lists)s
            AND other.fingerprint = newest.fingerprint)
    ORDER BY key
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulRow:
    """What a list says last of somebody, and nothing but lists.

    Shape: `torn` where the lists of this very read contradict each other about them;
        else what is stored differs, by its fingerprint, or they are a tombstone.
    """

    key: str
    torn: bool
    value: dict[str, Any]


def list_doubtful(
    connection: Connection, run_id: RunId, corp_pk: CorpPk
) -> list[DoubtfulRow]:
    """The rows that are to be looked at, by userid; ANALYZE staging before."""
    with connection.cursor(row_factory=class_row(DoubtfulRow)) as cursor:
        cursor.execute(
            _DOUBTFUL, {"run_id": run_id, "corp_pk": corp_pk, "lists": _LISTS}
        )
        return cursor.fetchall()
