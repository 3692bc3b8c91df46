"""The departments of corps as this process has read them, while they are the same."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from uuid import UUID

from domain.ids import CorpPk, DepartmentId
from domain.org.org import Department
from domain.org.scope import AuthScope, Tags, Usable, usable_of
from domain.org.tree import Tree
from store.database import Connection
from store.org import departments
from store.org.corps import Corp

# Some 25 MB of them.
_MOST_DEPARTMENTS = 50_000


class KnownTree:
    """A corp's stored departments, ascending by id, as a tree; nobody changes it.

    Shape: `unlisted` are those that the last listing lacked and that are still there.
    """

    def __init__(
        self, stored: Sequence[Department], unlisted: Collection[DepartmentId]
    ) -> None:
        self.departments = tuple(stored)
        self.unlisted = frozenset(unlisted)
        self.tree = Tree.of(stored)
        self._expanded: tuple[AuthScope, Tags, Usable] | None = None

    def usable(self, scope: AuthScope, tags: Tags) -> Usable:
        """Who may use the app by this tree; remembered for the last scope and tags."""
        last = self._expanded
        if last is None or last[0] != scope or last[1] != tags:
            last = scope, tags, usable_of(scope=scope, tags=tags, tree=self.tree)
            self._expanded = last
        return last[2]


class KnownTrees:
    """Shared by all threads of a process.

    A tree is known under the stamp that its corp's row bears. Whatever changes a
    department gives that row another one in the same transaction.
    """

    def __init__(self, *, most_departments: int = _MOST_DEPARTMENTS) -> None:
        self._most = most_departments
        self._lock = threading.Lock()
        self._known: OrderedDict[CorpPk, tuple[UUID, KnownTree]] = OrderedDict()
        self._size = 0

    def of(self, connection: Connection, corp: Corp) -> KnownTree:
        """The tree of a corp that was read before: if it was changed since, anew.

        Shape: the stamp is never newer than the tree that is kept under it.
        """
        with self._lock:
            stamp, known = self._known.get(corp.corp_pk, (None, None))
            if known is not None and stamp == corp.tree_stamp:
                self._known.move_to_end(corp.corp_pk)
                return known
        tree = KnownTree(*departments.list_noted(connection, corp.corp_pk))
        self._keep(corp, tree)
        return tree

    def _keep(self, corp: Corp, tree: KnownTree) -> None:
        """Remember it, and forget those that nobody has asked for longest."""
        with self._lock:
            self._drop(corp.corp_pk)
            self._known[corp.corp_pk] = corp.tree_stamp, tree
            self._size += len(tree.departments)
            while self._size > self._most:
                self._drop(next(iter(self._known)))

    def _drop(self, corp_pk: CorpPk) -> None:
        if corp_pk in self._known:
            _, tree = self._known.pop(corp_pk)
            self._size -= len(tree.departments)
