"""When someone who is gone and someone who is new are one person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.decisions import Decision
from domain.fold import RenameClaim
from domain.ids import OpenUserid, Userid
from domain.org import Member, MemberState, StoredMember
from domain.reasons import Reason
from domain.reconcile_members import rename_userid


@dataclass(frozen=True, slots=True, kw_only=True)
class Absentee:
    """An active member whom user/get refuses; confirmed when they count as leavers."""

    stored: StoredMember
    confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """One person's change of userid.

    Shape: `path` from the old userid to the answering one, over those between; `into`
        the member who already holds the new userid; `result` what is then stored,
        to be compared with `observed`.
    """

    stored: StoredMember
    path: tuple[Userid, ...]
    observed: Member
    into: StoredMember | None
    result: StoredMember
    reason: Reason

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """RenameUserid, once per step."""
        return rename_userid(self.path, reason=self.reason)


def match_renames(
    absentees: Sequence[Absentee],
    *,
    answers: Mapping[Userid, Member],
    active: Mapping[Userid, StoredMember],
    claims: Sequence[RenameClaim],
) -> tuple[Rename, ...]:
    """Who only changed their userid: claimed by an event, or known by open_userid.

    Shape: `answers` are the people for whom WeCom answered, `active` our active members
        by current userid; a person may already be there under the new one.
    """
    gone = {each.stored.member.userid: each for each in absentees}
    matches = [
        # A member between the ends goes their own way and is no step of another's.
        (_without(active.keys() | gone.keys(), path), Reason.USERID_CLAIMED)
        for path in _claimed(gone, answers=answers, claims=claims)
    ]
    claimed = {path[0] for path, _ in matches}
    matches += _recognised(
        [each for userid, each in gone.items() if userid not in claimed],
        answers=answers,
    )
    holders = dict(active)
    renames = []
    for path, reason in matches:
        rename = _rename(
            gone[path[0]].stored,
            path=path,
            observed=answers[path[-1]],
            into=holders.get(path[-1]),
            reason=reason,
        )
        holders[path[-1]] = rename.result
        renames.append(rename)
    return tuple(renames)


def respelt(
    spelt: Mapping[Userid, Userid],
    active: Mapping[Userid, StoredMember],
    answers: Mapping[Userid, Member],
) -> tuple[RenameClaim, ...]:
    """Whom WeCom spells in another case than we have them: a change of userid.

    Shape: `spelt` is WeCom's spelling by the one asked. Two known and unequal
        open_userids are two people, whatever their userids have in common.
    """
    return tuple(
        RenameClaim(old=old, new=new)
        for old, new in spelt.items()
        if old in active
        and new in answers
        and _may_be_one(active[old].member.open_userid, answers[new].open_userid)
    )


def _may_be_one(one: OpenUserid | None, other: OpenUserid | None) -> bool:
    return one is None or other is None or one == other


def merged(*, old: StoredMember, new: StoredMember) -> StoredMember:
    """Two members as one: the older surrogate, the fields of the new userid."""
    return StoredMember(
        member_pk=min(old.member_pk, new.member_pk),
        member=new.member,
        aliases=(old.aliases | new.aliases | {old.member.userid}) - {new.member.userid},
        state=MemberState.ACTIVE,
        removal=None,
    )


_Match = tuple[tuple[Userid, ...], Reason]


def _claimed(
    gone: Mapping[Userid, Absentee],
    *,
    answers: Mapping[Userid, Member],
    claims: Sequence[RenameClaim],
) -> list[tuple[Userid, ...]]:
    """Absentees whose claims lead to somebody who answers; short ways first."""
    following: dict[Userid, list[Userid]] = {}
    for claim in claims:
        following.setdefault(claim.old, []).append(claim.new)
    paths = [_lead(start, following, answers) for start in gone]
    return sorted(filter(None, paths), key=_length)


def _without(
    members: Collection[Userid], path: tuple[Userid, ...]
) -> tuple[Userid, ...]:
    return (path[0], *(each for each in path[1:-1] if each not in members), path[-1])


def _lead(
    start: Userid,
    following: Mapping[Userid, Sequence[Userid]],
    answers: Mapping[Userid, Member],
) -> tuple[Userid, ...]:
    """The shortest way along the claims to a userid that answers; empty if none."""
    seen = {start}
    ways: list[tuple[Userid, ...]] = [(start,)]
    while ways:
        longer = []
        for way in ways:
            for new in following.get(way[-1], ()):
                if new in answers:
                    return (*way, new)
                if new not in seen:
                    seen.add(new)
                    longer.append((*way, new))
        ways = longer
    return ()


def _recognised(
    absentees: Sequence[Absentee], *, answers: Mapping[Userid, Member]
) -> list[_Match]:
    """Confirmed absentees whose open_userid exactly one other person now has."""
    shown: dict[OpenUserid, list[Userid]] = {}
    for userid, member in answers.items():
        if member.open_userid is not None:
            shown.setdefault(member.open_userid, []).append(userid)
    matches: list[_Match] = []
    for each in absentees:
        member = each.stored.member
        same = shown.get(member.open_userid, []) if member.open_userid else []
        if each.confirmed and len(same) == 1 and same[0] != member.userid:
            path = (member.userid, same[0])
            matches.append((path, Reason.SAME_OPEN_USERID))
    return sorted(matches, key=lambda match: match[0])


def _rename(
    stored: StoredMember,
    *,
    path: tuple[Userid, ...],
    observed: Member,
    into: StoredMember | None,
    reason: Reason,
) -> Rename:
    new = path[-1]
    moved = StoredMember(
        member_pk=stored.member_pk,
        member=replace(stored.member, userid=new),
        aliases=(stored.aliases | frozenset(path)) - {new},
        state=MemberState.ACTIVE,
        removal=None,
    )
    if into is not None:
        joined = merged(old=stored, new=into)
        aliases = (joined.aliases | moved.aliases) - {new}
        moved = replace(joined, aliases=aliases)
    return Rename(
        stored=stored,
        path=path,
        observed=observed,
        into=into,
        result=moved,
        reason=reason,
    )


def _length(path: tuple[Userid, ...]) -> tuple[int, tuple[Userid, ...]]:
    return len(path), path
