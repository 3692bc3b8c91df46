"""A corp's people page by page: by department, by state, by what a text names.

No index knows what every filter asks. Whoever is few is looked up by the index that
does; else people are gone through in the order of the list, some thousands a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """One person in a list."""

    member_pk: int
    userid: str
    name: str | None
    state: str
    employment: str
    activation: str | None
    link_state: str
    link_reason: str | None
    held: bool
    departments: list[str]
    phase: int = 0


# Who is called so comes first, then whoever only has the text somewhere.
Position = tuple[str, int, int]
START: Position = ("", 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage:
    """People in the order of the list.

    Shape: `looked_to` is where the next page goes on when this one ends because enough
        was looked at, not because enough was found.
    """

    rows: Sequence[PersonRow]
    looked_to: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFilter:
    """Which people are wanted; None filters nothing."""

    state: str = "active"
    find: str = ""
    department_id: int | None = None
    link: str | None = None


# So many people are gone through for a page that no index helps to find.
WINDOW = 20_000
# So few are looked up one by one; more stand close enough in the list.
_FEW = 2_500
_LAST_SIGN = "\U0010ffff"

# One condition for each filter that is set: a statement that asked whether it is would
# be planned for all of them, and badly.
_BY_DEPARTMENT = "m.department_ids @> ARRAY[%(department)s::bigint]"
_BY_LINK = "coalesce(l.state, 'none') = %(link)s"
_BY_TEXT = """
    starts_with(m.userid, %(find)s) = (%(phase)s = 0)
    AND (strpos(lower(m.userid), lower(%(find)s)) > 0
        OR strpos(lower(m.name), lower(%(find)s)) > 0)
"""
_COLUMNS = """
    m.member_pk, m.userid, m.name, m.state, m.employment, m.activation,
    m.department_ids
"""
_RANGE = """
    m.corp_pk = %(corp)s::bigint AND m.userid >= %(from)s
    AND m.userid < %(to)s AND (m.userid, m.member_pk) > (%(userid)s, %(pk)s)
"""
# Person by person: beside it a plan that reads all links looks cheap.
_LINK = """
    LEFT JOIN LATERAL (
        SELECT state, reason FROM links
        WHERE corp_pk = %(corp)s AND links.member_pk = m.member_pk OFFSET 0
    ) AS l ON true
"""
# Whoever is shown comes first: of them alone the rest is looked up.
_PEOPLE = """
    SELECT found.member_pk, found.userid, found.name, found.state,
        found.employment, found.activation, found.link_state,
        found.link_reason, EXISTS (
            SELECT FROM plan_entries JOIN plans USING (plan_id)
            WHERE plan_entries.corp_pk = %(corp)s
                AND plan_entries.key = 'member:' || found.userid
                AND plan_entries.state = 'waiting' AND plans.state = 'held'
                AND found.state = 'active') AS held,
        ARRAY(SELECT coalesce(d.name, d.department_id::text)
            FROM unnest(found.department_ids) AS place (id)
            CROSS JOIN LATERAL (
                SELECT department_id, name FROM departments
                WHERE departments.corp_pk = %(corp)s
                    AND departments.department_id = place.id OFFSET 0
            ) AS d ORDER BY d.department_id) AS departments, %(phase)s::int AS phase
    FROM found ORDER BY found.userid, found.member_pk
