"""What a full read saw, page by page, until it is applied."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from psycopg.types.json import Jsonb

from domain.decisions import Fields
from domain.ids import CorpPk, RunId, Userid
from store import literals
from store.database import Connection
from store.rows import copy_rows

_WRITTEN = "run_id, kind, page, key, fingerprint, value"

# The newest row of each key: a later page saw a later truth.
_NEWEST = """
    SELECT DISTINCT ON (key) key, fingerprint, value FROM staging
    WHERE run_id = %(run_id)s AND kind = %(kind)s AND key > %(after)s
    ORDER BY key, position DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """One thing as a page of the read showed it."""

    key: str
    fingerprint: bytes
    value: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage:
    """One page of the read as it was answered.

    Shape: `complete` is False when WeCom refused it, so that it proves no absence.
    """

    page: str
    rows: Sequence[Staged]
    complete: bool = True


def add_pages(
    connection: Connection, run_id: RunId, *, kind: str, pages: Sequence[ReadPage]
) -> None:
    """Put new pages of the read into staging and note how many rows each has."""
    rows = (
        (
            run_id,
            kind,
            page.page,
            row.key,
            literals.blob(row.fingerprint),
            literals.document(row.value),
        )
        for page in pages
        for row in page.rows
    )
    copy_rows(connection, "staging", _WRITTEN, rows)
    connection.execute(
        """
        INSERT INTO run_pages (run_id, page, rows, complete)
        SELECT %s, given.page, given.rows, given.complete
        FROM unnest(%s::text[], %s::int[], %s::bool[]) AS given (page, rows, complete)
        """,
        [
            run_id,
            [each.page for each in pages],
            [len(each.rows) for each in pages],
            [each.complete for each in pages],
        ],
    )


def replace_page(
    connection: Connection, run_id: RunId, *, kind: str, page: ReadPage
) -> None:
    """The same for a page that may have been read before: its rows are replaced."""
    dropped = connection.execute(
        "DELETE FROM run_pages WHERE run_id = %s AND page = %s", [run_id, page.page]
    )
    if dropped.rowcount:
        # Rows are there only beside their page: both came in one transaction.
        connection.execute(
            "DELETE FROM staging WHERE run_id = %s AND page = %s", [run_id, page.page]
        )
    add_pages(connection, run_id, kind=kind, pages=[page])


def drop_pages(connection: Connection, run_id: RunId, pages: Sequence[str]) -> None:
    """Forget these pages, so that they are read again."""
    for table in ("run_pages", "staging"):
        connection.execute(
            f"DELETE FROM {table} WHERE run_id = %s AND page = ANY(%s)",  # noqa: S608 - one of two constants
            [run_id, list(pages)],
        )


def drop_key(connection: Connection, run_id: RunId, *, kind: str, key: str) -> None:
    """Forget what pages said of one thing; the pages count one row less each.

    They showed it once, so from then on they prove nobody's absence.
    """
    connection.execute(
        """
        WITH gone AS (
            DELETE FROM staging
            WHERE run_id = %(run_id)s AND kind = %(kind)s AND key = %(key)s
            RETURNING page
        ), per_page AS (SELECT page, count(*) AS rows FROM gone GROUP BY page)
        UPDATE run_pages SET rows = run_pages.rows - per_page.rows, complete = false
        FROM per_page
        WHERE run_id = %(run_id)s AND run_pages.page = per_page.page
        """,
        {"run_id": run_id, "kind": kind, "key": key},
    )


def restate(
    connection: Connection, run_id: RunId, *, kind: str, rows: Sequence[Staged]
) -> None:
    """Put other values in place of what pages said of these things."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE staging SET fingerprint = %s, value = %s"
            " WHERE run_id = %s AND kind = %s AND key = %s",
            [
                (each.fingerprint, Jsonb(dict(each.value)), run_id, kind, each.key)
                for each in rows
            ],
        )


def drop_all(connection: Connection, run_id: RunId) -> None:
    """Forget the whole read."""
    connection.execute("DELETE FROM staging WHERE run_id = %s", [run_id])
    connection.execute("DELETE FROM run_pages WHERE run_id = %s", [run_id])


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the read, and whether it can prove that somebody is absent."""

    page: str
    rows: int
    complete: bool


