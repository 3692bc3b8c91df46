"""The departments of a corp, as last applied."""

from collections.abc import Iterable, Sequence

from domain.ids import CorpPk, DepartmentId, Userid
from domain.org.fingerprint import department_fingerprint
from domain.org.org import Department
from domain.reconcile.testimony import AGREES_SECONDS, APART_SECONDS
from store.database import Connection


def list_all(connection: Connection, corp_pk: CorpPk) -> list[Department]:
    """Every department of the corp, ascending by id."""
    return list_noted(connection, corp_pk)[0]


def list_noted(
    connection: Connection, corp_pk: CorpPk
) -> tuple[list[Department], frozenset[DepartmentId]]:
    """Every department, ascending by id, and which of them the last listing lacked."""
    rows = connection.execute(
        "SELECT department_id, parent_id, sort_order, name, unlisted_since IS NOT NULL"
        " FROM departments WHERE corp_pk = %s ORDER BY department_id",
        [corp_pk],
    ).fetchall()
    stored = [
        Department(department_id=department, parent_id=parent, order=order, name=name)
        for department, parent, order, name, _ in rows
    ]
    return stored, frozenset(DepartmentId(row[0]) for row in rows if row[4])


def write(
    connection: Connection, corp_pk: CorpPk, departments: Sequence[Department]
) -> None:
    """Add or replace these departments in one statement, parents in any order."""
    connection.execute(
        """
        INSERT INTO departments
            (corp_pk, department_id, parent_id, sort_order, name, fingerprint)
        SELECT %(corp_pk)s, given.* FROM unnest(
            %(ids)s::bigint[], %(parents)s::bigint[], %(orders)s::bigint[],
            %(names)s::text[], %(fingerprints)s::bytea[]) AS given
        ON CONFLICT (corp_pk, department_id) DO UPDATE SET
            parent_id = excluded.parent_id, sort_order = excluded.sort_order,
            name = excluded.name, fingerprint = excluded.fingerprint
        """,
        {
            "corp_pk": corp_pk,
            "ids": [each.department_id for each in departments],
            "parents": [each.parent_id for each in departments],
            "orders": [each.order for each in departments],
            "names": [each.name for each in departments],
            "fingerprints": [department_fingerprint(each) for each in departments],
        },
    )


def remove(
    connection: Connection, corp_pk: CorpPk, ids: Iterable[DepartmentId]
) -> None:
    """Take these departments out of the org."""
    connection.execute(
        "DELETE FROM departments WHERE corp_pk = %s AND department_id = ANY(%s)",
        [corp_pk, list(ids)],
    )


def note_listed(
    connection: Connection, corp_pk: CorpPk, listed: Iterable[DepartmentId]
) -> None:
    """Remember which of the departments a full read has listed, and which it lacked."""
    connection.execute(
        """
        UPDATE departments SET unlisted_since =
            CASE WHEN unlisted_since IS NULL THEN clock_timestamp() END
        WHERE corp_pk = %(corp_pk)s
            AND (department_id = ANY(%(listed)s)) = (unlisted_since IS NOT NULL)
        """,
        {"corp_pk": corp_pk, "listed": list(listed)},
    )


def note_unlisted(
    connection: Connection, corp_pk: CorpPk, gone: Iterable[DepartmentId]
) -> frozenset[DepartmentId]:
    """Remember that a listing lacks these; those that an earlier one lacked, too.

    Shape: all others are listed. Two listings agree when they lie far enough apart.
    """
    rows = connection.execute(
        """
        UPDATE departments SET unlisted_since = CASE
            WHEN NOT department_id = ANY(%(gone)s) THEN NULL
            WHEN unlisted_since > clock_timestamp() - make_interval(secs => %(agrees)s)
                THEN unlisted_since
            ELSE clock_timestamp() END
        WHERE corp_pk = %(corp_pk)s
            AND (unlisted_since IS NOT NULL OR department_id = ANY(%(gone)s))
        RETURNING department_id,
            unlisted_since <= clock_timestamp() - make_interval(secs => %(apart)s)
        """,
        {
            "corp_pk": corp_pk,
            "gone": list(gone),
            "agrees": AGREES_SECONDS,
            "apart": APART_SECONDS,
        },
    ).fetchall()
    return frozenset(DepartmentId(each) for each, agreed in rows if agreed)


def occupied(
    connection: Connection, corp_pk: CorpPk, userids: Iterable[Userid]
) -> frozenset[DepartmentId]:
    """The departments in which these people are, as far as they are active."""
    rows = connection.execute(
        "SELECT DISTINCT unnest(department_ids) FROM members"
        " WHERE corp_pk = %s AND state = 'active' AND userid = ANY(%s)",
        [corp_pk, list(userids)],
    ).fetchall()
    return frozenset(DepartmentId(row[0]) for row in rows)
