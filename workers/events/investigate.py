"""Finds out what a batch of contact mail means: who is there, who moved, who left."""

from collections.abc import Iterable, Mapping

from domain.fold import SUBSCRIBE, FoldedMail
from domain.ids import (
    DepartmentId,
    Key,
    Userid,
    department_key,
    member_key,
    split_key,
)
from domain.leavers import LeftInPlace, Removal, Undecided, Verdict
from domain.org import Member, StoredMember
from domain.renames import Absentee, Rename, match_renames, respelt
from domain.scope import AuthMode
from store.database import Pool, glance
from store.org import absences, members
from store.org.corps import Corp
from wecom.errors import OddAnswer, Unavailable
from workers.events.affected import Spread, View, active_of, spread_of
from workers.events.found import Found, NeedsRun, Unanswered
from workers.events.known_members import KnownMembers
from workers.events.sets import SetReads, is_by_sets
from workers.org.apply import Findings
from workers.org.leavers import Candidates, confirm_leavers
from workers.org.listed import TREE
from workers.org.questions import Inquiry, list_key, worth_listing

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
        self._sets = SetReads(pool, corp, batch, inquiry)
        self._known = KnownMembers(pool, corp.corp_pk)

    def run(self) -> Found:
        sets = self._sets
        sets.read_said()
        spread = self._ask(sets.view)
        strangers = self._of_new_departments(sets.view)
        if sets.view.listed is None and strangers:
            sets.read_tree(sets.keys_of(strangers))
            spread = self._ask(sets.view)
        if sets.read_behind(self._lost(sets.view)):
            spread = self._ask(sets.view)
        return self._conclude(spread)

    def _lost(self, view: View) -> list[StoredMember]:
        """Active members who answer and whom nothing lets use the app any more."""
        if self._corp.scope.auth_mode == AuthMode.MEMBER:
            return []
        active = active_of(self._stored_of_all_asked())
        return [
            active[who]
            for who, each in self._inquiry.answers.items()
            if who in active and not view.usable.grounds_of(who, each.department_ids)
        ]

    def _ask(self, view: View) -> Spread:
        spread = self._spread(view)
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
        self._inquiry.list_members(dict.fromkeys([*sorted(spread.list_whole), *worth]))
        self._check_listed(spread.list_whole)
        self._inquiry.ask_members(asked)
        return spread

    def _spread(self, view: View) -> Spread:
        with glance(self._pool) as connection:
            return spread_of(
                connection, self._corp.corp_pk, before=self._sets.before, after=view
            )

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

    def _conclude(self, spread: Spread) -> Found:
        sets = self._sets
        self._check_subscribers(sets.view)
        verdicts, active = self._judged()
        fresh = self._usable(sets.view)
        if doubted := sets.doubted(verdicts, active):
            sets.forget(doubted)
            spread = self._spread(sets.view)
        shown = self._usable(sets.view)
        # Whom a set that is not followed would have taken away stays as they are.
        verdicts = {
            who: each
            for who, each in verdicts.items()
            if not (doubted and who in shown and who not in self._inquiry.refusals)
            or is_by_sets(each)
        }
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
                *respelt(
                    self._inquiry.spelt,
                    active,
                    self._inquiry.grounded(sets.view.usable),
                ),
            ),
        )
        former = {userid for each in renames for userid in each.path[:-1]}
        decided = {who: each for who, each in verdicts.items() if who not in former}
        return self._found(
            _findings(
                tuple(shown.values()),
                _unasked(spread.reground, self._inquiry),
                decided,
                renames,
            ),
            former=frozenset(former),
            decided=decided,
            doubted=doubted,
            postponed=frozenset(fresh.keys() - shown.keys()),
        )

    def _found(
        self,
        findings: Findings,
        *,
        former: frozenset[Userid],
        decided: Mapping[Userid, Verdict],
        doubted: frozenset[str],
        postponed: frozenset[Userid],
    ) -> Found:
        sets, stored = self._sets, self._stored_of_all_asked()
        return Found(
            view=sets.view,
            read_tags=sets.read,
            answers=self._inquiry.grounded(sets.view.usable),
            findings=findings,
            former=former.union(*(each.aliases for each in stored)),
            undecided={
                who: each
                for who, each in decided.items()
                if isinstance(each, Undecided)
            },
            doubted=doubted,
            postponed=postponed | self._unplaced(sets.view),
            tear=sets.tear,
            troubles=self._troubles(sets.view),
        )

    def _judged(self) -> tuple[Mapping[Userid, Verdict], dict[Userid, StoredMember]]:
        """What is to be thought of whom, and the active ones among all asked."""
        view = self._sets.view
        verdicts = self._verdicts(view, active_of(self._stored_of_all_asked()))
        # Confirming may have listed departments, which showed more people.
        return verdicts, active_of(self._stored_of_all_asked())

    def _usable(self, view: View) -> dict[Userid, Member]:
        """Who answered and may use the app."""
        answers = self._inquiry.grounded(view.usable)
        return {who: each for who, each in answers.items() if each.grounds}

    def _unplaced(self, view: View) -> frozenset[Userid]:
        """Who answers from a department that no listing has shown."""
        return frozenset(self._of_new_departments(view))

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
            self._sets.check_scope_for(outside & came)

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
            permissions=self._corp.permissions,
            agreed=self._agreed(frozenset(answers) - shown),
        )
        if not candidates.stored:
            return {}
        self._sets.check_scope_for(candidates.stored)
        return confirm_leavers(
            self._inquiry, candidates, usable=view.usable, tree=view.tree
        )

    def _agreed(self, userids: frozenset[Userid]) -> frozenset[Userid]:
        """Those of these whom an earlier read of the sets had lost as well."""
        if not userids:
            return frozenset()
        with glance(self._pool) as connection:
            return absences.list_agreed(connection, self._corp.corp_pk, userids)


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
