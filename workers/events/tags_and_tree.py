"""What is stored of a corp's sets, what a drain reads of them, and what it follows."""

from collections.abc import Collection, Iterable, Mapping

from domain.events.fold import FoldedMail
from domain.events.lateness import department_is_late, tag_is_late
from domain.events.spelling import spelt_tag
from domain.ids import (
    DepartmentId,
    Key,
    TagId,
    Userid,
    department_key,
    member_key,
    split_key,
    tag_key,
)
from domain.org.listings import Tear, find_tear
from domain.org.org import Department, StoredMember
from domain.org.scope import (
    AuthMode,
    Tag,
    Tags,
    readable_departments,
    tag_ground,
    usable_of,
)
from domain.org.tree import Tree
from domain.reconcile.leavers import BY_SETS, Undecided, Verdict
from domain.reconcile.listed_rows import is_moved
from domain.reconcile.testimony import (
    DEPARTMENTS,
    SCOPE,
    roots_of,
    sets_behind,
    tags_among,
)
from store.database import Pool, glance
from store.inbox import settlement
from store.org import absences
from store.org.corps import Corp
from wecom.errors import Unavailable
from workers.answers.listed import empty_tag, with_known
from workers.answers.questions import TAG, Inquiry
from workers.events.affected import View
from workers.events.found import NeedsRun, Unanswered
from workers.events.known_org import KnownOrg
from workers.events.late_answers import LateAnswers


