"""The listed departments of a corp; what is in the tree is decided here, at read."""

from dataclasses import dataclass

from psycopg.rows import class_row

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentSummary:
    """A department; the parent only if it is listed too."""

    department_id: int
    parent_id: int | None
    name: str | None
    order: int | None


def list_departments(
    connection: Connection, corp_pk: int, *, after: int, limit: int
) -> list[DepartmentSummary]:
    """Departments behind `after`, ascending by id."""
    with connection.cursor(row_factory=class_row(DepartmentSummary)) as cursor:
        cursor.execute(
            """
            SELECT child.department_id, parent.department_id AS parent_id,
                child.name, child.sort_order AS "order"
            FROM departments AS child
            LEFT JOIN departments AS parent
                ON parent.corp_pk = child.corp_pk
                AND parent.department_id = child.parent_id
                AND child.parent_id <> 0
            WHERE child.corp_pk = %(corp_pk)s AND child.department_id > %(after)s
            ORDER BY child.department_id LIMIT %(limit)s
            """,
            {"corp_pk": corp_pk, "after": after, "limit": limit},
        )
        return cursor.fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRow:
    """A department with the number of active members directly in it."""

    department_id: int
    parent_id: int | None
    name: str | None
    order: int | None
    members: int
    has_children: bool = False


def list_tree(connection: Connection, corp_pk: int) -> list[TreeRow]:
    """All departments with their direct members counted, in the order of display."""
    with connection.cursor(row_factory=class_row(TreeRow)) as cursor:
        cursor.execute(
            """
            WITH counted AS (
                SELECT department_id, count(*) AS members
                FROM members, unnest(department_ids) AS department_id
                WHERE corp_pk = %(corp_pk)s AND state = 'active'
                GROUP BY department_id
            )
            SELECT d.department_id, d.parent_id, d.name, d.sort_order AS "order",
                coalesce(counted.members, 0) AS members
            FROM departments AS d LEFT JOIN counted USING (department_id)
            WHERE d.corp_pk = %(corp_pk)s
            ORDER BY d.sort_order DESC NULLS LAST, d.department_id
            """,
            {"corp_pk": corp_pk},
        )
        return cursor.fetchall()


def list_shown(
    connection: Connection, corp_pk: int, *, opened: list[int], limit: int
) -> list[TreeRow]:
    """The roots and what lies directly below the opened ones, without counting anybody.

    Shape: in the order of display within each parent; nothing else is read.
    """
    with connection.cursor(row_factory=class_row(TreeRow)) as cursor:
        cursor.execute(
            """
            WITH RECURSIVE shown AS (
                SELECT department_id, parent_id, name, sort_order
                FROM departments AS root
                WHERE corp_pk = %(corp)s AND NOT EXISTS (
                    SELECT FROM departments AS above WHERE above.corp_pk = %(corp)s
                        AND above.department_id = root.parent_id)
                UNION
                SELECT child.department_id, child.parent_id, child.name,
                    child.sort_order
                FROM shown JOIN departments AS child
                    ON child.corp_pk = %(corp)s
                    AND child.parent_id = shown.department_id
                WHERE shown.department_id = ANY(%(opened)s::bigint[])
            )
            SELECT department_id, parent_id, name, sort_order AS "order", 0 AS members,
                EXISTS (SELECT FROM departments AS below
                    WHERE below.corp_pk = %(corp)s
                        AND below.parent_id = shown.department_id) AS has_children
            FROM shown ORDER BY sort_order DESC NULLS LAST, department_id
            LIMIT %(limit)s
            """,
            {"corp": corp_pk, "opened": opened, "limit": limit},
        )
        return cursor.fetchall()


def find_roots(connection: Connection, corp_pk: int, *, limit: int) -> list[int]:
    """The departments whose parent is not listed."""
    rows = connection.execute(
        """
        SELECT department_id FROM departments AS root
        WHERE corp_pk = %(corp)s AND NOT EXISTS (
            SELECT FROM departments AS above WHERE above.corp_pk = %(corp)s
                AND above.department_id = root.parent_id)
        ORDER BY sort_order DESC NULLS LAST, department_id LIMIT %(limit)s
        """,
        {"corp": corp_pk, "limit": limit},
    ).fetchall()
    return [department_id for (department_id,) in rows]


def count_direct(
    connection: Connection, corp_pk: int, department_ids: list[int], *, most: int
) -> dict[int, int]:
    """The active members directly in these departments, each counted to `most`."""
    rows = connection.execute(
        """
        SELECT wanted.id, (SELECT count(*) FROM (SELECT FROM members
            WHERE corp_pk = %(corp)s::bigint AND state = 'active'
                AND department_ids @> ARRAY[wanted.id] LIMIT %(most)s) AS few)
        FROM unnest(%(ids)s::bigint[]) AS wanted (id)
        """,
        {"corp": corp_pk, "ids": department_ids, "most": most},
    ).fetchall()
    return dict(rows)


def list_names(
    connection: Connection, corp_pk: int, department_ids: list[int]
) -> dict[int, str]:
    """The visible names of these departments."""
    rows = connection.execute(
        "SELECT department_id, name FROM departments"
        " WHERE corp_pk = %s AND department_id = ANY(%s) AND name IS NOT NULL",
        [corp_pk, department_ids],
    ).fetchall()
    return dict(rows)


def list_shared_places(connection: Connection, corp_pk: int) -> list[list[int]]:
    """The departments of each active member who is in more than one."""
    rows = connection.execute(
        "SELECT department_ids FROM members WHERE corp_pk = %s AND state = 'active'"
        " AND cardinality(department_ids) > 1",
        [corp_pk],
    ).fetchall()
    return [row[0] for row in rows]
