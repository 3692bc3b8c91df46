"""Finds what a bare id or a name may mean, over all tenants, by indexes."""

from dataclasses import dataclass

from psycopg.rows import class_row

from domain.items.items import ItemKind
from store.database import Connection
from store.summaries.mail.events import EVENT_STATES

_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundThing:
    """One thing with a page: `of` is a person's or an item's corp, `title` its name."""

    kind: str
    id: str
    of: str
    title: str


_BY_ID = """
    SELECT 'event' AS kind, event_id::text AS id, mailbox AS of, kind AS title
    FROM inbox WHERE event_id = %(number)s
    UNION ALL
    SELECT DISTINCT 'corp', corp_id, '', coalesce(name, corp_id)
    FROM corps WHERE corp_id = %(text)s AND state <> 'revoked'
    UNION ALL
    SELECT 'run', run_id, '', cause FROM runs WHERE run_id = %(text)s
    UNION ALL
    SELECT 'plan', plan_id, '', kind FROM plans WHERE plan_id = %(text)s
    UNION ALL
    SELECT 'batch', batch_id, '', query FROM retry_batches
    WHERE batch_id = %(text)s
    UNION ALL
    SELECT 'person', member.userid, corp_id,
        coalesce(member.name, member.userid)
    FROM corps CROSS JOIN LATERAL (
        SELECT userid, name FROM members
        WHERE members.corp_pk = corps.corp_pk AND userid = %(text)s
            AND members.state = 'active'
        UNION ALL
        SELECT userid, name FROM members
        WHERE members.corp_pk = corps.corp_pk AND userid = %(text)s
            AND members.state = 'removed'
        LIMIT 1
    ) AS member
    WHERE corps.state <> 'revoked'
    UNION ALL
    SELECT 'item', item.item_id, corp_id, item.kind
    FROM corps CROSS JOIN LATERAL (
        SELECT kind, item_id FROM items
        WHERE items.company_id = corps.company_id
            AND kind = ANY(%(kinds)s) AND item_id = %(text)s
        LIMIT 4
    ) AS item
    WHERE corps.state IN ('linked', 'paused') AND %(digits)s
    LIMIT %(limit)s
"""


def find_by_id(connection: Connection, text: str, *, limit: int) -> list[FoundThing]:
    """Whatever has this very id: event, corp, run, plan, batch, person, item."""
    is_number = text.isascii() and text.isdigit() and len(text) < 20
    number = int(text) if is_number and int(text) <= _LARGEST_ID else None
    with connection.cursor(row_factory=class_row(FoundThing)) as cursor:
        cursor.execute(
            _BY_ID,
            {
                "text": text,
                "number": number,
                "limit": limit,
                "kinds": [kind.value for kind in ItemKind],
                "digits": text.isascii() and text.isdigit(),
            },
        )
        return cursor.fetchall()


def find_by_name(connection: Connection, text: str, *, limit: int) -> list[FoundThing]:
    """Corps whose name or id contains the text, and people whose userid begins so."""
    with connection.cursor(row_factory=class_row(FoundThing)) as cursor:
        cursor.execute(
            """
            (SELECT DISTINCT 'corp' AS kind, corp_id AS id, '' AS of,
                coalesce(name, corp_id) AS title
            FROM corps WHERE state <> 'revoked'
                AND (strpos(lower(corp_id), lower(%(text)s)) > 0
                    OR strpos(lower(coalesce(name, '')), lower(%(text)s)) > 0)
            LIMIT %(limit)s)
            UNION ALL
            (SELECT 'person', member.userid, corp_id,
                coalesce(member.name, member.userid)
            FROM corps CROSS JOIN LATERAL (
                SELECT userid, name FROM members
                WHERE members.corp_pk = corps.corp_pk AND members.state = 'active'
                    AND userid >= %(text)s AND userid < %(text)s || chr(1114111)
                ORDER BY userid LIMIT 5
            ) AS member
            WHERE corps.state <> 'revoked' LIMIT %(limit)s)
            LIMIT %(limit)s
            """,
            {"text": text, "limit": limit},
        )
        return cursor.fetchall()


def complete(connection: Connection, name: str, value: str, *, limit: int) -> list[str]:
    """Values that a qualifier can go on with."""
    match name:
        case "state":
            return [each for each in EVENT_STATES if each.startswith(value)]
        case "corp":
            rows = connection.execute(
                "SELECT DISTINCT corp_id FROM corps WHERE state <> 'revoked'"
                " AND (starts_with(corp_id, %s) OR strpos(lower(coalesce(name, '')),"
                " lower(%s)) > 0) ORDER BY corp_id LIMIT %s",
                [value, value, limit],
            ).fetchall()
        case "person":
            rows = connection.execute(
                """
                SELECT DISTINCT member.userid FROM corps CROSS JOIN LATERAL (
                    SELECT userid FROM members
                    WHERE members.corp_pk = corps.corp_pk AND state = 'active'
                        AND userid >= %(value)s
                        AND userid < %(value)s || chr(1114111)
                    ORDER BY userid LIMIT 3
                ) AS member LIMIT %(limit)s
                """,
                {"value": value, "limit": limit},
            ).fetchall()
        case "kind":
            rows = connection.execute(
                """
                SELECT DISTINCT unnest(ARRAY[kind, change]) AS each FROM (
                    SELECT kind, change FROM inbox ORDER BY event_id DESC LIMIT 2000
                ) AS newest ORDER BY each LIMIT 100
                """
            ).fetchall()
            return [each for (each,) in rows if each and each.startswith(value)][:limit]
        case _:
            return []
    return [each for (each,) in rows]
