"""What is stored of a corp's sets, what a drain reads of them, and what it follows."""

from collections.abc import Collection, Iterable, Mapping

from domain.fold import FoldedMail
from domain.ids import TagId, Userid
from domain.leavers import BY_SETS, Undecided, Verdict
from domain.listings import Tear, find_tear
from domain.org import Department, StoredMember
from domain.scope import (
    AuthMode,
    Tag,
    Tags,
    readable_departments,
    tag_ground,
    usable_of,
)
from domain.testimony import DEPARTMENTS, SCOPE, roots_of, sets_behind, tags_among
from domain.tree import Tree
from store.database import Pool, glance
from store.org import absences, corps, departments
from store.org.corps import Corp
from wecom.errors import Unavailable
from workers.events.affected import View
from workers.org.questions import Inquiry


class NeedsRun(Exception):
    """A full read answers this better than questions one by one."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class SetReads:
    """Tags and tree as one drain knows them: stored, until they are read.

    Shape: `read` are the tags that were read, None for one that does not answer; `tear`
        is why a listing is not followed; `before` is all as stored.
    """

    def __init__(
        self, pool: Pool, corp: Corp, batch: FoldedMail, inquiry: Inquiry
    ) -> None:
        self._corp = corp
        self._batch = batch
        self._inquiry = inquiry
        # The lease keeps all this as it is until it is applied.
        with glance(pool) as connection:
            self._stored = departments.list_all(connection, corp.corp_pk)
            self._old_tags = (
                corps.list_tags(connection, corp.corp_pk) if corp.scope.tags else {}
            )
            self.once_lost = (
                absences.list_once_lost(connection, corp.corp_pk)
                if batch.tags or batch.departments
                else frozenset[Userid]()
            )
        self._listed: list[Department] | None = None
        self.read: dict[TagId, Tag | None] = {}
        self.tear: Tear | None = None
        self.before = self.view

    @property
    def view(self) -> View:
        """The tree and who may use the app, by what was read last."""
        listed, tags = self._listed, self._tags
        tree = Tree.of(self._stored if listed is None else listed)
        usable = usable_of(scope=self._corp.scope, tags=tags, tree=tree)
        shown = (
            None
            if listed is None
            else readable_departments(listed=listed, usable=usable.departments)
        )
        return View(listed=shown, tree=tree, tags=tags, usable=usable)

    def read_said(self) -> None:
        """Read what the mail is about: its tags, and the tree if it may be another.

        Raises: NeedsRun; Unavailable.
        """
        for each in self._batch.tags:
            if each in self._corp.scope.tags:
                self.read[each] = self._inquiry.read_tag(each)
        if None in self.read.values():
            # Only the scope can say whether the tag is gone from it.
            self.check_scope()
            raise Unavailable("a tag of the scope did not answer")
        if self._batch.departments or self._moves_scope():
            self.read_tree()

    def read_tree(self) -> None:
        """Ask for all departments, once; a torn listing is not followed."""
        if self._listed is not None or self.tear is not None:
            return
        if self._corp.scope.auth_mode == AuthMode.MEMBER:
            self._listed = []
            return
        listed = self._ask_listing()
        self.tear = self._find_tear(listed)
        self._listed = listed if self.tear is None else None

    def read_behind(self, lost: Iterable[StoredMember]) -> bool:
        """Read the sets by which these were users, as far as they are only stored.

        Shape: whether there was any; a tag that does not answer stays as it was.
        """
        sets = self._behind(lost) - self._names_of_read() - {SCOPE}
        tags = tags_among(sets) & self._corp.scope.tags
        if not tags and DEPARTMENTS not in sets:
            return False
        self.check_scope()
        for each in sorted(tags):
            if (tag := self._inquiry.read_tag(each)) is not None:
                self.read[each] = tag
        if DEPARTMENTS in sets:
            self.read_tree()
        return True

    def doubted(
        self,
        verdicts: Mapping[Userid, Verdict],
        active: Mapping[Userid, StoredMember],
    ) -> frozenset[str]:
        """The sets, among those read now, of which one read alone lost somebody."""
        lost = [active[who] for who, each in verdicts.items() if is_by_sets(each)]
        read = {tag_ground(each) for each in self.read}
        if self._listed is not None:
            read.add(DEPARTMENTS)
        return frozenset(self._behind(lost) & read)

    def forget(self, doubted: Collection[str]) -> None:
        """Put what is stored in place of the sets that are not followed."""
        for each in tags_among(doubted):
            del self.read[each]
        if DEPARTMENTS in doubted:
            self._listed = None

    def check_scope(self) -> None:
        """Raises: NeedsRun when the scope is another than the one that is stored."""
        if self._inquiry.scope() != self._corp.scope:
            raise NeedsRun("scope")

    @property
    def _tags(self) -> Tags:
        fresh = {each: tag for each, tag in self.read.items() if tag is not None}
        return {**self._old_tags, **fresh}

    def _behind(self, lost: Iterable[StoredMember]) -> set[str]:
        sets: set[str] = set()
        for each in lost:
            sets |= sets_behind(each.member, tags=self._old_tags)
        return sets

    def _names_of_read(self) -> set[str]:
        names = {tag_ground(each) for each in self.read}
        if self._listed is not None or self.tear is not None:
            names.add(DEPARTMENTS)
        return names

    def _moves_scope(self) -> bool:
        """Whether departments came into or left a tag, and so what is listed."""
        before = {each: tag.department_ids for each, tag in self._old_tags.items()}
        return any(
            tag is not None and tag.department_ids != before.get(each, frozenset())
            for each, tag in self.read.items()
        )

    def _ask_listing(self) -> list[Department]:
        listed = self._inquiry.list_departments()
        if listed or not self._stored:
            return listed
        if self._corp.scope.departments:
            # Where members authorise by themselves now, there is none to come.
            self.check_scope()
            raise Unavailable("an empty listing where departments were")
        if any(tag.department_ids for tag in self._tags.values()):
            # Tags lose a removed department without a word: a run reads them again.
            raise NeedsRun("drain")
        return listed

    def _find_tear(self, listed: list[Department]) -> Tear | None:
        """Where the listing tears, unless what the scope names now explains it.

        Raises: NeedsRun when the scope or a tag in it is not what we know.
        """
        scope, tags = self._corp.scope, self._tags
        tear = find_tear(listed, roots=roots_of(scope, tags=tags))
        if tear is None:
            return None
        self.check_scope()
        read = {
            each: tag
            for each in sorted(scope.tags | scope.extra_tags)
            if (tag := self._inquiry.read_tag(each)) is not None
        }
        if find_tear(listed, roots=roots_of(scope, tags={**tags, **read})) is not None:
            return tear
        if any(read[each] != tags.get(each) for each in scope.tags & read.keys()):
            raise NeedsRun("drain")
        return None


def is_by_sets(verdict: Verdict) -> bool:
    """Whether somebody answers, and sets alone say that they left."""
    return isinstance(verdict, Undecided) and verdict.doubt in BY_SETS
