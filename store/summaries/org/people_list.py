"""A corp's people page by page: by department, by state, by what a text names."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFilter:
    """Which people are wanted; None filters nothing."""

    state: str = "active"
    find: str = ""
    department_id: int | None = None
    link: str | None = None


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
            FROM departments AS d WHERE d.corp_pk = %(corp)s
                AND d.department_id = ANY(found.department_ids)
            ORDER BY d.department_id) AS departments
    FROM (
        SELECT m.member_pk, m.userid, m.name, m.state, m.employment,
            m.activation, m.department_ids,
            coalesce(l.state, 'none') AS link_state, l.reason AS link_reason
        FROM members AS m LEFT JOIN links AS l USING (corp_pk, member_pk)
        WHERE m.corp_pk = %(corp)s::bigint AND m.state = %(state)s
            AND (m.userid, m.member_pk) > (%(userid)s, %(pk)s)
            AND (%(department)s::bigint IS NULL
                OR m.department_ids @> ARRAY[%(department)s::bigint])
            AND (%(link)s::text IS NULL
                OR coalesce(l.state, 'none') = %(link)s)
            AND (%(find)s = '' OR strpos(lower(m.userid), lower(%(find)s)) > 0
                OR strpos(lower(coalesce(m.name, '')), lower(%(find)s)) > 0)
        ORDER BY m.userid, m.member_pk LIMIT %(limit)s
    ) AS found ORDER BY found.userid, found.member_pk
"""


def list_people(
    connection: Connection,
    corp_pk: int,
    wanted: PeopleFilter,
    *,
    after: tuple[str, int],
    limit: int,
) -> list[PersonRow]:
    """People behind `after` (userid, member_pk), ascending by bytes."""
    with connection.cursor(row_factory=class_row(PersonRow)) as cursor:
        cursor.execute(
            _PEOPLE,
            {
                "corp": corp_pk,
                "state": wanted.state,
                "userid": after[0],
                "pk": after[1],
                "department": wanted.department_id,
                "link": wanted.link,
                "find": wanted.find,
                "limit": limit,
            },
        )
        return cursor.fetchall()
