"""When an absence is confirmed: two different answers, or nobody is removed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from domain.decisions import Fields, Json
from domain.ids import DepartmentId, Userid
from domain.org.org import Activation, Employment, Member, RemovalCause, employment_of
from domain.org.scope import AuthMode, Usable
from domain.org.tree import Tree
from domain.reasons import Doubt, Finding, Reason
from domain.reconcile.testimony import Right

# WeCom 5.2: unknown userid, no right to see it (three codes), invalid userid, absent.
REFUSALS = frozenset({60111, 60011, 60021, 40003, 46004})

# Those of them with which WeCom says that we have no right to see the person.
NO_RIGHT = frozenset({60011, 60021})

# Absences that rest on sets alone, while the person answers.
BY_SETS = frozenset({Doubt.ONE_READ, Doubt.UNEXPLAINED})

# What enumerates everybody in auth_mode 1: user/list_member_auth.
MEMBER_AUTH = "member_auth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A confirmed leaving: how a return will be treated, and why it was confirmed.

    Shape: `evidence` is what WeCom answered, for the journal.
    """

    cause: RemovalCause
    reason: Reason
    evidence: Fields = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftInPlace:
    """Disabled or quit, and unreadable for that: MarkLeft with this activation."""

    activation: Activation


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """Not confirmed: the member stays as they are; `finding` says what is wrong."""

    doubt: Doubt
    finding: Finding = field(default=Finding.CUT_OFF_READ, compare=False)
    evidence: Fields = field(default_factory=dict, compare=False)


Verdict = Removal | LeftInPlace | Undecided


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Who a listing shows; incomplete when it failed, was cut or could not be asked.

    Shape: `refused` when WeCom says that we may not have it.
    """

    complete: bool
    userids: frozenset[Userid] = frozenset()
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceEvidence:
    """What one drain or run found out about one person who may have left.

    Shape: `refusal` is the errcode of user/get, None when it answered; `covered` is
        covered_as_shown when it answered, else covered_as_stored, None when that is
        not known; `missing` is missing_everywhere, `withdrawn` that the list that is
        the scope in auth_mode 1 lacks them; `employment` is the stored one;
        `status` what the newest unprocessed event says of their activation; `taken_out`
        is taken_out; `lists` are the complete listings that lack them, `refused_lists`
        those that WeCom refused. Of somebody who answers and whom the sets do not
        cover: `right` explains why they answer, `agreed` says that an earlier read of
        the sets, long enough ago, lacked them too.
    """

    refusal: int | None
    scope_read: bool
    control_answered: bool
    deleted: bool = False
    unsubscribed: bool = False
    taken_out: bool = False
    missing: bool = False
    withdrawn: bool = False
    covered: bool | None = None
    employment: Employment = Employment.WORKING
    status: Activation | None = None
    lists: tuple[str, ...] = ()
    refused_lists: tuple[str, ...] = ()
    right: Right | None = None
    agreed: bool = False


def confirm(evidence: AbsenceEvidence) -> Verdict:
    """Whether this person left, for which cause; never on fewer than two answers.

    Shape: what a removal or a doubt rests on goes with it.
    """
    verdict = _verdict(evidence)
    if isinstance(verdict, LeftInPlace):
        return verdict
    if isinstance(verdict, Undecided):
        finding = _finding(verdict.doubt, evidence)
        return replace(verdict, finding=finding, evidence=evidence_fields(evidence))
    return replace(verdict, evidence=evidence_fields(evidence))


def evidence_fields(evidence: AbsenceEvidence) -> dict[str, Json]:
    """The evidence as the journal keeps it: answers of WeCom, nothing personal."""
    scope = {True: "covers", False: "leaves_out", None: "unknown"}[evidence.covered]
    return {
        "user_get": "answered" if evidence.refusal is None else evidence.refusal,
        "scope": scope if evidence.scope_read else "unread",
        "control": "answered" if evidence.control_answered else "silent",
        "event": _event(evidence),
        "missing_from": [*evidence.lists],
        "refused_lists": [*evidence.refused_lists],
        "readable_by": evidence.right,
    }


def _event(evidence: AbsenceEvidence) -> str | None:
    if evidence.deleted:
        return "deleted"
    return "unsubscribed" if evidence.unsubscribed else None


def _finding(doubt: Doubt, evidence: AbsenceEvidence) -> Finding:
    """What keeps an absence open: may we not see, or did we not see all?"""
    if doubt in {*BY_SETS, Doubt.ANSWERED, Doubt.SCOPE_UNREAD}:
        return Finding.CUT_OFF_READ
    if evidence.refusal in NO_RIGHT or evidence.refused_lists:
        return Finding.LOST_PERMISSION
    return Finding.CUT_OFF_READ


def _verdict(evidence: AbsenceEvidence) -> Verdict:
    doubt = _doubt(evidence)
    if doubt is not None:
        return Undecided(doubt=doubt)
    if evidence.refusal is None:
        # Two reads agree that nothing lets them use the app, and why they answer.
        return Removal(cause=RemovalCause.SCOPE, reason=Reason.NOT_USABLE)
    if evidence.deleted:
        return Removal(cause=RemovalCause.DELETION, reason=Reason.DELETED_BY_EVENT)
    if evidence.covered is False:
        return Removal(cause=RemovalCause.SCOPE, reason=Reason.OUT_OF_SCOPE)
    moved_out = evidence.unsubscribed and evidence.taken_out
    still_in = not moved_out and not evidence.withdrawn
    if evidence.status and _is_left(evidence.status) and still_in:
        return LeftInPlace(activation=evidence.status)
    return _missing_or_unsubscribed(evidence)


def missing_everywhere(
    member: Member,
    *,
    listings: Mapping[str, Listing],
    usable: Usable,
    former: Collection[Userid] = (),
) -> bool:
    """Whether complete listings of everywhere we last had them hold them no more.

    Everywhere is each of their departments that may be asked, or each tag that granted
    them; in auth_mode 1 it is `member_auth`. A listing that shows them settles it.

    Shape: listings by ground: `department:<id>` of the department itself, `tag:<id>`;
        `former` are userids that they bore until now: a list may be older than that.
    """
    if any(_names(each, member, former) for each in listings.values()):
        return False
    if usable.auth_mode == AuthMode.MEMBER:
        return _all_complete({MEMBER_AUTH}, listings)
    tags = {each for each in member.grounds if each.startswith("tag:")}
    places = {
        listing_of(each) for each in member.department_ids if each in usable.departments
    }
    return _all_complete(places, listings) or _all_complete(tags, listings)


def lists_lacking(
    member: Member,
    *,
    listings: Mapping[str, Listing],
    former: Collection[Userid] = (),
) -> tuple[str, ...]:
    """The complete listings of where we last had them that do not hold them."""
    return tuple(
        name
        for name in _places(member)
        if name in listings
        and listings[name].complete
        and not _names(listings[name], member, former)
    )


def lists_refused(
    member: Member, *, listings: Mapping[str, Listing]
) -> tuple[str, ...]:
    """The listings of where we last had them that WeCom refused to us."""
    return tuple(
        name for name in _places(member) if name in listings and listings[name].refused
    )


def _names(listing: Listing, member: Member, former: Collection[Userid]) -> bool:
    """Whether a listing shows them; that of the authorised may name open_userids."""
    names: frozenset[str] = listing.userids
    known: set[str] = {member.userid, *former}
    if member.open_userid is not None:
        known.add(member.open_userid)
    return not known.isdisjoint(names)


def _places(member: Member) -> list[str]:
    tags = sorted(each for each in member.grounds if each.startswith("tag:"))
    return [*map(listing_of, member.department_ids), *tags, MEMBER_AUTH]


def covered_as_stored(member: Member, *, usable: Usable) -> bool:
    """Whether the scope just read covers a person who cannot be read any more."""
    return bool(usable.grounds_of(member.userid, member.department_ids))


def covered_as_shown(member: Member, *, usable: Usable, tree: Tree) -> bool | None:
    """Whether the scope covers a person as WeCom answers; None while that is open.

    A department that the tree does not hold may be a new one below a root: its
    people are no outsiders before the departments were read again.
    """
    if usable.grounds_of(member.userid, member.department_ids):
        return True
    known = all(each in tree for each in member.department_ids)
    return False if known else None


def taken_out(member: Member, *, placeless: Collection[Userid]) -> bool:
    """Whether events took a person out of every department.

    Of whom no department was ever shown, none being named says nothing.

    Shape: `placeless` of whom the newest word on departments is that there is none.
    """
    return member.userid in placeless and bool(member.placements)


def listing_of(department_id: DepartmentId) -> str:
    """The name of a department's user/list among listings."""
    return f"department:{department_id}"


