"""What the store knows of the corp that a batch is about, each thing read once."""

from collections.abc import Collection, Iterable, Mapping

from domain.events.fold import Mail
from domain.ids import TagId, Userid
from domain.org.scope import Tag
from store.database import Connection, Pool, glance
from store.events.subjects import MailSubject, OpenMatters, read_matters
from store.inbox import testimony
from store.org import corps
from store.org.corps import Corp
from store.org.known_trees import KnownTree, KnownTrees
from workers.events.known_members import KnownMembers


class KnownOrg:
    """Departments, tags, members and testimony; the lease keeps them as they are."""

    def __init__(self, pool: Pool, corp: Corp, trees: KnownTrees) -> None:
        self._pool = pool
        self._corp = corp
        self._trees = trees
        self._tree: KnownTree | None = None
        self._tags: Mapping[TagId, Tag] | None = None
        self._matters: OpenMatters | None = None
        self._heard_of: set[Userid] = set()
        self._kept: dict[int, Mail] = {}
        self.members = KnownMembers(pool, corp.corp_pk)

    def read_ahead(
        self, connection: Connection, subject: MailSubject, userids: Collection[Userid]
    ) -> None:
        """Read at once what is needed about these people; the rest is read in need.

        Shape: `subject` is what was read with the corp itself.
        """
        self._tree = self._trees.of(connection, self._corp)
        self._matters = subject.matters
        self._tags = self._of_the_scope(subject.tags)
        if subject.matters.testimony:
            self._read_testimony(connection, userids)
        if subject.looked_for <= set(userids):
            # Otherwise WeCom spells some of them differently from their mail.
            self.members.take(subject.looked_for, subject.known)
        self.members.read(connection, userids)

    @property
    def matters(self) -> OpenMatters:
        """What is open about the corp."""
        if self._matters is None:
            with glance(self._pool) as connection:
                self._matters = read_matters(connection, self._corp.corp_pk)
        return self._matters

    @property
    def tree(self) -> KnownTree:
        """The departments."""
        if self._tree is None:
            with glance(self._pool) as connection:
                self._tree = self._trees.of(connection, self._corp)
        return self._tree

    @property
    def tags(self) -> Mapping[TagId, Tag]:
        """The tags of the scope, as last read."""
        if self._tags is None:
            with glance(self._pool) as connection:
                found = corps.list_tags(connection, self._corp.corp_pk)
            self._tags = self._of_the_scope(found)
        return self._tags

    def testimony_of(self, userids: Iterable[Userid]) -> list[Mail]:
        """What was said of these people, or of who is one of them now, and is open."""
        wanted = set(userids)
        if self.matters.testimony and not wanted <= self._heard_of:
            with glance(self._pool) as connection:
                self._read_testimony(connection, wanted)
        return [
            each
            for each in self._kept.values()
            if each.userid in wanted or each.hint.new_userid in wanted
        ]

    def _of_the_scope(self, tags: Mapping[TagId, Tag]) -> Mapping[TagId, Tag]:
        return tags if self._corp.scope.tags else {}

    def _read_testimony(
        self, connection: Connection, userids: Collection[Userid]
    ) -> None:
        new = set(userids) - self._heard_of
        self._heard_of |= new
        kept = testimony.list_kept(connection, self._corp.corp_pk, new)
        self._kept |= {each.event_id: each for each in kept}