"""


def list_people(
    connection: Connection,
    corp_pk: int,
    wanted: PeopleFilter,
    *,
    after: Position = START,
    limit: int,
) -> PeoplePage:
    """People behind `after` (userid, member_pk, phase), ascending by bytes.

    Shape: of a text those come first whose userid begins with it.
    """
    found: list[PersonRow] = []
    phases = (0, 1) if wanted.find else (0,)
    for phase in phases[after[2] :]:
        start = after if phase == after[2] else ("", 0, phase)
        page = _list_phase(
            connection, corp_pk, wanted, after=start, limit=limit - len(found)
        )
        found += page.rows
        if len(found) >= limit or page.looked_to:
            return PeoplePage(rows=found, looked_to=page.looked_to)
    return PeoplePage(rows=found, looked_to=None)


def _list_phase(
    connection: Connection,
    corp_pk: int,
    wanted: PeopleFilter,
    *,
    after: Position,
    limit: int,
) -> PeoplePage:
    is_named = bool(wanted.find) and after[2] == 0
    values: dict[str, object] = {
        "corp": corp_pk,
        "from": wanted.find if is_named else "",
        "to": (wanted.find if is_named else "") + _LAST_SIGN,
        "userid": after[0],
        "pk": after[1],
        "phase": after[2],
        "department": wanted.department_id,
        "link": wanted.link,
        "find": wanted.find,
    }
    few = None if is_named else _few(connection, wanted, values)
    statement = _walk(wanted, limit) if few is None else _picked(wanted, limit)
    with connection.cursor(row_factory=class_row(PersonRow)) as cursor:
        cursor.execute(statement, {**values, "few": few})
        rows = cursor.fetchall()
    if few is not None or len(rows) >= limit:
        return PeoplePage(rows=rows, looked_to=None)
    return PeoplePage(rows=rows, looked_to=_window_end(connection, wanted, values))


def _few(
    connection: Connection, wanted: PeopleFilter, values: dict[str, object]
) -> list[int] | None:
    """Everybody whom an index finds for this filter; None when they are many."""
    rarest = (_by_link(wanted), _by_department(wanted))
    for statement in filter(None, rarest):
        rows = connection.execute(f"{statement} LIMIT {_FEW + 1}", values).fetchall()
        if len(rows) <= _FEW:
            return [member_pk for (member_pk,) in rows]
    return None


def _by_link(wanted: PeopleFilter) -> str | None:
    if wanted.link is None or wanted.link == "none":
        return None
    # The words of the index of links that are open; `linked` is most of all.
    is_open = "" if wanted.link == "linked" else "AND state <> 'linked'"
    return (
        "SELECT member_pk FROM links"  # noqa: S608 - one of two constants
        " WHERE corp_pk = %(corp)s AND state = %(link)s"
        # In the order of both indexes that may be read for it.
        f" {is_open} ORDER BY member_pk"
    )


def _by_department(wanted: PeopleFilter) -> str | None:
    if wanted.department_id is None:
        return None
    return (
        "SELECT member_pk FROM members"  # noqa: S608 - one of two words
        " WHERE corp_pk = %(corp)s"
        f" AND state = '{_state(wanted)}'"
        " AND department_ids @> ARRAY[%(department)s::bigint]"
    )


def _picked(wanted: PeopleFilter, limit: int) -> str:
    """The page of those who were looked up."""
    return f"""
        WITH found AS MATERIALIZED (
            SELECT {_COLUMNS}, coalesce(l.state, 'none') AS link_state,
                l.reason AS link_reason
            FROM members AS m
            {_LINK}
            WHERE {_RANGE} AND m.member_pk = ANY(%(few)s)
                AND m.state = '{_state(wanted)}' AND {_filters(wanted)}
            ORDER BY m.userid, m.member_pk LIMIT {limit:d}
        )
        {_PEOPLE}
    """  # noqa: S608 - constants of this module


def _walk(wanted: PeopleFilter, limit: int) -> str:
    """The page of those who are found on the way, person by person."""
    return f"""
        WITH found AS MATERIALIZED (
            SELECT {_COLUMNS}, coalesce(l.state, 'none') AS link_state,
                l.reason AS link_reason
            FROM ({_looked(wanted)}) AS m
            {_LINK}
            WHERE {_filters(wanted)} ORDER BY m.userid, m.member_pk LIMIT {limit:d}
        )
        {_PEOPLE}
    """  # noqa: S608 - constants of this module


def _looked(wanted: PeopleFilter) -> str:
    return f"""
        SELECT {_COLUMNS} FROM members AS m
        WHERE {_RANGE} AND m.state = '{_state(wanted)}'
        ORDER BY m.userid, m.member_pk LIMIT {WINDOW:d}
    """  # noqa: S608 - constants of this module


def _window_end(
    connection: Connection, wanted: PeopleFilter, values: dict[str, object]
) -> Position | None:
    """The last one that was looked at; None when nobody is behind them."""
    row = connection.execute(
        f"""
        SELECT m.userid, m.member_pk FROM members AS m
        WHERE {_RANGE} AND m.state = '{_state(wanted)}'
        ORDER BY m.userid, m.member_pk OFFSET {WINDOW - 1:d} LIMIT 1
        """,  # noqa: S608 - constants of this module
        values,
    ).fetchone()
    return (row[0], row[1], int(str(values["phase"]))) if row else None


def _filters(wanted: PeopleFilter) -> str:
    chosen = (
        _BY_DEPARTMENT if wanted.department_id is not None else None,
        _BY_LINK if wanted.link is not None else None,
        _BY_TEXT if wanted.find else None,
    )
    return " AND ".join(filter(None, chosen)) or "true"


def _state(wanted: PeopleFilter) -> str:
    """One of two words, as the indexes of userids know them."""
    return "removed" if wanted.state == "removed" else "active"