def _all_complete(names: Iterable[str], listings: Mapping[str, Listing]) -> bool:
    """Whether there is at least one name and a complete listing for each."""
    complete = [name in listings and listings[name].complete for name in names]
    return bool(complete) and all(complete)


def _doubt(evidence: AbsenceEvidence) -> Doubt | None:
    """What keeps the first answer from counting, if anything."""
    if evidence.refusal is None:
        if evidence.covered is not False:
            return Doubt.ANSWERED
        if evidence.right is None:
            return Doubt.UNEXPLAINED
    elif evidence.refusal not in REFUSALS:
        return Doubt.NOT_AN_ANSWER
    if not evidence.scope_read:
        return Doubt.SCOPE_UNREAD
    if not evidence.control_answered:
        return Doubt.NO_CONTROL
    return Doubt.ONE_READ if evidence.refusal is None and not evidence.agreed else None


def _missing_or_unsubscribed(evidence: AbsenceEvidence) -> Verdict:
    if evidence.unsubscribed and not _explained(evidence):
        return Removal(cause=RemovalCause.SCOPE, reason=Reason.UNSUBSCRIBED)
    if evidence.missing and evidence.refusal in NO_RIGHT:
        # There is such a person, whom we may not see: nobody else has the userid.
        return Removal(cause=RemovalCause.SCOPE, reason=Reason.OUT_OF_SCOPE)
    if evidence.missing:
        return Removal(cause=RemovalCause.DELETION, reason=Reason.CONFIRMED_BY_LISTING)
    return Undecided(doubt=Doubt.ONE_ANSWER)


def _explained(evidence: AbsenceEvidence) -> bool:
    """Whether the unsubscribing only repeats that the person was disabled or quit.

    Disabling takes nobody out of their departments.
    """
    return evidence.employment is Employment.LEFT and not evidence.taken_out


def _is_left(activation: Activation) -> bool:
    return employment_of(activation) is Employment.LEFT
