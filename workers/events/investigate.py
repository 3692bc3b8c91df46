"""Finds out what a batch of contact mail means: who is there, who moved, who left."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from domain.events.event_testimony import deleted_of
from domain.events.fold import CREATE_PARTY, SUBSCRIBE, FoldedMail
from domain.ids import (
    DepartmentId,
    Key,
    Userid,
    department_key,
    member_key,
    split_key,
)
from domain.org.org import Member, MemberState, StoredMember
from domain.org.scope import AuthMode
from domain.reconcile.leavers import Undecided, listing_of
from domain.reconcile.listed_rows import brings_back, says_otherwise
from domain.reconcile.renames import new_names
from store.database import Pool, glance
from store.org import members
from store.org.corps import Corp
from wecom.errors import OddAnswer, Unavailable
from workers.answers.listed import TREE
from workers.answers.questions import Inquiry, list_key
from workers.answers.worth_listing import worth_listing
from workers.events.affected import NOBODY, Spread, View, active_of, spread_of
from workers.events.found import (
    Found,
    NeedsRun,
    Unanswered,
    findings_of,
    unasked,
)
from workers.events.judge import Judge, Judged
from workers.events.known_org import KnownOrg
from workers.events.late_answers import LateAnswers
from workers.events.tags_and_tree import SetReads, is_by_sets

# A drain that would ask more than a third of the corp, or this many, reads it whole.
MOST_QUESTIONS = 500
_SMALL_BATCH = 20


def investigate(
    pool: Pool,
    corp: Corp,
    batch: FoldedMail,
    *,
    inquiry: Inquiry,
    late: LateAnswers,
    known: KnownOrg,
) -> Found:
    """Ask WeCom as little as possible about the keys of a batch.

    Raises: NeedsRun when a full read is the better question; Unanswered when some keys
        have to wait; errors of WeCom that are the corp's.
    """
    return _Investigation(pool, corp, batch, inquiry, late, known).run()


class _Investigation:
    def __init__(
        self,
        pool: Pool,
        corp: Corp,
        batch: FoldedMail,
        inquiry: Inquiry,
        late: LateAnswers,
        known: KnownOrg,
    ) -> None:
        self._late = late
        self._pool = pool
        self._corp = corp
        self._batch = batch
        self._inquiry = inquiry
        self._sets = SetReads(pool, corp, batch, inquiry, late, known)
        self._known = known.members
        self._bystanders = frozenset[Userid]()
        self._came = frozenset[DepartmentId]()
        self._judge = Judge(corp, batch, inquiry, late, self._known, sets=self._sets)

    def run(self) -> Found:
        sets = self._sets
        sets.read_said()
        spread = self._ask(sets.view)
        unplaced = [*self._of_new_departments(sets.view), *self._left_behind()]
        if sets.view.listed is None and unplaced:
            sets.read_tree(sets.keys_of(unplaced))
            spread = self._ask(sets.view)
        if sets.read_behind(self._lost(sets.view)):
            spread = self._ask(sets.view)
        self._check_subscribers(sets.view)
        judged = self._judge.judge(sets.view)
        if self._has_shown_others(judged):
            # Confirming has listed departments, and with them people in question.
            judged = self._judge.judge(sets.view)
        doubted = sets.doubted(judged.verdicts, judged.known)
        if not doubted:
            return self._conclude(judged, spread)
        sets.forget(doubted)
        restored = self._without(judged)
        return replace(
            self._conclude(restored, self._spread(sets.view)),
            doubted=doubted,
            postponed=frozenset(judged.shown.keys() - restored.shown.keys())
            | self._unplaced(sets.view),
        )

    def _without(self, judged: Judged) -> Judged:
        """What it comes to while sets are not followed that would take people away."""
        restored = self._judge.judge(self._sets.view)
        by_sets = {who: e for who, e in judged.verdicts.items() if is_by_sets(e)}
        return replace(restored, verdicts={**restored.verdicts, **by_sets})

    def _lost(self, view: View) -> list[StoredMember]:
        """Active members who answer and whom nothing lets use the app any more."""
        if self._corp.scope.auth_mode == AuthMode.MEMBER:
            return []
        active = active_of(self._known.of(set(self._inquiry.answers)))
        return [
            active[who]
            for who, each in self._inquiry.answers.items()
            if who in active and not view.usable.grounds_of(who, each.department_ids)
        ]

    def _ask(self, view: View) -> Spread:
        spread = self._spread(view)
        self._came |= spread.list_whole
        asked = frozenset(self._batch.members) | spread.ask | self._sets.once_lost
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
        self._inquiry.list_members(
            dict.fromkeys([*sorted(spread.list_whole | self._relisted), *worth])
        )
        self._check_listed(spread.list_whole | self._relisted)
        self._inquiry.ask_members(asked)
        self._ask_bystanders(asked, came=spread.list_whole | self._relisted)
        self._ask_namesakes()
        return spread

    def _ask_bystanders(
        self, asked: frozenset[Userid], *, came: frozenset[DepartmentId]
    ) -> None:
        """Ask for others of whom a list says something new, and nothing else does.

        Shape: `came` are departments that came into the scope, with their people.
        """
        others = self._inquiry.answers.keys() - asked - self._bystanders
        if not others:
            return
        answers = self._inquiry.answers
        active = active_of(stored := self._known.of(others))
        doubted = {
            who for who in others & active.keys()
            if says_otherwise(active[who].member, answers[who])
        }  # fmt: skip
        doubted |= {
            who
            for each in stored
            if (who := each.member.userid) in others - active.keys()
            and brings_back(
                each, widened=not came.isdisjoint(answers[who].department_ids)
            )
        }
        self._bystanders |= doubted
        self._inquiry.ask_instead(sorted(doubted))

    def _spread(self, view: View) -> Spread:
        if view is self._sets.before:
            return NOBODY
        with glance(self._pool) as connection:
            return spread_of(
                connection, self._corp.corp_pk, before=self._sets.before, after=view
            )

    def _unplaced(self, view: View) -> frozenset[Userid]:
        """Who answers from a department that no listing has shown."""
        return frozenset(self._of_new_departments(view))

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
                raise Unanswered(self._sets.tree_keys, error)

    def _of_new_departments(self, view: View) -> list[Userid]:
        """Who is in a department that we do not know yet."""
        if self._corp.scope.auth_mode == AuthMode.MEMBER:
            return []
        return [
            userid
            for userid, member in self._inquiry.answers.items()
            if any(each not in view.tree for each in member.department_ids)
        ]

    def _left_behind(self) -> list[Userid]:
        """Who may be the last in a department that the last listing lacked."""
        unlisted = self._sets.unlisted
        if not unlisted:
            return []
        known = active_of(self._known.of(self._batch.members))
        return [
            userid
            for userid, each in known.items()
            if not unlisted.isdisjoint(each.member.department_ids)
        ]

    @property
    def _relisted(self) -> frozenset[DepartmentId]:
        """Departments whose people are asked for by mail of our own."""
        return self._batch.relisted & self._sets.view.usable.departments

    def _hollow(self, view: View) -> frozenset[DepartmentId]:
        """Departments that came into the scope while their list showed nobody.

        One that was just made is empty; in any other there may be people of whom
        nothing else tells.
        """
        made = {
            each
            for each in self._batch.departments
            if self._batch.newest[department_key(each)].change == CREATE_PARTY
        }
        return frozenset(
            each
            for each in self._came - made
            if each in view.usable.departments
            and not self._inquiry.listings[listing_of(each)].userids
        )

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
                if each != self._sets.old_tags.get(tag_id)
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
            postponed=self._unplaced(view),
            tear=self._sets.tear,
            look_again=self._sets.moved_back | self._hollow(view),
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
        # Whoever is to get the userid of somebody who waits can only wait as well.
        further = troubles
        while further:
            further = {
                member_key(each.old): troubles[member_key(each.new)]
                for each in self._batch.claims
                if member_key(each.new) in troubles
                and member_key(each.old) not in troubles
            }
            troubles |= further
        if self._sets.unnamed is not None:
            listed = {each.department_id for each in view.listed or ()}
            error = OddAnswer(self._sets.unnamed, endpoint=TREE)
            for department_id in self._batch.departments:
                if department_id not in listed:
                    troubles[department_key(department_id)] = error
        return troubles

    def _check_subscribers(self, view: View) -> None:
        """Whoever came into a scope that is not the one we know tells of a new one.

        Raises: NeedsRun.
        """
        came = {
            newest.userid
            for newest in self._batch.newest.values()
            if newest.kind == SUBSCRIBE
        }
        answers = self._inquiry.answers
        outside = {
            userid
            for userid in came & answers.keys()
            if not view.usable.grounds_of(userid, answers[userid].department_ids)
        }
        if outside:
            self._sets.check_scope_for(outside)
