"""Carries out who turned out to be whom: renames, merges, returns, lost userids."""

from collections.abc import Iterable, Mapping, Sequence

from domain.decisions import Decision
from domain.ids import CorpPk, Userid
from domain.links.linking import end_merged
from domain.org.identity import cause_learnt
from domain.org.org import Member, MemberState, RemovalCause, StoredMember
from domain.reasons import Reason
from domain.reconcile.members import learn_deletion
from domain.reconcile.renames import Rename, RenameTurn, in_turn
from store.database import Connection
from store.items import preferences
from store.links import links, lookups
from store.notices import notices
from store.org import aliases, members


def rename_members(
    connection: Connection,
    corp_pk: CorpPk,
    renames: Sequence[Rename],
    *,
    active: dict[Userid, StoredMember],
    removed: Mapping[Userid, StoredMember],
) -> list[Decision]:
    """Carry out what can be of these renames; `active` is brought up to date.

    Shape: a rename onto the userid of somebody who stays is left out.
    Repeats: what was carried out before is left out, too.
    """
    waiting = [each for each in renames if _is_open(each, active, removed)]
    bearers = {who: each.member_pk for who, each in active.items()}
    turns = in_turn(waiting, bearers=bearers)
    others = {
        userid: each
        for userid, each in removed.items()
        if not any(each.member_pk == turn.rename.stored.member_pk for turn in turns)
    }
    bearers = {turn.rename.path[-1]: turn.rename.result.member_pk for turn in turns}
    decisions = learn_deletions(connection, corp_pk, others, bearers)
    for turn in turns:
        decisions += _rename(connection, corp_pk, turn, active)
    done = [turn.rename for turn in turns]
    aliases.drop(connection, corp_pk, [each.path[-1] for each in done])
    lookups.rename(connection, corp_pk, {each.path[0]: each.path[-1] for each in done})
    return decisions


def _is_open(
    rename: Rename,
    active: Mapping[Userid, StoredMember],
    removed: Mapping[Userid, StoredMember],
) -> bool:
    """Whether it is still to be done: its member is where it found them."""
    stored, old = rename.stored, rename.stored.member.userid
    bearer = active.get(old)
    if stored.state is MemberState.REMOVED:
        buried = removed.get(old)
        return (
            bearer is None
            and buried is not None
            and buried.member_pk == stored.member_pk
        )
    return bearer is not None and bearer.member_pk == stored.member_pk


def _rename(
    connection: Connection,
    corp_pk: CorpPk,
    turn: RenameTurn,
    active: dict[Userid, StoredMember],
) -> list[Decision]:
    rename, kept = turn.rename, turn.rename.result
    old, new = rename.path[0], rename.path[-1]
    decisions: list[Decision] = []
    if turn.displaces:
        members.set_aside(connection, corp_pk, active[new].member_pk)
    ends = [rename.stored] if rename.into is None else [rename.stored, rename.into]
    for end in ends:
        if end.member_pk != kept.member_pk:
            decisions += _absorb(connection, corp_pk, ends, kept=kept, absorbed=end)
    members.change(connection, corp_pk, [(kept.member_pk, kept.member)])
    aliases.remember(connection, corp_pk, kept.member_pk, kept.aliases)
    bearer = active.get(old)
    if bearer is not None and bearer.member_pk == rename.stored.member_pk:
        del active[old]
    active[new] = kept
    return [*decisions, *turn.decisions]


def _absorb(
    connection: Connection,
    corp_pk: CorpPk,
    ends: Iterable[StoredMember],
    *,
    kept: StoredMember,
    absorbed: StoredMember,
) -> list[Decision]:
    """Make two records of one person one; of two links one ends, which is told."""
    ends_meet = {"kept": kept.member_pk, "absorbed": absorbed.member_pk}
    dropped = links.absorb(connection, corp_pk, **ends_meet)
    aliases.absorb(connection, corp_pk, **ends_meet)
    notices.absorb(connection, corp_pk, **ends_meet)
    preferences.absorb(connection, corp_pk, **ends_meet)
    members.drop_absorbed(connection, corp_pk, absorbed.member_pk)
    if dropped is None:
        return []
    return [
        end_merged(end.member.userid, dropped.link)
        for end in ends
        if end.member_pk == dropped.member_pk
    ]


def learn_deletions(
    connection: Connection,
    corp_pk: CorpPk,
    removed: Mapping[Userid, StoredMember],
    bearers: Mapping[Userid, object],
) -> list[Decision]:
    """Whoever left the scope under a userid that somebody else bears now was deleted.

    Shape: `removed` are tombstones by userid, `bearers` others who bear theirs.
    """
    gone = [each for userid, each in removed.items() if userid in bearers]
    return learn(connection, corp_pk, gone, reason=Reason.HANDED_ON)


def learn(
    connection: Connection,
    corp_pk: CorpPk,
    tombstones: Iterable[StoredMember],
    *,
    reason: Reason,
) -> list[Decision]:
    """These tombstones turn out to be of deleted people."""
    learning = [each for each in tombstones if cause_learnt(each, deleted=True)]
    if not learning:
        return []
    members.learn_deletion(connection, corp_pk, [each.member_pk for each in learning])
    return [learn_deletion(each, reason=reason) for each in learning]


def list_bearing(
    connection: Connection, corp_pk: CorpPk, newcomers: Iterable[Member]
) -> list[StoredMember]:
    """Everybody stored who is one of these newcomers by open_userid, latest first."""
    known = {each.open_userid for each in newcomers if each.open_userid is not None}
    return members.list_bearing(connection, corp_pk, known)


def find_doubled(
    newcomers: Iterable[Member], bearing: Iterable[StoredMember]
) -> frozenset[Userid]:
    """The newcomers who are active members under another userid."""
    here = {
        each.member.open_userid: each.member.userid
        for each in bearing
        if each.state is MemberState.ACTIVE
    }
    return frozenset(
        each.userid
        for each in newcomers
        if each.open_userid in here and here[each.open_userid] != each.userid
    )


def find_returned(
    newcomers: Iterable[Member], bearing: Iterable[StoredMember]
) -> dict[Userid, StoredMember]:
    """The tombstones of newcomers who were here before, by the userid of now.

    Whoever was deleted and is seen under the same userid is not known by it: where
    userids are open ones, a reused one would look the same.
    """
    known = {
        each.open_userid: each for each in newcomers if each.open_userid is not None
    }
    found: dict[Userid, StoredMember] = {}
    for stored in bearing:
        if stored.state is MemberState.ACTIVE or stored.member.open_userid is None:
            continue
        observed = known[stored.member.open_userid]
        same = stored.member.userid == observed.userid
        if not (same and stored.removal is RemovalCause.DELETION):
            found.setdefault(observed.userid, stored)
    return found