class SetReads:
    """Tags and tree as one drain knows them: stored, until they are read.

    Shape: `read` are the tags that were read; `unlisted` the departments that the last
        listing lacked; `tear` is why a listing is not followed, `unnamed` what is odd
        about a row of it without an id; `moved_back` are departments that it has where
        they were before; `before` is all as it is stored.
    """

    def __init__(
        self,
        pool: Pool,
        corp: Corp,
        batch: FoldedMail,
        inquiry: Inquiry,
        late: LateAnswers,
        known: KnownOrg,
    ) -> None:
        self._pool = pool
        self._late = late
        self._corp = corp
        self._batch = batch
        self._inquiry = inquiry
        self._known_tree = known.tree
        self._stored = known.tree.departments
        self.unlisted = known.tree.unlisted
        self.old_tags = {
            tag_id: spelt_tag(tag, corp.spellings) for tag_id, tag in known.tags.items()
        }
        self.once_lost = frozenset[Userid]()
        if batch.tags or batch.departments:
            with glance(pool) as connection:
                self.once_lost = absences.list_once_lost(connection, corp.corp_pk)
        self._listed: list[Department] | None = None
        self.read: dict[TagId, Tag] = {}
        self.tear: Tear | None = None
        self.unnamed: str | None = None
        self.moved_back = frozenset[DepartmentId]()
        self._seen: tuple[list[Department] | None, Tags, View] | None = None
        self.before = self.view

    @property
    def view(self) -> View:
        """The tree and who may use the app, by what was read last.

        Shape: the same object as long as nothing else was read: expanding the scope
            goes through every department.
        """
        listed, tags = self._listed, self._tags
        if self._seen is None or self._seen[0] is not listed or self._seen[1] != tags:
            self._seen = listed, tags, self._expand(listed, tags)
        return self._seen[2]

    def _expand(self, listed: list[Department] | None, tags: Tags) -> View:
        scope, known = self._corp.scope, self._known_tree
        if listed is None:
            usable = known.usable(scope, tags)
            return View(listed=None, tree=known.tree, tags=tags, usable=usable)
        tree = Tree.of(listed)
        usable = usable_of(scope=scope, tags=tags, tree=tree)
        shown = readable_departments(listed=listed, usable=usable.departments)
        return View(listed=shown, tree=tree, tags=tags, usable=usable)

    def read_said(self) -> None:
        """Read what the mail is about: its tags, and the tree if it may be another.

        Raises: NeedsRun; Unavailable.
        """
        if self._batch.corp:
            # An event whose key nobody could read: it may be about anything.
            raise NeedsRun("drain")
        self._read_tags()
        if self._batch.departments or self._moves_scope():
            self.read_tree(self.tree_keys)

    def read_tree(self, keys: frozenset[Key]) -> None:
        """Ask for all departments, once; a torn listing is not followed.

        Shape: `keys` is the mail that cannot be answered without it.
        Raises: Unanswered; NeedsRun.
        """
        if self._listed is not None or self.tear is not None:
            return
        if self._corp.scope.auth_mode == AuthMode.MEMBER:
            self._listed = []
            return
        try:
            listed = self._ask_listing()
            self.tear = self._find_tear(listed)
        except Unavailable as error:
            raise Unanswered(keys, error) from error
        self._listed = self._without_late(listed) if self.tear is None else None

    def read_behind(self, lost: Iterable[StoredMember]) -> bool:
        """Read the sets by which these were users, as far as they are only stored.

        Shape: whether there was any; a tag that does not answer stays as it was.
        Raises: Unanswered; NeedsRun.
        """
        lost = list(lost)
        sets = self._behind(lost) - self._names_of_read() - {SCOPE}
        tags = tags_among(sets) & self._corp.scope.tags
        if not tags and DEPARTMENTS not in sets:
            return False
        keys = self.keys_of(each.member.userid for each in lost)
        self.check_scope_for(each.member.userid for each in lost)
        for each in sorted(tags):
            if (tag := self._ask_tag(each, keys)) is not None:
                self.read[each] = tag
        if DEPARTMENTS in sets:
            self.read_tree(keys)
        return True

    def doubted(
        self,
        verdicts: Mapping[Userid, Verdict],
        known: Mapping[Userid, StoredMember],
    ) -> frozenset[str]:
        """The sets, among those read now, of which one read alone lost somebody."""
        lost = [known[who] for who, each in verdicts.items() if is_by_sets(each)]
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

    def agreed(self, userids: Collection[Userid]) -> frozenset[Userid]:
        """Those of these whom an earlier read of the sets had lost as well."""
        if not userids:
            return frozenset()
        with glance(self._pool) as connection:
            return absences.list_agreed(connection, self._corp.corp_pk, userids)

    def check_scope(self) -> None:
        """Raises: NeedsRun when the scope is another than the one that is stored."""
        if self._inquiry.scope() != self._corp.scope:
            raise NeedsRun("scope")

    def check_scope_for(self, userids: Iterable[Userid]) -> None:
        """The same for the sake of these people.

        Raises: Unanswered; NeedsRun.
        """
        userids = list(userids)
        try:
            self.check_scope()
        except Unavailable as error:
            raise Unanswered(self.keys_of(userids), error) from error

    @property
    def tree_keys(self) -> frozenset[Key]:
        """The mail that cannot be answered without the tree."""
        departments = map(department_key, self._batch.departments)
        return frozenset(departments).union(map(tag_key, self._batch.tags))

    def keys_of(self, userids: Iterable[Userid]) -> frozenset[Key]:
        """The mail that cannot be answered without these people.

        Whoever is no key of the batch was asked because of the tree or a tag.
        """
        named = {each: member_key(each) for each in userids}
        known = frozenset(named.values()) & self._batch.newest.keys()
        claimed = {
            member_key(each.old) for each in self._batch.claims if each.new in named
        }
        keys = known | (claimed & self._batch.newest.keys())
        return keys if len(known) == len(named) else keys | self.tree_keys

    @property
    def _tags(self) -> Tags:
        return {**self.old_tags, **self.read}

    def _read_tags(self) -> None:
        """The tags that mail is about, and those that name who may be renamed."""
        old = {each.old for each in self._batch.claims}
        named = {each for each, tag in self.old_tags.items() if tag.userids & old}
        wanted = sorted(named.union(self._batch.tags) & self._corp.scope.tags)
        fresh = {each: self._read_tag(each, self._keys_behind(each)) for each in wanted}
        contradicted = [
            tag_key(each)
            for each, tag in fresh.items()
            if tag_is_late(self._batch.latest.get(tag_key(each), ()), tag=tag)
        ]
        late = self._late.note(contradicted)
        self.read |= {
            each: tag for each, tag in fresh.items() if tag_key(each) not in late
        }

    def _without_late(self, listed: list[Department]) -> list[Department]:
        """The listing, with departments as we know them of which it came too late."""
        shown = {each.department_id: each for each in listed}
        contradicted = [
            key
            for key, latest in self._batch.latest.items()
            if split_key(key)[0] == "department"
            and department_is_late(
                latest, listed=shown, auth_mode=self._corp.scope.auth_mode
            )
        ]
        late = {split_key(each)[1] for each in self._late.note(contradicted)}
        late |= {str(each) for each in self._find_moved_back(shown)}
        known = [each for each in self._stored if str(each.department_id) in late]
        return [each for each in listed if str(each.department_id) not in late] + known

    def _find_moved_back(
        self, shown: Mapping[DepartmentId, Department]
    ) -> frozenset[DepartmentId]:
        """Departments that the mail is not about, elsewhere than events just had them.

        Their own events were answered otherwise: the listing may be older than those.
        """
        moved = {
            department_key(each.department_id): each.department_id
            for each in self._stored
            if (row := shown.get(each.department_id)) is not None
            and is_moved(each, row)
        }
        moved = {k: each for k, each in moved.items() if k not in self._batch.newest}
        if not moved:
            return frozenset()
        with glance(self._pool) as connection:
            settled = settlement.newest_settled(
                connection, self._corp.mailbox, moved.keys()
            )
        self.moved_back = frozenset(moved[Key(each)] for each in settled)
        return self.moved_back

    def _keys_behind(self, tag_id: TagId) -> frozenset[Key]:
        """The mail for whose sake a tag is read."""
        named = self.old_tags[tag_id].userids if tag_id in self.old_tags else ()
        claims = {each.old for each in self._batch.claims}
        about = {member_key(each) for each in claims.intersection(named)}
        return frozenset({tag_key(tag_id), *about}) & self._batch.newest.keys()

    def _read_tag(self, tag_id: TagId, keys: frozenset[Key]) -> Tag:
        tag = self._ask_tag(tag_id, keys)
        if tag is not None:
            return tag
        try:
            # Only the scope can say whether the tag is gone from it.
            self.check_scope()
        except Unavailable as error:
            raise Unanswered(keys, error) from error
        raise Unanswered(
            keys, Unavailable("a tag of the scope did not answer", endpoint=TAG)
        )

    def _ask_tag(self, tag_id: TagId, keys: frozenset[Key]) -> Tag | None:
        try:
            known = self.old_tags.get(tag_id)
            return self._inquiry.read_tag(tag_id, known=known)
        except Unavailable as error:
            raise Unanswered(keys, error) from error

    def _behind(self, lost: Iterable[StoredMember]) -> set[str]:
        sets: set[str] = set()
        for each in lost:
            sets |= sets_behind(each.member, tags=self.old_tags)
        return sets

    def _names_of_read(self) -> set[str]:
        names = {tag_ground(each) for each in self.read}
        if self._listed is not None or self.tear is not None:
            names.add(DEPARTMENTS)
        return names

    def _moves_scope(self) -> bool:
        """Whether departments came into or left a tag, and so what is listed."""
        before = {each: tag.department_ids for each, tag in self.old_tags.items()}
        return any(
            tag.department_ids != before.get(each, frozenset())
            for each, tag in self.read.items()
        )

    def _ask_listing(self) -> list[Department]:
        answer = self._inquiry.list_departments()
        self.unnamed = answer.unnamed
        listed = with_known(answer, self._stored)
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
            if (
                tag := self._inquiry.read_tag(
                    each, known=tags.get(each, empty_tag(each))
                )
            )
            is not None
        }
        if find_tear(listed, roots=roots_of(scope, tags={**tags, **read})) is not None:
            return tear
        if any(read[each] != tags.get(each) for each in scope.tags & read.keys()):
            raise NeedsRun("drain")
        return None


def is_by_sets(verdict: Verdict) -> bool:
    """Whether somebody answers, and sets alone say that they left."""
    return isinstance(verdict, Undecided) and verdict.doubt in BY_SETS
