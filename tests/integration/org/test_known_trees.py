"""A process remembers a corp's departments, and never others than those stored."""

from collections.abc import Callable

import psycopg
import pytest

from domain.ids import CorpPk, DepartmentId
from store.database import Connection, transaction
from store.org import corps, departments
from store.org.known_trees import KnownTree, KnownTrees
from tests.support.org.histories import HOME, TEAM, company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.values.builders import department

CORP, OTHER = "wpCorpA", "wpCorpB"


@pytest.fixture
def tenant(bench: Bench) -> Tenant:
    return bench.link_in_step(CORP, company())


def tree_of(bench: Bench, trees: KnownTrees, tenant: Tenant) -> KnownTree:
    """The tree, as a drain comes to it."""
    with transaction(bench.runtime.pool) as connection:
        return trees.of(connection, corps.get(connection, tenant.corp_pk))


def add(connection: Connection, corp_pk: CorpPk) -> None:
    departments.write(connection, corp_pk, [department(99, parent=HOME)])


def rename(connection: Connection, corp_pk: CorpPk) -> None:
    departments.write(connection, corp_pk, [department(HOME, parent=1, name="new")])


def remove(connection: Connection, corp_pk: CorpPk) -> None:
    departments.remove(connection, corp_pk, [DepartmentId(TEAM)])


def miss(connection: Connection, corp_pk: CorpPk) -> None:
    departments.note_unlisted(connection, corp_pk, [DepartmentId(TEAM)])


def miss_all(connection: Connection, corp_pk: CorpPk) -> None:
    departments.note_listed(connection, corp_pk, [])


def move_by_hand(connection: Connection, corp_pk: CorpPk) -> None:
    connection.execute(
        "UPDATE departments SET parent_id = 4"
        " WHERE corp_pk = %s AND department_id = %s",
        [corp_pk, TEAM],
    )


def test_departments_that_nobody_changed_are_read_once(
    bench: Bench, tenant: Tenant
) -> None:
    trees = KnownTrees()
    first = tree_of(bench, trees, tenant)

    assert tree_of(bench, trees, tenant) is first
    assert [each.department_id for each in first.departments] == sorted(first.tree.ids)


@pytest.mark.parametrize(
    "change",
    [add, rename, remove, miss, miss_all, move_by_hand],
    ids=lambda f: f.__name__,
)
def test_whoever_changes_a_department_has_the_tree_read_anew(
    bench: Bench, tenant: Tenant, change: Callable[[Connection, CorpPk], None]
) -> None:
    trees = KnownTrees()
    before = tree_of(bench, trees, tenant)

    with bench.own() as connection:
        change(connection, tenant.corp_pk)

    after = tree_of(bench, trees, tenant)
    with bench.own() as connection:
        stored, unlisted = departments.list_noted(connection, tenant.corp_pk)
    assert after is not before
    assert (after.departments, after.unlisted) == (tuple(stored), unlisted)
    assert (after.departments, after.unlisted) != (before.departments, before.unlisted)


def test_a_change_that_was_rolled_back_is_never_remembered(
    bench: Bench, tenant: Tenant
) -> None:
    trees = KnownTrees()
    before = tree_of(bench, trees, tenant)
    stamps = set()

    for change in (add, remove):
        with bench.own() as connection, connection.transaction():
            change(connection, tenant.corp_pk)
            stamps.add(corps.get(connection, tenant.corp_pk).tree_stamp)
            raise psycopg.Rollback

    assert tree_of(bench, trees, tenant) is before
    assert len(stamps) == 2


def test_what_changes_nothing_and_what_changes_another_corp_leave_it_known(
    bench: Bench, tenant: Tenant
) -> None:
    other = bench.link_in_step(OTHER, company())
    trees = KnownTrees()
    before = tree_of(bench, trees, tenant)

    with bench.own() as connection:
        departments.note_unlisted(connection, tenant.corp_pk, [])
        departments.remove(connection, tenant.corp_pk, [DepartmentId(12345)])
        add(connection, other.corp_pk)

    assert tree_of(bench, trees, tenant) is before


def test_no_more_departments_are_remembered_than_may_be(
    bench: Bench, tenant: Tenant
) -> None:
    other = bench.link_in_step(OTHER, company())
    size = len(tree_of(bench, KnownTrees(), tenant).departments)
    trees = KnownTrees(most_departments=2 * size - 1)
    first = tree_of(bench, trees, tenant)
    second = tree_of(bench, trees, other)

    assert tree_of(bench, trees, other) is second
    assert tree_of(bench, trees, tenant) is not first
    assert tree_of(bench, KnownTrees(most_departments=1), tenant).departments


def test_a_drain_follows_the_departments_that_another_process_wrote(
    bench: Bench, tenant: Tenant
) -> None:
    bench.post(tenant, said("update_user", "member:woA"))
    bench.drain(tenant)
    # As another worker's apply leaves it: the team stands outside of the scope.
    with bench.own() as connection:
        move_by_hand(connection, tenant.corp_pk)
    asked = tenant.world.asked("departments")

    bench.post(tenant, said("update_user", "member:woA", second=9))
    bench.drain(tenant)

    # Nothing stored lets her use the app any more, yet WeCom shows her.
    assert tenant.world.asked("departments") == asked + 1
