"""When someone who is gone and someone who is new are one person."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.decisions import Decision
from domain.events.fold import RenameClaim
from domain.ids import MemberPk, OpenUserid, Userid
from domain.org.identity import are_two, is_handed_on
from domain.org.org import Member, MemberState, StoredMember
from domain.org.replay import DISPLACES
from domain.org.scope import AuthScope, Tags
from domain.reasons import Reason
from domain.reconcile.members import rename_userid, restore_member


@dataclass(frozen=True, slots=True, kw_only=True)
class Absentee:
    """A member who does not answer under their userid: refused, or handed on.

    Shape: a tombstone is one, too, if nobody bears its userid.
    """

    stored: StoredMember


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """One person's change of userid.

    Shape: `path` from the old userid to the answering one, over those between; `into`
        the member who already holds the new userid; `result` what is then stored,
        to be compared with what is observed.
    """

    stored: StoredMember
    path: tuple[Userid, ...]
    into: StoredMember | None
    result: StoredMember
    reason: Reason

    def decide(self, *, userid_free: bool = True) -> tuple[Decision, ...]:
        """RenameUserid, once per step; a tombstone is restored first.

        Shape: `userid_free` unless another bears the tombstone's userid by now.
        """
        renamed = rename_userid(self.path, reason=self.reason)
        if self.stored.state is not MemberState.REMOVED:
            return renamed
        restored = restore_member(
            self.stored, reason=self.reason, userid_free=userid_free
        )
        return (restored, *renamed)


def match_renames(
    absentees: Sequence[Absentee],
    *,
    answers: Mapping[Userid, Member],
    active: Mapping[Userid, StoredMember],
    claims: Sequence[RenameClaim],
    hidden: Collection[Userid] = (),
) -> tuple[Rename, ...]:
    """Who only changed their userid: claimed by an event, or known by open_userid.

    Two known and unequal open_userids are two people, whatever is claimed.

    Shape: `answers` are the people for whom WeCom answered, `hidden` those whom it says
        that we may not see, `active` our active members by current userid; a person
        may already be there under the new one.
    """
    gone = {each.stored.member.userid: each.stored for each in absentees}
    holders = {
        userid: each
        for userid, each in active.items()
        if userid not in answers or not is_handed_on(each, answers[userid])
    }
    renames = []
    ways = _ways(
        gone,
        ends=_Ends(answers=answers, hidden=frozenset(hidden), holders=holders),
        claims=claims,
    )
    # A member between the ends goes their own way and is no step of another's, whether
    # they bore that userid before or bear it now.
    others = active.keys() | gone.keys() | answers.keys() | {way[-1] for way, _ in ways}
    for way, reason in ways:
        path = _without(others, way)
        rename = _rename(
            gone[path[0]], path=path, into=holders.get(path[-1]), reason=reason
        )
        holders[path[-1]] = rename.result
        renames.append(rename)
    return tuple(renames)


def _ways(
    gone: Mapping[Userid, StoredMember], *, ends: "_Ends", claims: Sequence[RenameClaim]
) -> list[tuple[tuple[Userid, ...], Reason]]:
    """Whom of the absent events or open_userids lead to somebody; short ways first.

    Who is shown to be somebody by open_userid is nobody else, whatever is claimed.
    """
    known = _known_by_open_userid(gone, answers=ends.answers)
    strangers = {who: each for who, each in gone.items() if who not in known}
    shown = {new: ends.answers[new] for new in known.values()}
    ways = _claimed(strangers, ends=ends, claims=claims)
    ways += _claimed(
        {who: gone[who] for who in known},
        ends=_Ends(answers=shown, hidden=frozenset(), holders={}),
        claims=claims,
    )
    found = [(way, Reason.USERID_CLAIMED) for way in ways]
    told = {way[0] for way in ways}
    found += [
        ((old, new), Reason.SAME_OPEN_USERID)
        for old, new in known.items()
        if old not in told
    ]
    return sorted(found, key=lambda each: _length(each[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameTurn:
    """A rename when its turn has come.

    Shape: `displaces` where its new userid is borne by somebody whose own rename only
        comes after, because they go round in a circle; `is_beside` where a tombstone's
        userid has become another's before it is restored.
    """

    rename: Rename
    displaces: bool
    is_beside: bool = False

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Those of the rename; the last one says if it displaces somebody."""
        *others, last = self.rename.decide(userid_free=not self.is_beside)
        if not self.displaces:
            return (*others, last)
        return (*others, replace(last, after={**last.after, DISPLACES: True}))


def in_turn(
    renames: Sequence[Rename], *, bearers: Mapping[Userid, MemberPk]
) -> tuple[RenameTurn, ...]:
    """The renames in an order in which each finds its new userid free.

    Shape: `bearers` of the userids among our active members; left out are those whose
        new userid stays somebody else's.
    """
    current, waiting, turns = dict(bearers), list(renames), list[RenameTurn]()
    while waiting:
        ready = [each for each in waiting if _is_free(each, current)]
        chosen = ready[0] if ready else _in_a_circle(waiting, current)
        if chosen is None:
            break
        waiting.remove(chosen)
        old, new = chosen.path[0], chosen.path[-1]
        is_beside = current.get(old, chosen.stored.member_pk) != chosen.stored.member_pk
        if current.get(old) == chosen.stored.member_pk:
            del current[old]
        current[new] = chosen.result.member_pk
        turns.append(
            RenameTurn(rename=chosen, displaces=not ready, is_beside=is_beside)
        )
    return tuple(turns)


