"""Departments that a listing lacks: gone for a second reason, or not yet gone."""

from domain.events.fold import DELETE_PARTY, FoldedMail
from domain.ids import DepartmentId, department_key
from domain.org.tree import Tree
from domain.reconcile.testimony import scope_hides
from store.database import Connection
from store.org import departments
from store.org.corps import Corp
from workers.events.affected import View
from workers.events.late_answers import LateAnswers


def followed_listing(
    connection: Connection,
    corp: Corp,
    batch: FoldedMail,
    view: View,
    late: LateAnswers,
) -> list[DepartmentId]:
    """What to take for listed: what is, and what one listing alone lacks.

    An event that names a department, or a scope that no longer shows it, is the second
    answer; otherwise the mail waits until another listing lacks it as well.
    """
    listed = {each.department_id for each in view.listed or ()}
    stored = departments.list_all(connection, corp.corp_pk)
    gone = [each.department_id for each in stored if each.department_id not in listed]
    tree = Tree.of(stored)
    unsure = [
        each
        for each in gone
        if _is_unsure(each, batch, late)
        and not scope_hides(
            each,
            scope=corp.scope,
            tags=view.tags,
            permissions=corp.permissions,
            stored=tree,
        )
    ]
    agreed = departments.note_unlisted(connection, corp.corp_pk, gone)
    return [*listed, *(each for each in unsure if each not in agreed)]


def _is_unsure(
    department_id: DepartmentId, batch: FoldedMail, late: LateAnswers
) -> bool:
    key = department_key(department_id)
    if (newest := batch.newest.get(key)) is None:
        return True
    # Its mail that says something else was asked about three times: all lacked it.
    return newest.change != DELETE_PARTY and late.seconds_left(key) is not None
