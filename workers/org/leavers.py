"""Gathers the second answer about people who may have left."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.decisions import Json
from domain.ids import OpenUserid, TagId, Userid, member_key
from domain.org.identity import ANOTHER_USERID
from domain.org.org import Activation, Member, StoredMember
from domain.org.scope import AuthMode, Usable, tag_ground
from domain.org.tree import Tree
from domain.reasons import Doubt
from domain.reconcile.leavers import (
    AbsenceEvidence,
    LeftInPlace,
    Undecided,
    Verdict,
    confirm,
    covered_as_shown,
    covered_as_stored,
    lists_lacking,
    lists_refused,
    missing_everywhere,
    taken_out,
)
from domain.reconcile.testimony import Right, Rights
from workers.answers.key_troubles import undecided
from workers.answers.questions import Inquiry

TAG_GROUND = "tag:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Active members who are not shown as usable, and what events say of them.

    Shape: `agreed` were lost by an earlier read of the sets as well; `permissions` are
        the app's, which may explain why WeCom answers about them; `seen` is under
        which userids WeCom shows people: whoever it shows under another is not
        gone; `former` are the userids that they bore until now.
    """

    stored: Mapping[Userid, StoredMember]
    deleted: frozenset[Userid] = frozenset()
    unsubscribed: frozenset[Userid] = frozenset()
    placeless: frozenset[Userid] = frozenset()
    statuses: Mapping[Userid, Activation] = field(default_factory=dict)
    permissions: frozenset[str] = frozenset()
    agreed: frozenset[Userid] = frozenset()
    former: Mapping[Userid, frozenset[Userid]] = field(default_factory=dict)
    seen: Mapping[OpenUserid, frozenset[Userid]] = field(default_factory=dict)


def confirm_leavers(
    inquiry: Inquiry, candidates: Candidates, *, usable: Usable, tree: Tree
) -> dict[Userid, Verdict]:
    """A verdict for each candidate; every further question is asked here.

    Shape: user/get must have been asked for each, and the scope read.
    """
    if not inquiry.control_answered:
        _ask_control(inquiry, usable)
    judge = _Judge(inquiry, candidates, usable=usable, tree=tree)
    verdicts = {each: judge.verdict(each) for each in candidates.stored}
    unsure = [who for who, each in verdicts.items() if _lacks_answer(each, usable)]
    if unsure:
        _list_places(inquiry, [candidates.stored[who] for who in unsure], usable)
        verdicts |= {each: judge.verdict(each) for each in unsure}
    return verdicts


class _Judge:
    def __init__(
        self, inquiry: Inquiry, candidates: Candidates, *, usable: Usable, tree: Tree
    ) -> None:
        self._inquiry = inquiry
        self._candidates = candidates
        self._usable = usable
        self._tree = tree
        self._rights: Rights | None = None

    def verdict(self, userid: Userid) -> Verdict:
        """What the evidence so far says about one person."""
        error = self._inquiry.troubles.of.get(member_key(userid))
        if error is not None:
            # Neither a refusal nor an answer: nothing was said of this person.
            return undecided(error)
        about = self._candidates
        stored = about.stored[userid]
        listings = self._inquiry.listings
        former = about.former.get(userid, frozenset())
        if self._is_seen_elsewhere(stored.member, former):
            evidence: dict[str, Json] = {"user_get": ANOTHER_USERID, "event": None}
            return Undecided(doubt=Doubt.ANSWERED, evidence=evidence)
        missing = missing_everywhere(
            stored.member, listings=listings, usable=self._usable, former=former
        )
        covered = self._covered(stored)
        return confirm(
            AbsenceEvidence(
                refusal=self._inquiry.refusals.get(userid),
                scope_read=self._inquiry.scope_read,
                control_answered=self._inquiry.control_answered,
                deleted=userid in about.deleted,
                unsubscribed=userid in about.unsubscribed,
                taken_out=taken_out(stored.member, placeless=about.placeless),
                missing=missing,
                withdrawn=missing and self._usable.auth_mode == AuthMode.MEMBER,
                covered=covered,
                employment=stored.member.employment,
                status=about.statuses.get(userid),
                lists=lists_lacking(stored.member, listings=listings, former=former),
                refused_lists=lists_refused(stored.member, listings=listings),
                right=self._right(userid) if covered is False else None,
                agreed=userid in about.agreed,
            )
        )

    def _is_seen_elsewhere(self, member: Member, former: frozenset[Userid]) -> bool:
        """Whether WeCom shows the person under a userid that is not theirs here yet."""
        if member.open_userid is None:
            return False
        names = self._candidates.seen.get(member.open_userid, frozenset())
        return bool(names - {member.userid} - former)

    def _right(self, userid: Userid) -> Right | None:
        """Why WeCom answers about somebody who may not use the app."""
        shown = self._inquiry.answers.get(userid)
        if shown is None:
            return None
        if self._rights is None:
            self._rights = _rights(self._inquiry, self._candidates.permissions)
        return self._rights.explain(shown, tree=self._tree)

    def _covered(self, stored: StoredMember) -> bool | None:
        shown = self._inquiry.answers.get(stored.member.userid)
        if shown is None:
            return covered_as_stored(stored.member, usable=self._usable)
        return covered_as_shown(shown, usable=self._usable, tree=self._tree)


def _rights(inquiry: Inquiry, permissions: frozenset[str]) -> Rights:
    """What the app may read beyond its users; tags of the extra range are asked for."""
    scope = inquiry.scope()
    read = {each: inquiry.try_tag(each) for each in sorted(scope.extra_tags)}
    return Rights(
        scope=scope,
        permissions=permissions,
        extra_tags={each: tag for each, tag in read.items() if tag is not None},
    )


def _lacks_answer(verdict: Verdict, usable: Usable) -> bool:
    if isinstance(verdict, LeftInPlace):
        # Disabled or not: where members authorise, the list of them is the scope.
        return usable.auth_mode == AuthMode.MEMBER
    return isinstance(verdict, Undecided) and verdict.doubt is Doubt.ONE_ANSWER


def _list_places(
    inquiry: Inquiry, people: Sequence[StoredMember], usable: Usable
) -> None:
    """Ask for everybody wherever these people were last seen, or were granted."""
    if usable.auth_mode == AuthMode.MEMBER:
        inquiry.list_authorised()
        return
    places = {
        department_id
        for stored in people
        for department_id in stored.member.department_ids
        if department_id in usable.departments
    }
    inquiry.list_members(sorted(places))
    # Lists that came back empty are asked once more before they count.
    inquiry.list_members(sorted(places))
    for tag_id in sorted(_tags_of(people)):
        if tag_ground(tag_id) not in inquiry.listings:
            inquiry.try_tag(tag_id)


def _tags_of(people: Iterable[StoredMember]) -> frozenset[TagId]:
    return frozenset(
        TagId(int(ground.removeprefix(TAG_GROUND)))
        for stored in people
        for ground in stored.member.grounds
        if ground.startswith(TAG_GROUND)
    )


def _ask_control(inquiry: Inquiry, usable: Usable) -> None:
    """Ask about something still in scope, to know that WeCom answers us at all."""
    if usable.auth_mode == AuthMode.MEMBER:
        inquiry.list_authorised()
    elif usable.departments:
        inquiry.list_departments()
    others = sorted(set(usable.by_member) - set(inquiry.refusals))
    if not inquiry.control_answered and others:
        inquiry.ask_members(others[:1])