def _is_free(rename: Rename, current: Mapping[Userid, MemberPk]) -> bool:
    mine = {rename.stored.member_pk, rename.result.member_pk}
    if rename.into is not None:
        mine.add(rename.into.member_pk)
    return current.get(rename.path[-1]) in {None, *mine}


def _in_a_circle(
    waiting: Sequence[Rename], current: Mapping[Userid, MemberPk]
) -> Rename | None:
    """One of those who bear each other's new userids; None when somebody else does."""
    by_bearer = {each.stored.member_pk: each for each in waiting}
    for start in waiting:
        each, seen = start, set[MemberPk]()
        while each.stored.member_pk not in seen:
            seen.add(each.stored.member_pk)
            following = by_bearer.get(current[each.path[-1]])
            if following is None:
                break
            each = following
        else:
            return each
    return None


def new_names(renames: Iterable[Rename]) -> dict[Userid, Userid]:
    """By each userid that somebody bore, the one that they bear now."""
    return {old: each.path[-1] for each in renames for old in each.path[:-1]}


def former_names(renames: Iterable[Rename]) -> dict[Userid, frozenset[Userid]]:
    """By each userid that somebody bears now, those that they bore until now."""
    return {each.path[-1]: frozenset(each.path[:-1]) for each in renames}


def tags_after(tags: Tags, names: Mapping[Userid, Userid]) -> Tags:
    """The tags with everybody named as they are called now.

    One that names somebody by a userid that nobody bears was read before the change.
    """
    return {
        tag_id: replace(tag, userids=_named(tag.userids, names))
        for tag_id, tag in tags.items()
    }


def scope_after(scope: AuthScope, names: Mapping[Userid, Userid]) -> AuthScope:
    """The scope with everybody named so."""
    return replace(scope, members=_named(scope.members, names))


def _named(
    userids: frozenset[Userid], names: Mapping[Userid, Userid]
) -> frozenset[Userid]:
    if userids.isdisjoint(names):
        return userids
    return frozenset(names.get(each, each) for each in userids)


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
        and not are_two(active[old].member.open_userid, answers[new].open_userid)
    )


def merged(*, old: StoredMember, new: StoredMember) -> StoredMember:
    """Two members as one: the older surrogate, the fields of the new userid."""
    return StoredMember(
        member_pk=min(old.member_pk, new.member_pk),
        member=new.member,
        aliases=(old.aliases | new.aliases | {old.member.userid}) - {new.member.userid},
        state=MemberState.ACTIVE,
        removal=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ends:
    """Where a claim may lead to."""

    answers: Mapping[Userid, Member]
    hidden: frozenset[Userid]
    holders: Mapping[Userid, StoredMember]

    def is_end(self, userid: Userid, *, of: StoredMember) -> bool:
        """Whether this may be the person's userid now.

        Nobody who is gone comes back because WeCom shows them to us no more.
        """
        if userid in self.hidden and userid not in self.holders:
            return of.state is MemberState.ACTIVE
        if userid not in self.answers:
            return False
        bearers = [self.answers[userid]]
        bearers += [each.member for who, each in self.holders.items() if who == userid]
        mine = of.member.open_userid
        return not any(are_two(mine, each.open_userid) for each in bearers)


def _claimed(
    gone: Mapping[Userid, StoredMember], *, ends: _Ends, claims: Sequence[RenameClaim]
) -> list[tuple[Userid, ...]]:
    """Absentees whose claims lead to somebody who may be them."""
    following: dict[Userid, list[RenameClaim]] = {}
    for claim in claims:
        following.setdefault(claim.old, []).append(claim)
    return [way for each in gone.values() if (way := _lead(each, following, ends))]


def _without(
    members: Collection[Userid], path: tuple[Userid, ...]
) -> tuple[Userid, ...]:
    return (path[0], *(each for each in path[1:-1] if each not in members), path[-1])


def _lead(
    start: StoredMember, following: Mapping[Userid, Sequence[RenameClaim]], ends: _Ends
) -> tuple[Userid, ...]:
    """The shortest way along the claims to where the person is; empty if none."""
    mine, seen = start.member.open_userid, {start.member.userid}
    ways: list[tuple[Userid, ...]] = [(start.member.userid,)]
    while ways:
        longer = []
        for way in ways:
            for claim in following.get(way[-1], ()):
                if are_two(mine, claim.open_userid):
                    # Said of whoever bore the userid before, or bears it since.
                    continue
                if ends.is_end(claim.new, of=start):
                    return (*way, claim.new)
                if claim.new not in seen:
                    seen.add(claim.new)
                    longer.append((*way, claim.new))
        ways = longer
    return ()


def _known_by_open_userid(
    gone: Mapping[Userid, StoredMember], *, answers: Mapping[Userid, Member]
) -> dict[Userid, Userid]:
    """Under which userid each of the absent answers, if exactly one shows who it is."""
    shown: dict[OpenUserid, list[Userid]] = {}
    for userid, member in answers.items():
        if member.open_userid is not None:
            shown.setdefault(member.open_userid, []).append(userid)
    found = {}
    for userid, each in gone.items():
        open_userid = each.member.open_userid
        same = shown.get(open_userid, []) if open_userid is not None else []
        if len(same) == 1 and same[0] != userid:
            found[userid] = same[0]
    return found


def _rename(
    stored: StoredMember,
    *,
    path: tuple[Userid, ...],
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
        into=into,
        result=moved,
        reason=reason,
    )


def _length(path: tuple[Userid, ...]) -> tuple[int, tuple[Userid, ...]]:
    return len(path), path
