"""Finds out what a batch of contact mail means: who is there, who moved, who left."""

from collections.abc import Iterable, Mapping

from domain.fold import SUBSCRIBE, FoldedMail
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
from domain.leavers import LeftInPlace, Removal, Undecided, Verdict
from domain.org import Department, Member, StoredMember
from domain.renames import Absentee, Rename, match_renames, respelt
from domain.scope import (
    AuthMode,
    Tag,
    Tags,
    readable_departments,
    usable_of,
)
from domain.spelling import spelt_tag
from domain.tree import Tree
from store.database import Pool, glance
from store.org import corps, departments, members
from store.org.corps import Corp
from wecom.errors import OddAnswer, Unavailable
from workers.events.affected import Spread, View, active_of, spread_of
from workers.events.found import Found, NeedsRun, Unanswered
from workers.events.known_members import KnownMembers
from workers.org.apply import Findings
from workers.org.leavers import Candidates, confirm_leavers
from workers.org.listed import TREE, with_known
from workers.org.questions import TAG, Inquiry, list_key, worth_listing

# A drain that would ask more than a third of the corp, or this many, reads it whole.
MOST_QUESTIONS = 500
_SMALL_BATCH = 20


def investigate(
    pool: Pool, corp: Corp, batch: FoldedMail, *, inquiry: Inquiry
) -> Found:
    """Ask WeCom as little as possible about the keys of a batch.

    Raises: NeedsRun when a full read is the better question; Unanswered when some keys
        have to wait; errors of WeCom that are the corp's.
    """
    return _Investigation(pool, corp, batch, inquiry).run()


