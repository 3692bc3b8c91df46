"""Finds out who bears which userid now: renamed, handed on, or still the same."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from domain.decisions import Json
from domain.event_testimony import deleted_of, names_bearer, was_replaced
from domain.fold import Mail, RenameClaim
from domain.identity import ANOTHER_PERSON, are_one, is_handed_on
from domain.ids import Userid
from domain.leavers import Removal, Undecided, Verdict
from domain.org import Member, MemberState, RemovalCause, StoredMember
from domain.reasons import Doubt, Reason
from domain.renames import Absentee, Rename, match_renames
from workers.answers.questions import Inquiry


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearers:
    """Who turned out to be whom.

    Shape: `verdicts` are about members whose userid somebody else bears, and who
        answer under no other; `stored` the active members as they are called now,
        without these.
    """

    renames: tuple[Rename, ...]
    verdicts: Mapping[Userid, Verdict]
    stored: Mapping[Userid, StoredMember]


def find_bearers(
    inquiry: Inquiry,
    *,
    answers: Mapping[Userid, Member],
    stored: Sequence[StoredMember],
    holders: Mapping[Userid, StoredMember],
    claims: Sequence[RenameClaim],
    said: Mapping[Userid, Sequence[Mail]],
) -> Bearers:
    """Whose userid is whose, before it is asked why anybody may use the app.

    Shape: `answers` that count, usable or not; `stored` are the members in question,
        `holders` active ones who are not, but may bear a userid that somebody gets.
    """
    active = {
        each.member.userid: each for each in stored if each.state is MemberState.ACTIVE
    }
    replaced = {
        who
        for who, each in active.items()
        if who in answers and was_replaced(said.get(who, ()), each.member, answers[who])
    }
    suspected = {
        who: answers[who]
        for who, each in active.items()
        if who in replaced or (who in answers and is_handed_on(each, answers[who]))
    }
    unsure = {who: each for who, each in suspected.items() if who not in replaced}
    sure = _confirmed(inquiry, unsure, said) | replaced
    holding = {who: each for who, each in active.items() if who not in replaced}
    counting = {
        who: each for who, each in answers.items() if who not in suspected.keys() - sure
    }
    renames = match_renames(
        _absentees(stored, active, inquiry, claims=claims, handed_on=sure),
        answers=counting,
        active={**holders, **holding},
        claims=claims,
        hidden=inquiry.hidden,
    )
    renamed = {each.path[0] for each in renames}
    return Bearers(
        renames=renames,
        verdicts=_verdicts(active, suspected, sure, renamed=renamed, said=said),
        stored=_as_called_now(active, renames, without=suspected.keys()),
    )


def _confirmed(
    inquiry: Inquiry,
    suspected: Mapping[Userid, Member],
    said: Mapping[Userid, Sequence[Mail]],
) -> frozenset[Userid]:
    """Those of these userids that are another's for sure: an event or WeCom, asked
    once more, says so too."""
    told = {
        who for who, each in suspected.items() if names_bearer(said.get(who, ()), each)
    }
    again = inquiry.ask_again(suspected.keys() - told)
    agreeing = {
        who
        for who, each in again.items()
        if isinstance(each, Member)
        and are_one(each.open_userid, suspected[who].open_userid)
    }
    return frozenset(told | agreeing)


def _absentees(
    stored: Sequence[StoredMember],
    active: Mapping[Userid, StoredMember],
    inquiry: Inquiry,
    *,
    claims: Sequence[RenameClaim],
    handed_on: Collection[Userid],
) -> list[Absentee]:
    absent = [
        each
        for who, each in active.items()
        if who in inquiry.refusals or who in handed_on
    ]
    claimed = {each.old for each in claims}
    # A claim may come after its person was taken for gone.
    absent += [
        each
        for each in stored
        if each.state is MemberState.REMOVED
        and each.member.userid in claimed & inquiry.refusals.keys()
        and each.member.userid not in active
    ]
    return [Absentee(stored=each) for each in absent]


def _verdicts(
    active: Mapping[Userid, StoredMember],
    suspected: Mapping[Userid, Member],
    sure: Collection[Userid],
    *,
    renamed: Collection[Userid],
    said: Mapping[Userid, Sequence[Mail]],
) -> dict[Userid, Verdict]:
    deleted = deleted_of(said, active)
    verdicts: dict[Userid, Verdict] = {}
    for who in suspected:
        evidence: dict[str, Json] = {
            "user_get": ANOTHER_PERSON,
            "event": "deleted" if who in deleted else None,
        }
        if who not in sure:
            doubt = Doubt.ANSWERED
            verdicts[who] = Undecided(doubt=doubt, evidence=evidence)
        elif who not in renamed:
            verdicts[who] = Removal(
                cause=RemovalCause.DELETION, reason=Reason.HANDED_ON, evidence=evidence
            )
    return verdicts


def _as_called_now(
    active: Mapping[Userid, StoredMember],
    renames: Sequence[Rename],
    *,
    without: Collection[Userid],
) -> dict[Userid, StoredMember]:
    renamed = {each.path[0] for each in renames}
    now = {
        who: each
        for who, each in active.items()
        if who not in without and who not in renamed
    }
    return now | {each.path[-1]: each.result for each in renames}
