"""Members as the outside sees them: departments that are not listed are left out."""

from dataclasses import dataclass

from psycopg.rows import class_row

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSummary:
    """A member; departments and leads ascending, and like the main one only listed."""

    member_pk: int
    userid: str
    open_userid: str | None
    name: str | None
    departments: list[int]
    main_department: int | None
    leads: list[int]
    activation: str | None
    employment: str
    state: str
    removal: str | None
    grounds: list[str]
    held_plan_id: str | None
    link_state: str = "none"
    link_reason: str | None = None
    account_id: str | None = None


_SELECT = """
    SELECT m.member_pk, m.userid, m.open_userid, m.name, m.activation, m.employment,
        m.state, m.removal, m.grounds, main.department_id AS main_department,
        coalesce(link.state, 'none') AS link_state, link.reason AS link_reason,
        link.account_id,
        (
            SELECT p.plan_id FROM plan_entries AS e JOIN plans AS p USING (plan_id)
            WHERE e.corp_pk = m.corp_pk AND e.key = 'member:' || m.userid
                AND e.state = 'waiting' AND p.state = 'held' AND m.state = 'active'
            ORDER BY p.created_at DESC LIMIT 1
        ) AS held_plan_id,
        ARRAY(
            SELECT d.department_id FROM departments AS d
            WHERE d.corp_pk = m.corp_pk AND d.department_id = ANY(m.department_ids)
            ORDER BY d.department_id
        ) AS departments,
        ARRAY(
            SELECT d.department_id FROM departments AS d
            WHERE d.corp_pk = m.corp_pk AND d.department_id = ANY(m.leads)
            ORDER BY d.department_id
        ) AS leads
    FROM members AS m
    LEFT JOIN departments AS main
        ON main.corp_pk = m.corp_pk AND main.department_id = m.main_department
    LEFT JOIN links AS link
        ON link.corp_pk = m.corp_pk AND link.member_pk = m.member_pk
"""


def list_members(
    connection: Connection,
    corp_pk: int,
    *,
    state: str,
    after: tuple[str, int],
    limit: int,
) -> list[MemberSummary]:
    """Members in a state behind `after` (userid, member_pk), ascending by bytes."""
    with connection.cursor(row_factory=class_row(MemberSummary)) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE m.corp_pk = %(corp_pk)s AND m.state = %(state)s
                AND (m.userid, m.member_pk) > (%(userid)s, %(member_pk)s)
            ORDER BY m.userid, m.member_pk LIMIT %(limit)s
            """,
            {
                "corp_pk": corp_pk,
                "state": state,
                "userid": after[0],
                "member_pk": after[1],
                "limit": limit,
            },
        )
        return cursor.fetchall()


def find_member(
    connection: Connection, corp_pk: int, userids: list[str]
) -> MemberSummary | None:
    """The member of any of these userids: the active one, else by an older userid,
    else the newest removed one."""
    with connection.cursor(row_factory=class_row(MemberSummary)) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            LEFT JOIN aliases AS a
                ON a.corp_pk = m.corp_pk AND a.member_pk = m.member_pk
                AND a.userid = ANY(%(userids)s)
            WHERE m.corp_pk = %(corp_pk)s AND m.member_pk IN (
                SELECT member_pk FROM members
                WHERE corp_pk = %(corp_pk)s AND userid = ANY(%(userids)s)
                    AND state = 'active'
                UNION SELECT member_pk FROM members
                WHERE corp_pk = %(corp_pk)s AND userid = ANY(%(userids)s)
                    AND state = 'removed'
                UNION SELECT member_pk FROM aliases
                WHERE corp_pk = %(corp_pk)s AND userid = ANY(%(userids)s))
            ORDER BY (m.state = 'active' AND m.userid = ANY(%(userids)s)) DESC,
                (m.state = 'active') DESC, (a.userid IS NOT NULL) DESC,
                m.member_pk DESC
            LIMIT 1
            """,  # noqa: S608 - the inserted text is a constant of this module
            {"corp_pk": corp_pk, "userids": userids},
        )
        return cursor.fetchone()


def list_in_department(
    connection: Connection, corp_pk: int, department_id: int, *, limit: int
) -> list[MemberSummary]:
    """The active members directly in a department, in WeCom's order within it."""
    with connection.cursor(row_factory=class_row(MemberSummary)) as cursor:
        cursor.execute(
            f"""
            WITH first AS MATERIALIZED (
                -- Who is shown comes first: of them alone the rest is looked up.
                SELECT member_pk, department_orders[
                    array_position(department_ids, %(department_id)s::bigint)
                ] AS place
                FROM members
                WHERE corp_pk = %(corp_pk)s::bigint AND state = 'active'
                    AND department_ids @> ARRAY[%(department_id)s::bigint]
                ORDER BY place DESC NULLS LAST, userid LIMIT %(limit)s
            )
            {_SELECT} JOIN first ON first.member_pk = m.member_pk
            WHERE m.corp_pk = %(corp_pk)s::bigint
            ORDER BY first.place DESC NULLS LAST, m.userid
            """,  # noqa: S608 - the inserted text is a constant of this module
            {"corp_pk": corp_pk, "department_id": department_id, "limit": limit},
        )
        return cursor.fetchall()


def list_without_department(
    connection: Connection, corp_pk: int, *, limit: int
) -> list[MemberSummary]:
    """Active members of no listed department: granted singly, by tag or by self."""
    with connection.cursor(row_factory=class_row(MemberSummary)) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE m.corp_pk = %(corp_pk)s AND m.state = 'active' AND NOT EXISTS (
                SELECT 1 FROM departments AS listed
                WHERE listed.corp_pk = m.corp_pk
                    AND listed.department_id = ANY(m.department_ids))
            ORDER BY m.userid LIMIT %(limit)s
            """,  # noqa: S608 - the inserted text is a constant of this module
            {"corp_pk": corp_pk, "limit": limit},
        )
        return cursor.fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberCounts:
    """How many people a corp has here."""

    active: int
    left: int


def count_members(connection: Connection, corp_pk: int) -> MemberCounts:
    """The active members of a corp, counted."""
    with connection.cursor(row_factory=class_row(MemberCounts)) as cursor:
        cursor.execute(
            """
            SELECT count(*) AS active,
                count(*) FILTER (WHERE employment = 'left') AS "left"
            FROM members WHERE corp_pk = %s AND state = 'active'
            """,
            [corp_pk],
        )
        return cursor.fetchall()[0]


def list_names(
    connection: Connection, corp_pk: int, userids: list[str]
) -> dict[str, str]:
    """The visible names of these members, removed ones too."""
    rows = connection.execute(
        # Each state has an index of its own; who is active comes last and counts.
        """
        SELECT userid, name FROM (
            SELECT userid, name, 1 AS rank FROM members
            WHERE corp_pk = %(corp)s AND userid = ANY(%(ids)s)
                AND state = 'removed'
            UNION ALL
            SELECT userid, name, 2 FROM members
            WHERE corp_pk = %(corp)s AND userid = ANY(%(ids)s) AND state = 'active'
        ) AS known
        WHERE name IS NOT NULL ORDER BY rank
        """,
        {"corp": corp_pk, "ids": userids},
    ).fetchall()
    return dict(rows)