class _Investigation:
    def __init__(
        self, pool: Pool, corp: Corp, batch: FoldedMail, inquiry: Inquiry
    ) -> None:
        self._pool = pool
        self._corp = corp
        self._batch = batch
        self._inquiry = inquiry
        # The lease keeps all this as it is until it is applied.
        with glance(pool) as connection:
            self._stored = departments.list_all(connection, corp.corp_pk)
            self._old_tags = (
                corps.list_tags(connection, corp.corp_pk) if corp.scope.tags else {}
            )
        self._old_tags = {
            tag_id: spelt_tag(tag, corp.spellings)
            for tag_id, tag in self._old_tags.items()
        }
        self._unnamed: str | None = None
        self._known = KnownMembers(pool, corp.corp_pk)
        self._before = self._view(None, self._old_tags)

    def run(self) -> Found:
        if self._batch.corp:
            # An event whose key nobody could read: it may be about anything.
            raise NeedsRun("drain")
        read_tags = self._read_tags()
        tags = self._tags_now(read_tags)
        asks = bool(self._batch.departments) or self._moves_scope(read_tags)
        listed = self._listing(tags, self._tree_keys()) if asks else None
        view = self._view(listed, tags)
        spread = self._ask(view)
        strangers = [] if listed is not None else self._of_new_departments(view)
        if strangers:
            view = self._view(self._listing(tags, self._keys_of(strangers)), tags)
            spread = self._ask(view)
        return self._conclude(view, read_tags, spread)

    def _view(self, listed: list[Department] | None, tags: Tags) -> View:
        tree = Tree.of(self._stored if listed is None else listed)
        usable = usable_of(scope=self._corp.scope, tags=tags, tree=tree)
        shown = (
            None
            if listed is None
            else readable_departments(listed=listed, usable=usable.departments)
        )
        return View(listed=shown, tree=tree, tags=tags, usable=usable)

    def _moves_scope(self, read: Mapping[TagId, Tag]) -> bool:
        """Whether departments came into or left a tag, and so what is listed."""
        before = {each: tag.department_ids for each, tag in self._old_tags.items()}
        return any(
            tag is not None and tag.department_ids != before.get(each, frozenset())
            for each, tag in read.items()
        )

    def _tree_keys(self) -> frozenset[Key]:
        """The mail that cannot be answered without the tree."""
        departments = map(department_key, self._batch.departments)
        return frozenset(departments).union(map(tag_key, self._batch.tags))

    def _keys_of(self, userids: Iterable[Userid]) -> frozenset[Key]:
        """The mail that cannot be answered without these people.

        Whoever is no key of the batch was asked because of the tree or a tag.
        """
        named = {each: member_key(each) for each in userids}
        known = frozenset(named.values()) & self._batch.newest.keys()
        claimed = {
            member_key(each.old) for each in self._batch.claims if each.new in named
        }
        keys = known | (claimed & self._batch.newest.keys())
        return keys if len(known) == len(named) else keys | self._tree_keys()

    def _listing(self, tags: Tags, keys: frozenset[Key]) -> list[Department]:
        try:
            return self._list_departments(tags)
        except Unavailable as error:
            raise Unanswered(keys, error) from error

    def _list_departments(self, tags: Tags) -> list[Department]:
        if self._corp.scope.auth_mode == AuthMode.MEMBER:
            return []
        answer = self._inquiry.list_departments()
        self._unnamed = answer.unnamed
        listed = with_known(answer, self._stored)
        if listed or not self._stored:
            return listed
        if self._corp.scope.departments:
            # Where members authorise by themselves now, there is none to come.
            self._check_scope()
            raise Unavailable("an empty listing where departments were")
        if any(tag.department_ids for tag in tags.values()):
            # Tags lose a removed department without a word: a run reads them again.
            raise NeedsRun("drain")
        return listed

    def _read_tags(self) -> dict[TagId, Tag]:
        wanted = [each for each in self._batch.tags if each in self._corp.scope.tags]
        return {each: self._read_tag(each) for each in wanted}

    def _read_tag(self, tag_id: TagId) -> Tag:
        try:
            known = self._old_tags.get(tag_id)
            tag = self._inquiry.read_tag(tag_id, known=known)
            if tag is None:
                # Only the scope can say whether the tag is gone from it.
                self._check_scope()
                raise Unavailable("a tag of the scope did not answer", endpoint=TAG)
        except Unavailable as error:
            raise Unanswered([tag_key(tag_id)], error) from error
        return tag

    def _tags_now(self, read: Mapping[TagId, Tag]) -> Tags:
        fresh = {each: tag for each, tag in read.items() if tag is not None}
        return {**self._old_tags, **fresh}

    def _ask(self, view: View) -> Spread:
        with glance(self._pool) as connection:
            spread = spread_of(
                connection,
                self._corp.corp_pk,
                before=self._before,
                after=view,
            )
        asked = frozenset(self._batch.members) | spread.ask
        self._check_width(asked)
        stored = self._known.of(asked)
        if others := self._spelt_otherwise(stored):
            asked |= others
            stored = self._known.of(asked)
        known = active_of(stored)
        usable = view.usable.departments
        places = {
            userid: usable.intersection(stored.member.department_ids)
            for userid, stored in known.items()
        }
        worth = worth_listing(asked, places)
        self._inquiry.list_members(dict.fromkeys([*sorted(spread.list_whole), *worth]))
        self._check_listed(spread.list_whole)
        self._inquiry.ask_members(asked)
        return spread

    def _spelt_otherwise(self, stored: Iterable[StoredMember]) -> frozenset[Userid]:
        """People of ours whom an event of a leaving may mean in another case.

        Of old corps it says so; what WeCom answers of them decides in every corp.
        """
        known = {who for each in stored for who in (each.member.userid, *each.aliases)}
        unknown = (self._batch.deleted | self._batch.unsubscribed) - known
        if not unknown:
            return frozenset()
        with glance(self._pool) as connection:
            return members.list_spelt_like(connection, self._corp.corp_pk, unknown)

    def _check_width(self, asked: frozenset[Userid]) -> None:
        if len(asked) <= _SMALL_BATCH:
            return
        with glance(self._pool) as connection:
            third = members.count_active(connection, self._corp.corp_pk) / 3
        if len(asked) > min(MOST_QUESTIONS, max(_SMALL_BATCH, third)):
            raise NeedsRun("drain")

    def _check_listed(self, wanted: Iterable[DepartmentId]) -> None:
        """Whoever came into the scope with a department is told by its list alone.

        Raises: Unanswered.
        """
        troubles = self._inquiry.troubles.of
        for department_id in wanted:
            error = troubles.get(list_key(department_id))
            if error is not None:
                raise Unanswered(self._tree_keys(), error)

    def _of_new_departments(self, view: View) -> list[Userid]:
        """Who is in a department that we do not know yet."""
        if self._corp.scope.auth_mode == AuthMode.MEMBER:
            return []
        return [
            userid
            for userid, member in self._inquiry.answers.items()
            if any(each not in view.tree for each in member.department_ids)
        ]

    def _conclude(
        self, view: View, read_tags: Mapping[TagId, Tag], spread: Spread
    ) -> Found:
        self._check_subscribers(view)
        stored = self._stored_of_all_asked()
        verdicts = self._verdicts(view, active_of(stored))
        if verdicts:
            # Confirming may have listed departments, which showed more people.
            stored = self._stored_of_all_asked()
        active = active_of(stored)
        answers = self._inquiry.grounded(view.usable)
        shown = {who: each for who, each in answers.items() if each.grounds}
        renames = match_renames(
            [
                Absentee(stored=active[who], confirmed=isinstance(each, Removal))
                for who, each in verdicts.items()
                if who in self._inquiry.refusals
            ],
            answers=shown,
            active=active,
            claims=(
                *self._batch.claims,
                *respelt(self._inquiry.spelt, active, answers),
            ),
        )
        former = {userid for each in renames for userid in each.path[:-1]}
        decided = {who: each for who, each in verdicts.items() if who not in former}
        return Found(
            view=view,
            read_tags=read_tags,
            answers=answers,
            findings=_findings(
                tuple(shown.values()),
                _unasked(spread.reground, self._inquiry),
                decided,
                renames,
            ),
            former=frozenset(former).union(*(each.aliases for each in stored)),
            undecided={
                who: each
                for who, each in decided.items()
                if isinstance(each, Undecided)
            },
            troubles=self._troubles(view),
        )

    def _troubles(self, view: View) -> dict[Key, Unavailable]:
        """The keys of the mail, and people, about whom nothing usable was said."""
        troubles = {
            key: error
            for key, error in self._inquiry.troubles.of.items()
            if split_key(key)[0] != "list"
        }
        for each in self._batch.claims:
            if member_key(each.new) in troubles:
                troubles[member_key(each.old)] = troubles[member_key(each.new)]
        if self._unnamed is not None:
            listed = {each.department_id for each in view.listed or ()}
            error = OddAnswer(self._unnamed, endpoint=TREE)
            for department_id in self._batch.departments:
                if department_id not in listed:
                    troubles[department_key(department_id)] = error
        return troubles

    def _check_subscribers(self, view: View) -> None:
        """Whoever came into a scope that is not the one we know tells of a new one.

        Raises: NeedsRun.
        """
        outside = {
            userid
            for userid, each in self._inquiry.grounded(view.usable).items()
            if not each.grounds
        }
        came = {
            newest.userid
            for newest in self._batch.newest.values()
            if newest.kind == SUBSCRIBE
        }
        if outside & came:
            self._check_scope_for(outside & came)

    def _check_scope(self) -> None:
        if self._inquiry.scope() != self._corp.scope:
            raise NeedsRun("scope")

    def _check_scope_for(self, userids: Iterable[Userid]) -> None:
        try:
            self._check_scope()
        except Unavailable as error:
            raise Unanswered(self._keys_of(userids), error) from error

    def _stored_of_all_asked(self) -> list[StoredMember]:
        return self._known.of({*self._inquiry.answers, *self._inquiry.refusals})

    def _verdicts(
        self, view: View, active: Mapping[Userid, StoredMember]
    ) -> Mapping[Userid, Verdict]:
        """What is to be thought of active members who are not shown as usable."""
        answers = self._inquiry.grounded(view.usable)
        shown = {who for who, each in answers.items() if each.grounds}
        asked = frozenset(answers) | frozenset(self._inquiry.refusals)
        candidates = Candidates(
            stored={who: active[who] for who in active.keys() & asked - shown},
            deleted=self._batch.deleted,
            unsubscribed=self._batch.unsubscribed,
            placeless=self._batch.placeless,
            statuses=self._batch.statuses,
        )
        if not candidates.stored:
            return {}
        self._check_scope_for(candidates.stored)
        return confirm_leavers(
            self._inquiry, candidates, usable=view.usable, tree=view.tree
        )


def _findings(
    shown: tuple[Member, ...],
    regrounded: tuple[Member, ...],
    verdicts: Mapping[Userid, Verdict],
    renames: tuple[Rename, ...],
) -> Findings:
    return Findings(
        shown=shown,
        regrounded=regrounded,
        left=tuple(
            (who, each.activation)
            for who, each in verdicts.items()
            if isinstance(each, LeftInPlace)
        ),
        gone=tuple(
            (who, each) for who, each in verdicts.items() if isinstance(each, Removal)
        ),
        renames=renames,
    )


def _unasked(reground: Iterable[Member], inquiry: Inquiry) -> tuple[Member, ...]:
    return tuple(
        each
        for each in reground
        if each.userid not in inquiry.answers and each.userid not in inquiry.refusals
    )
