"""Finds out who bears which userid now: renamed, handed on, or still the same."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.decisions import Json
from domain.events.event_testimony import (
    deleted_of,
    leads_to,
    names_bearer,
    was_replaced,
)
from domain.events.fold import Mail, RenameClaim
from domain.ids import Key, OpenUserid, Userid, split_key
from domain.org.identity import (
    ANOTHER_PERSON,
    are_one,
    is_handed_on,
    is_seen_once,
    seen_as,
)
from domain.org.org import Member, MemberState, RemovalCause, StoredMember
from domain.reasons import Doubt, Reason
from domain.reconcile.leavers import Removal, Undecided, Verdict
from domain.reconcile.renames import Absentee, Rename, match_renames
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
    late: Mapping[Userid, Member],
    odd: Iterable[Key] = (),
) -> Bearers:
    """Whose userid is whose, before it is asked why anybody may use the app.

    Shape: `answers` that count, usable or not, `late` those that do not count yet; of
        the `odd` keys nothing usable was said. `stored` are the members in question,
        `holders` active ones who are not, but may bear a userid that somebody gets.
    """
    active = {
        each.member.userid: each for each in stored if each.state is MemberState.ACTIVE
    }
    suspected, replaced = _suspected(active, answers, said)
    seen = seen_as([*answers.values(), *late.values()])
    unsure = {w: e for w, e in suspected.items() if w not in replaced}
    sure = _confirmed(inquiry, unsure, said, seen=seen) | replaced
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
    # Whoever answers, or is said to answer, where no answer counts yet is not gone.
    waiting = {who: answers[who] for who in suspected.keys() - sure} | {**late}
    silent = people_in_trouble([*inquiry.troubles.of, *odd])
    gone = sure - _still_here(
        {who: active[who] for who in sure},
        waiting=waiting.values(),
        names={*waiting, *silent},
        claims=claims,
    )
    return Bearers(
        renames=renames,
        verdicts=_verdicts(active, suspected, gone, renamed=renamed, said=said),
        stored=_as_called_now(active, renames, without=suspected.keys()),
    )


def _suspected(
    active: Mapping[Userid, StoredMember],
    answers: Mapping[Userid, Member],
    said: Mapping[Userid, Sequence[Mail]],
) -> tuple[dict[Userid, Member], frozenset[Userid]]:
    """Who seems to be another than we know, and of whom of them events say so."""
    known = {who: each for who, each in active.items() if who in answers}
    replaced = frozenset(
        who
        for who, each in known.items()
        if was_replaced(said.get(who, ()), each.member, answers[who])
    )
    suspected = {
        who: answers[who]
        for who, each in known.items()
        if who in replaced or is_handed_on(each, answers[who])
    }
    return suspected, replaced


def _still_here(
    replaced: Mapping[Userid, StoredMember],
    *,
    waiting: Iterable[Member],
    names: Collection[Userid],
    claims: Sequence[RenameClaim],
) -> frozenset[Userid]:
    """Whose userid is another's, and who is shown or promised where we have to wait.

    Shape: `waiting` are answers that do not count yet, `names` userids without one
        that does.
    """
    shown = {each.open_userid for each in waiting} - {None}
    return frozenset(
        who
        for who, each in replaced.items()
        if each.member.open_userid in shown
        or leads_to(who, set(names) - {who}, claims=claims)
    )


def people_in_trouble(keys: Iterable[Key]) -> frozenset[Userid]:
    """The people among these keys."""
    named = map(split_key, keys)
    return frozenset(Userid(name) for kind, name in named if kind == "member")


def _confirmed(
    inquiry: Inquiry,
    suspected: Mapping[Userid, Member],
    said: Mapping[Userid, Sequence[Mail]],
    *,
    seen: Mapping[OpenUserid, frozenset[Userid]],
) -> frozenset[Userid]:
    """Those of these userids that are another's for sure: an event or WeCom, asked
    once more, says so too.

    Shape: whoever was `seen` under two userids tells of neither whose it is.
    """
    suspected = {w: e for w, e in suspected.items() if is_seen_once(e, seen)}
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
    gone: Collection[Userid],
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
        if who in renamed:
            continue
        if who not in gone:
            doubt = Doubt.ANSWERED
            verdicts[who] = Undecided(doubt=doubt, evidence=evidence)
        else:
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