def list_pages(connection: Connection, run_id: RunId) -> dict[str, Page]:
    """The pages read so far, by name."""
    found = connection.execute(
        "SELECT page, rows, complete FROM run_pages WHERE run_id = %s", [run_id]
    ).fetchall()
    return {
        page: Page(page=page, rows=rows, complete=complete)
        for page, rows, complete in found
    }


def list_page_names(connection: Connection, run_id: RunId) -> frozenset[str]:
    """The names of the pages read so far."""
    rows = connection.execute(
        "SELECT page FROM run_pages WHERE run_id = %s", [run_id]
    ).fetchall()
    return frozenset(name for (name,) in rows)


def adds_up(connection: Connection, run_id: RunId) -> bool:
    """Whether staging holds exactly the rows that the pages counted."""
    row = connection.execute(
        """
        SELECT (SELECT coalesce(sum(rows), 0) FROM run_pages WHERE run_id = %(id)s)
            = (SELECT count(*) FROM staging WHERE run_id = %(id)s)
        """,
        {"id": run_id},
    ).fetchone()
    return bool(row and row[0])


def analyse(connection: Connection) -> None:
    """Tell the planner how full staging is; a stale guess costs minutes."""
    connection.execute("ANALYZE staging")


def list_kind(
    connection: Connection, run_id: RunId, kind: str
) -> dict[str, dict[str, Any]]:
    """Everything of one kind that the read showed, by key."""
    rows = connection.execute(
        _NEWEST, {"run_id": run_id, "kind": kind, "after": ""}
    ).fetchall()
    return {key: value for key, _, value in rows}


def list_seen(
    connection: Connection, run_id: RunId, userids: Iterable[str]
) -> frozenset[Userid]:
    """Those of the people whom a page has shown."""
    rows = connection.execute(
        "SELECT DISTINCT key FROM staging"
        " WHERE run_id = %s AND kind = 'member' AND key = ANY(%s)",
        [run_id, list(userids)],
    ).fetchall()
    return frozenset(Userid(row[0]) for row in rows)


def get_members(
    connection: Connection, run_id: RunId, userids: Iterable[str]
) -> dict[Userid, dict[str, Any]]:
    """What the read showed of these people."""
    rows = connection.execute(
        """
        SELECT DISTINCT ON (key) key, value FROM staging
        WHERE run_id = %s AND kind = 'member' AND key = ANY(%s)
        ORDER BY key, position DESC
        """,
        [run_id, list(userids)],
    ).fetchall()
    return {Userid(key): value for key, value in rows}


def list_concerned(
    connection: Connection,
    run_id: RunId,
    *,
    userids: Sequence[str],
    department_ids: Sequence[int],
) -> dict[Userid, dict[str, Any]]:
    """What was read last of these people, and of everybody in these departments."""
    if not userids and not department_ids:
        return {}
    rows = connection.execute(
        """
        SELECT DISTINCT ON (key) key, value FROM staging
        WHERE run_id = %(run_id)s AND kind = 'member' AND (key = ANY(%(userids)s)
            OR EXISTS (SELECT FROM jsonb_array_elements(value -> 'departments') AS each
                WHERE each::bigint = ANY(%(departments)s)))
        ORDER BY key, position DESC
        """,
        {"run_id": run_id, "userids": userids, "departments": department_ids},
    ).fetchall()
    return {Userid(key): value for key, value in rows}


def list_unlisted(
    connection: Connection, run_id: RunId, *, pages: Sequence[str]
) -> dict[Userid, dict[str, Any]]:
    """People whom pages of these kinds show in a department whose list lacks them.

    Shape: `pages` are how the names of such pages begin.
    """
    rows = connection.execute(
        """
        -- Few are seen singly. One look into an index for each of them: joined freely,
        -- twenty thousand pages were once compared with each other.
        WITH seen AS MATERIALIZED (
            SELECT key, value, position FROM staging
            WHERE run_id = %(run_id)s AND kind = 'member' AND page LIKE ANY(%(pages)s)
        ), places AS MATERIALIZED (
            SELECT key, seen.value, position, 'department:' || each AS page FROM seen
            CROSS JOIN jsonb_array_elements_text(seen.value -> 'departments') AS each
        )
        SELECT DISTINCT ON (key) key, value FROM places
        WHERE EXISTS (
                SELECT FROM run_pages WHERE run_id = %(run_id)s AND complete
                    AND run_pages.page = places.page OFFSET 0)
            AND NOT EXISTS (
                SELECT FROM staging AS listed
                WHERE listed.run_id = %(run_id)s AND listed.kind = 'member'
                    AND listed.key = places.key AND listed.page = places.page OFFSET 0)
        ORDER BY key, position DESC
        """,
        {"run_id": run_id, "pages": [f"{each}%" for each in pages]},
    ).fetchall()
    return {Userid(key): value for key, value in rows}


