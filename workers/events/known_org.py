"""What the store knows of the corp that a batch is about, each thing read once."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from domain.fold import Mail
from domain.ids import DepartmentId, TagId, Userid
from domain.org import Department
from domain.scope import Tag
from store.database import Connection, Pool, glance
from store.inbox import testimony
from store.org import corps, departments
from store.org.corps import Corp
from workers.events.known_members import KnownMembers


class KnownOrg:
    """Departments, tags, members and testimony; the lease keeps them as they are."""

    def __init__(self, pool: Pool, corp: Corp) -> None:
        self._pool = pool
        self._corp = corp
        self._departments: Sequence[Department] | None = None
        self._unlisted = frozenset[DepartmentId]()
        self._tags: Mapping[TagId, Tag] | None = None
        self._heard_of: set[Userid] = set()
        self._kept: list[Mail] = []
        self.members = KnownMembers(pool, corp.corp_pk)

    def read_ahead(self, connection: Connection, userids: Collection[Userid]) -> None:
        """Read at once what is needed about these people; the rest is read in need."""
        self._read_departments(connection)
        self._read_tags(connection)
        self._read_testimony(connection, userids)
        self.members.read(connection, userids)

    @property
    def departments(self) -> Sequence[Department]:
        """Every department, ascending by id."""
        if self._departments is None:
            with glance(self._pool) as connection:
                return self._read_departments(connection)
        return self._departments

    @property
    def unlisted(self) -> frozenset[DepartmentId]:
        """The departments that the last listing lacked and that are still there."""
        return self._unlisted if self.departments else frozenset()

    @property
    def tags(self) -> Mapping[TagId, Tag]:
        """The tags of the scope, as last read."""
        if self._tags is None:
            with glance(self._pool) as connection:
                return self._read_tags(connection)
        return self._tags

    def testimony_of(self, userids: Iterable[Userid]) -> list[Mail]:
        """What was said of these people and has settled nothing."""
        wanted = set(userids)
        if not wanted <= self._heard_of:
            with glance(self._pool) as connection:
                self._read_testimony(connection, wanted)
        return [each for each in self._kept if each.userid in wanted]

    def _read_departments(self, connection: Connection) -> Sequence[Department]:
        stored, unlisted = departments.list_noted(connection, self._corp.corp_pk)
        self._departments, self._unlisted = stored, unlisted
        return stored

    def _read_tags(self, connection: Connection) -> Mapping[TagId, Tag]:
        has_tags = bool(self._corp.scope.tags)
        self._tags = corps.list_tags(connection, self._corp.corp_pk) if has_tags else {}
        return self._tags

    def _read_testimony(
        self, connection: Connection, userids: Collection[Userid]
    ) -> None:
        new = set(userids) - self._heard_of
        self._heard_of |= new
        self._kept += testimony.list_kept(connection, self._corp.corp_pk, new)
