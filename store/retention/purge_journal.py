"""A purged corp's journal, page by page: first its names, then what stands for them."""

from collections.abc import Iterator
from typing import Any

from psycopg.types.json import Jsonb

from domain.ids import CorpPk
from store.database import Connection
from store.retention.pseudonyms import Pseudonyms
from store.sealing import is_pseudonym

_OUR_WORDS = frozenset(
    {"activation", "employment", "grounds", "link", "removal", "state"}
)


def collect_names(
    connection: Connection, corp_pk: CorpPk, *, after: int, upto: int, limit: int
) -> int | None:
    """Note the names in the next lines of a corp's journal; the last line's id."""
    row = connection.execute(
        """
        WITH lines AS (
            SELECT line_id, key, before, after FROM journal
            WHERE corp_pk = %(corp_pk)s AND line_id > %(after)s
                AND line_id <= %(upto)s
            ORDER BY line_id LIMIT %(limit)s
        ), said AS (
            SELECT before AS fields FROM lines UNION ALL SELECT after FROM lines
        ), names AS (
            SELECT substr(key, 8) AS name FROM lines WHERE key LIKE 'member:%%'
            UNION SELECT fields ->> 'userid' FROM said
            UNION SELECT fields ->> 'open_userid' FROM said
            UNION SELECT jsonb_path_query(fields, '$.direct_leaders[*]') #>> '{}'
                FROM said
        ), noted AS (
            INSERT INTO purge_names (corp_pk, name)
            SELECT %(corp_pk)s, name FROM names WHERE name <> ''
            ON CONFLICT DO NOTHING
        )
        SELECT max(line_id) FROM lines
        """,
        {
            "corp_pk": corp_pk,
            "after": after,
            "upto": upto,
            "limit": limit,
        },
    ).fetchone()
    return row[0] if row else None


def rename(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    after: int,
    upto: int,
    limit: int,
    names: Pseudonyms,
) -> int | None:
    """Replace the names in the next lines; the last line's id.

    The journal still folds into the org, but tells nobody's name or number.
    """
    lines = connection.execute(
        "SELECT line_id, at, key, before, after FROM journal WHERE corp_pk = %s"
        " AND line_id > %s AND line_id <= %s ORDER BY line_id LIMIT %s",
        [corp_pk, after, upto, limit],
    ).fetchall()
    if not lines:
        return None
    known = _known(connection, corp_pk, lines)
    hidden = {name: names.of(name) for name in known}
    # Not in SQL: a function that walks JSON takes minutes for a large corp.
    connection.execute(
        """
        UPDATE journal SET personal = NULL, key = given.key,
            before = given.before, after = given.after
        FROM unnest(%(ids)s::bigint[], %(ats)s::timestamptz[], %(keys)s::text[],
            %(befores)s::jsonb[], %(afters)s::jsonb[])
            AS given (line_id, at, key, before, after)
        WHERE corp_pk = %(corp_pk)s AND journal.line_id = given.line_id
            AND journal.at = given.at
        """,
        {
            "corp_pk": corp_pk,
            "ids": [line[0] for line in lines],
            "ats": [line[1] for line in lines],
            "keys": [names.of_key(line[2]) for line in lines],
            "befores": [Jsonb(_renamed(line[3], hidden)) for line in lines],
            "afters": [Jsonb(_renamed(line[4], hidden)) for line in lines],
        },
    )
    return int(lines[-1][0])


def _known(
    connection: Connection, corp_pk: CorpPk, lines: list[tuple[Any, ...]]
) -> list[str]:
    """The names among the texts of these lines."""
    said = {text for line in lines for part in line[3:] for text in _texts(part)}
    rows = connection.execute(
        "SELECT name FROM purge_names WHERE corp_pk = %s AND name = ANY(%s)",
        [corp_pk, list(said)],
    ).fetchall()
    return [name for (name,) in rows if not is_pseudonym(name)]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """The same JSON with every text that is a name replaced, at any depth."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    if isinstance(value, dict):
        return {
            # A userid may be equal to one of our own words.
            field: part if field in _OUR_WORDS else _renamed(part, names)
            for field, part in value.items()
        }
    return value
