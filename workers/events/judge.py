"""Judges a batch's answers: who is who, who is usable, who left, who is asked again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.events.event_testimony import deleted_of, person_is_late
from domain.events.fold import FoldedMail, RenameClaim
from domain.ids import Userid, member_key, split_key
from domain.org.identity import are_two, seen_as
from domain.org.org import Member, StoredMember
from domain.org.scope import usable_of
from domain.reconcile.leavers import Undecided, Verdict
from domain.reconcile.renames import (
    former_names,
    new_names,
    respelt,
    scope_after,
    tags_after,
)
from store.org.corps import Corp
from workers.answers.questions import Inquiry
from workers.events.affected import View, active_of
from workers.events.known_members import KnownMembers
from workers.events.late_answers import LateAnswers
from workers.events.tags_and_tree import SetReads
from workers.org.bearers import Bearers, find_bearers
from workers.org.leavers import Candidates, confirm_leavers


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the answers so far come to."""

    view: View
    bearers: Bearers
    shown: Mapping[Userid, Member]
    verdicts: Mapping[Userid, Verdict]
    late: frozenset[Userid]
    stored: tuple[StoredMember, ...]

    @property
    def known(self) -> Mapping[Userid, StoredMember]:
        """The active ones, by the userids that they have now and had before."""
        return {**active_of(self.stored), **self.bearers.stored}


class Judge:
    """What is to be thought of the people of one batch, as far as they were asked."""

    def __init__(
        self,
        corp: Corp,
        batch: FoldedMail,
        inquiry: Inquiry,
        late: LateAnswers,
        known: KnownMembers,
        *,
        sets: SetReads,
    ) -> None:
        self._sets = sets
        self._corp = corp
        self._batch = batch
        self._inquiry = inquiry
        self._late = late
        self._known = known

    def judge(self, view: View) -> Judged:
        """Who is who, and then who is usable, who left, and who is asked again."""
        late = self._late_people(view)
        stored = self._stored()
        bearers = find_bearers(
            self._inquiry,
            answers={
                who: each
                for who, each in self._inquiry.answers.items()
                if who not in late
            },
            stored=[each for each in stored if each.member.userid not in late],
            holders=active_of(stored),
            claims=self._claims(active_of(stored)),
            said=self._batch.said,
            late={w: e for w, e in self._inquiry.answers.items() if w in late},
        )
        late |= self._claimed_in_vain(bearers, late)
        view = self._named_anew(view, new_names(bearers.renames))
        unsure = {
            who for who, each in bearers.verdicts.items() if isinstance(each, Undecided)
        }
        answers = self._inquiry.grounded(view.usable)
        shown = {
            who: each
            for who, each in answers.items()
            if each.grounds and who not in late | unsure
        }
        return Judged(
            view=view,
            bearers=bearers,
            shown=shown,
            verdicts={
                **self._verdicts(view, bearers, shown, late),
                **bearers.verdicts,
            },
            late=late,
            stored=tuple(stored),
        )

    def _late_people(self, view: View) -> frozenset[Userid]:
        """People about whom answers contradict the mail, and are waited for."""
        answers, batch = self._inquiry.grounded(view.usable), self._batch
        stored = self._stored()
        aliases = frozenset[Userid]().union(*(each.aliases for each in stored))
        active = active_of(stored)
        contradicted = [
            key
            for key, latest in batch.latest.items()
            if split_key(key)[0] == "member"
            and person_is_late(
                latest,
                said=batch.said[latest[0].userid],
                answers=answers,
                sight=replace(view.sight, hidden=self._inquiry.hidden),
                claims=self._claims(active),
                is_former=latest[0].userid in aliases,
                is_known=latest[0].userid in active,
            )
        ]
        late = {Userid(split_key(each)[1]) for each in self._late.note(contradicted)}
        late |= {each.new for each in batch.claims if each.old in late}
        return frozenset(late)

    def _claimed_in_vain(
        self, bearers: Bearers, late: frozenset[Userid]
    ) -> frozenset[Userid]:
        """People whose new userid does not answer yet: they may not be gone."""
        waiting = [
            member_key(each.old)
            for each in self._batch.claims
            if each.old in bearers.stored.keys() & self._inquiry.refusals.keys() - late
            and (
                each.new not in self._inquiry.answers.keys() | self._inquiry.hidden
                or each.new in late
            )
            and not _is_of_another(each, bearers.stored[each.old])
        ]
        return frozenset(
            Userid(split_key(each)[1]) for each in self._late.note(waiting)
        )

    def _named_anew(self, view: View, names: Mapping[Userid, Userid]) -> View:
        """The view, with nobody named by a userid that they bear no more."""
        if not names:
            return view
        tags = tags_after(view.tags, names)
        usable = usable_of(
            scope=scope_after(self._corp.scope, names), tags=tags, tree=view.tree
        )
        return replace(view, tags=tags, usable=usable)

    def _claims(self, active: Mapping[Userid, StoredMember]) -> tuple[RenameClaim, ...]:
        """What events claim, and whom WeCom spells differently."""
        spelt, answers = self._inquiry.spelt, self._inquiry.answers
        return (*self._batch.claims, *respelt(spelt, active, answers))

    def _stored(self) -> list[StoredMember]:
        return self._known.of({*self._inquiry.answers, *self._inquiry.refusals})

    def _verdicts(
        self,
        view: View,
        bearers: Bearers,
        shown: Mapping[Userid, Member],
        late: frozenset[Userid],
    ) -> Mapping[Userid, Verdict]:
        """What is to be thought of active members who are not shown as usable."""
        refused = self._inquiry.refusals.keys()
        asked = self._inquiry.answers.keys() | refused
        stored = {
            who: each
            for who, each in bearers.stored.items()
            # A list may show whom user/get refuses: that is for the verdict to say.
            if who in (asked - shown.keys() | refused) - late
        }
        if not stored:
            return {}
        self._sets.check_scope_for(stored)
        names = new_names(bearers.renames)
        batch = self._late.still_said(stored.keys() & refused)
        candidates = Candidates(
            stored=stored,
            deleted=deleted_of(batch.said, stored),
            unsubscribed=_as_named(batch.unsubscribed, names),
            placeless=_as_named(batch.placeless, names),
            statuses={
                names.get(who, who): each for who, each in batch.statuses.items()
            },
            permissions=self._corp.permissions,
            agreed=self._sets.agreed(stored.keys() - refused),
            seen=seen_as(self._inquiry.answers.values()),
            former=former_names(bearers.renames),
        )
        return confirm_leavers(
            self._inquiry, candidates, usable=view.usable, tree=view.tree
        )


def _is_of_another(claim: RenameClaim, stored: StoredMember) -> bool:
    """Whether a claim tells of another bearer of the userid than the one we know."""
    return are_two(claim.open_userid, stored.member.open_userid)


def _as_named(
    userids: frozenset[Userid], names: Mapping[Userid, Userid]
) -> frozenset[Userid]:
    return frozenset(names.get(each, each) for each in userids)
