"""Finds out what a batch of contact mail means: who is there, who moved, who left."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from domain.event_testimony import deleted_of
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
from domain.lateness import department_is_late, tag_is_late
from domain.leavers import Undecided
from domain.org import Department, Member, MemberState, StoredMember
from domain.renames import new_names
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
from workers.answers.listed import TREE, with_known
from workers.answers.questions import TAG, Inquiry, list_key, worth_listing
from workers.events.affected import Spread, View, active_of, spread_of
from workers.events.found import (
    Found,
    NeedsRun,
    Unanswered,
    findings_of,
    unasked,
)
from workers.events.judge import Judge, Judged
from workers.events.known_members import KnownMembers
from workers.events.late_answers import LateAnswers

# A drain that would ask more than a third of the corp, or this many, reads it whole.
MOST_QUESTIONS = 500
_SMALL_BATCH = 20


def investigate(
    pool: Pool, corp: Corp, batch: FoldedMail, *, inquiry: Inquiry, late: LateAnswers
) -> Found:
    """Ask WeCom as little as possible about the keys of a batch.

    Raises: NeedsRun when a full read is the better question; Unanswered when some keys
        have to wait; errors of WeCom that are the corp's.
    """
    return _Investigation(pool, corp, batch, inquiry, late).run()


class _Investigation:
    def __init__(
        self,
        pool: Pool,
        corp: Corp,
        batch: FoldedMail,
        inquiry: Inquiry,
        late: LateAnswers,
    ) -> None:
        self._late = late
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
        self._judge = Judge(
            corp, batch, inquiry, late, self._known, keys_of=self._keys_of
        )
        self._before = self._view(None, self._old_tags)

    def run(self) -> Found:
        if self._batch.corp:
            # An event whose key nobody could read: it may be about anything.
            raise NeedsRun("drain")
        tags = {**self._old_tags, **self._read_tags()}
        asks = bool(self._batch.departments) or self._moves_scope(tags)
        listed = self._listing(tags, self._tree_keys()) if asks else None
        view = self._view(listed, tags)
        spread = self._ask(view)
        strangers = [] if listed is not None else self._of_new_departments(view)
        if strangers:
            view = self._view(self._listing(tags, self._keys_of(strangers)), tags)
            spread = self._ask(view)
        self._check_subscribers(view)
        judged = self._judge.judge(view)
        if self._has_shown_others(judged):
            # Confirming has listed departments, and with them people in question.
            judged = self._judge.judge(view)
        return self._conclude(judged, spread)

    def _view(self, listed: list[Department] | None, tags: Tags) -> View:
        tree = Tree.of(self._stored if listed is None else listed)
        usable = usable_of(scope=self._corp.scope, tags=tags, tree=tree)
        shown = (
            None
            if listed is None
            else readable_departments(listed=listed, usable=usable.departments)
        )
        return View(listed=shown, tree=tree, tags=tags, usable=usable)

    def _moves_scope(self, tags: Tags) -> bool:
        """Whether departments came into or left a tag, and so what is listed."""
        before = {each: tag.department_ids for each, tag in self._old_tags.items()}
        return any(
            tag.department_ids != before.get(each, frozenset())
            for each, tag in tags.items()
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
            return self._without_late(listed)
        if self._corp.scope.departments:
            # Where members authorise by themselves now, there is none to come.
            self._judge.check_scope()
            raise Unavailable("an empty listing where departments were")
        if any(tag.department_ids for tag in tags.values()):
            # Tags lose a removed department without a word: a run reads them again.
            raise NeedsRun("drain")
        return listed

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
        known = [each for each in self._stored if str(each.department_id) in late]
        return [each for each in listed if str(each.department_id) not in late] + known

    def _read_tags(self) -> dict[TagId, Tag]:
        """The tags that mail is about, and those that name who may be renamed."""
        old = {each.old for each in self._batch.claims}
        named = {each for each, tag in self._old_tags.items() if tag.userids & old}
        wanted = sorted(named.union(self._batch.tags) & self._corp.scope.tags)
        fresh = {each: self._read_tag(each) for each in wanted}
        contradicted = [
            tag_key(each)
            for each, tag in fresh.items()
            if tag_is_late(self._batch.latest.get(tag_key(each), ()), tag=tag)
        ]
        late = self._late.note(contradicted)
        return {each: tag for each, tag in fresh.items() if tag_key(each) not in late}

    def _read_tag(self, tag_id: TagId) -> Tag:
        try:
            known = self._old_tags.get(tag_id)
            tag = self._inquiry.read_tag(tag_id, known=known)
            if tag is None:
                # Only the scope can say whether the tag is gone from it.
                self._judge.check_scope()
                raise Unavailable("a tag of the scope did not answer", endpoint=TAG)
        except Unavailable as error:
            raise Unanswered([tag_key(tag_id)], error) from error
        return tag

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
        self._ask_namesakes()
        return spread

    def _ask_namesakes(self) -> None:
        """Ask for whom we know as the same person as a newcomer, by another userid."""
        known = active_of(self._known.of(set(self._inquiry.answers)))
        newcomers = {
            each.open_userid
            for who, each in self._inquiry.answers.items()
            if each.open_userid is not None and who not in known
        }
        if not newcomers:
            return
        with glance(self._pool) as connection:
            same = members.list_bearing(connection, self._corp.corp_pk, newcomers)
        self._inquiry.ask_members(active_of(same))

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

    def _has_shown_others(self, judged: Judged) -> bool:
        """Whether somebody answers now who was not in question before."""
        seen = {each.member.userid for each in judged.stored}
        return any(
            who not in seen and who not in judged.shown for who in self._inquiry.answers
        )

    def _conclude(self, judged: Judged, spread: Spread) -> Found:
        view, verdicts = judged.view, judged.verdicts
        stored = active_of(judged.stored)
        removed = {
            each.member.userid: each
            for each in judged.stored
            if each.state is MemberState.REMOVED and each.member.userid not in stored
        }
        deleted = deleted_of(self._batch.said, removed) & self._inquiry.refusals.keys()
        names = new_names(judged.bearers.renames)
        followed = self._follow_leaders(names, spread.reground)
        return Found(
            view=view,
            tags=tuple(
                each
                for tag_id, each in view.tags.items()
                if each != self._old_tags.get(tag_id)
            ),
            findings=replace(
                findings_of(
                    tuple(judged.shown.values()),
                    unasked(followed, self._inquiry),
                    verdicts,
                    judged.bearers.renames,
                ),
                deleted=deleted - judged.late - names.keys(),
            ),
            undecided={
                who: each
                for who, each in verdicts.items()
                if isinstance(each, Undecided)
            },
            late=judged.late,
            troubles=self._troubles(view),
            handed_on=frozenset(judged.bearers.verdicts),
        )

    def _follow_leaders(
        self, names: Mapping[Userid, Userid], reground: tuple[Member, ...]
    ) -> list[Member]:
        """Whoever is led by somebody with a new userid, besides who has new grounds."""
        following = {each.userid: each for each in reground}
        if names:
            with glance(self._pool) as connection:
                led = members.list_led_by(connection, self._corp.corp_pk, names)
            following = {each.userid: each for each in led} | following
        return [
            replace(
                each,
                direct_leaders=tuple(
                    names.get(leader, leader) for leader in each.direct_leaders
                ),
            )
            if each.direct_leaders
            else each
            for each in following.values()
        ]

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
            self._judge.check_scope_for(outside & came)