def list_differing_members(
    connection: Connection,
    run_id: RunId,
    corp_pk: CorpPk,
    *,
    after: str,
    limit: int,
    deep: bool,
) -> list[tuple[Userid, dict[str, Any]]]:
    """A page of members that are new or whose fingerprint differs, by userid.

    Shape: `deep` returns every member of the read, whatever the fingerprints say.
    """
    with _read_in_order(connection):
        rows = connection.execute(
            f"""
            SELECT seen.key, seen.value::text FROM ({_NEWEST}) AS seen
            LEFT JOIN members ON members.corp_pk = %(corp_pk)s
                AND members.userid = seen.key AND members.userid > %(after)s
                AND members.state = 'active'
            WHERE %(deep)s OR members.member_pk IS NULL
                OR members.fingerprint <> seen.fingerprint
            ORDER BY seen.key LIMIT %(limit)s
            """,  # noqa: S608 - the inserted text is a constant of this module
            {
                "run_id": run_id,
                "kind": "member",
                "after": after,
                "corp_pk": corp_pk,
                "limit": limit,
                "deep": deep,
            },
        ).fetchall()
    # Our own JSON, a page of thousands: read by what wrote it, in a tenth of the time.
    return [(Userid(key), orjson.loads(value)) for key, value in rows]


def list_absentees(
    connection: Connection, run_id: RunId, corp_pk: CorpPk
) -> list[Userid]:
    """Active members whom no page of the read showed."""
    rows = connection.execute(
        """
        SELECT userid FROM members
        WHERE corp_pk = %(corp_pk)s AND state = 'active' AND NOT EXISTS (
            SELECT 1 FROM staging
            WHERE run_id = %(run_id)s AND kind = 'member' AND key = members.userid)
        ORDER BY userid
        """,
        {"corp_pk": corp_pk, "run_id": run_id},
    ).fetchall()
    return [Userid(row[0]) for row in rows]


def list_handed_on(
    connection: Connection, run_id: RunId, corp_pk: CorpPk
) -> list[Userid]:
    """Userids of active members under which the read shows other people.

    Who somebody is does not rest on fingerprints, which only say what to look at.
    """
    rows = connection.execute(
        """
        SELECT DISTINCT userid FROM members JOIN staging ON run_id = %(run_id)s
            AND kind = 'member' AND key = members.userid
        WHERE corp_pk = %(corp_pk)s AND state = 'active'
            AND open_userid <> value ->> 'open_userid'
        ORDER BY userid
        """,
        {"corp_pk": corp_pk, "run_id": run_id},
    ).fetchall()
    return [Userid(row[0]) for row in rows]


def list_bearers(
    connection: Connection, run_id: RunId, open_userids: Iterable[str]
) -> list[Userid]:
    """Members of the read who bear one of these open_userids."""
    rows = connection.execute(
        """
        SELECT DISTINCT key FROM staging
        WHERE run_id = %(run_id)s AND kind = 'member'
            AND value ->> 'open_userid' = ANY(%(wanted)s)
        """,
        {"run_id": run_id, "wanted": list(open_userids)},
    ).fetchall()
    return [Userid(row[0]) for row in rows]


@contextmanager
def _read_in_order(connection: Connection) -> Iterator[None]:
    """Both sides by their indexes, which end at the limit.

    Left to itself the planner sorts all that is left for each page: time that grows
    with the square of the corp.
    """
    statement = (
        "SELECT set_config('enable_sort', %(switch)s, true),"
        " set_config('enable_bitmapscan', %(switch)s, true)"
    )
    connection.execute(statement, {"switch": "off"})
    yield
    connection.execute(statement, {"switch": "on"})
