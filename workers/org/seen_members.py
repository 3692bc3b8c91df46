"""Decides about members who were seen, by who they are, and writes them at once."""

from collections.abc import Iterable, Mapping, Sequence

from domain.decisions import Decision
from domain.ids import CorpPk, MemberPk, Userid
from domain.org.identity import is_handed_on, recognised
from domain.org.org import Member, MemberState, RemovalCause, StoredMember
from domain.reasons import Reason
from domain.reconcile.members import ReturnProof, decide_member, return_elsewhere
from store.database import Connection
from store.links import evidence
from store.matching import match_mobile
from store.org import aliases, members
from workers.org import identities


class StoredMembers:
    """The stored members that findings are about, by their userid of now.

    Shape: `doubled` are userids of newcomers who are members under another userid, and
        wait until it is known which of the two they bear.
    """

    def __init__(self, stored: Iterable[StoredMember]) -> None:
        self.doubled: set[Userid] = set()
        self.active: dict[Userid, StoredMember] = {}
        self.removed: dict[Userid, StoredMember] = {}
        for each in stored:
            active = each.state is MemberState.ACTIVE
            (self.active if active else self.removed)[each.member.userid] = each

    @classmethod
    def read(
        cls, connection: Connection, corp_pk: CorpPk, userids: Iterable[Userid]
    ) -> "StoredMembers":
        """Those who bear or bore one of these userids."""
        return cls(members.list_known(connection, corp_pk, userids))


def change_seen(
    connection: Connection,
    corp_pk: CorpPk,
    known: StoredMembers,
    seen: Sequence[Member],
    *,
    reason: Reason,
) -> list[Decision]:
    """Add, restore and change these members to what is seen of them.

    Shape: whoever bears a userid that its former bearer has still is left out, and so
        is whoever is a member already under another userid: one person, one record.
    """
    newcomers = [each for each in seen if each.userid not in known.active]
    bearing = identities.list_bearing(connection, corp_pk, newcomers)
    known.doubled |= identities.find_doubled(newcomers, bearing)
    seen = [each for each in seen if each.userid not in known.doubled]
    returned = identities.find_returned(newcomers, bearing)
    tombstones = {**known.removed, **returned}
    page = _Page(
        known.active,
        tombstones,
        proven=_list_proven(connection, corp_pk, tombstones, newcomers),
        taken=_list_taken(connection, corp_pk, returned)
        | {each.userid for each in seen},
        reason=reason,
    )
    for each in seen:
        page.see(each)
    return page.write(connection, corp_pk, removed=known.removed)


class _Page:
    """Members as they are decided about, until they are written."""

    def __init__(
        self,
        active: Mapping[Userid, StoredMember],
        tombstones: Mapping[Userid, StoredMember],
        *,
        proven: frozenset[MemberPk],
        taken: frozenset[Userid],
        reason: Reason,
    ) -> None:
        self._active = active
        self._tombstones = tombstones
        self._proven = proven
        self._taken = taken
        self._reason = reason
        self._decisions: list[Decision] = []
        self._added: list[Member] = []
        self._changed: list[tuple[MemberPk, Member]] = []
        self._returned: list[tuple[StoredMember, Member]] = []

    def see(self, answer: Member) -> None:
        """Decide about one of them."""
        stored = self._active.get(answer.userid)
        if stored is not None:
            if not is_handed_on(stored, answer):
                self._decide(stored, recognised(stored, answer))
            return
        tombstone = self._tombstones.get(answer.userid)
        if tombstone is None or is_handed_on(tombstone, answer):
            self._decide(None, answer)
        elif tombstone.member.userid == answer.userid:
            self._take_back(tombstone, answer)
        else:
            self._take_back_elsewhere(tombstone, answer)

    def write(
        self,
        connection: Connection,
        corp_pk: CorpPk,
        *,
        removed: Mapping[Userid, StoredMember],
    ) -> list[Decision]:
        """Carry it all out; the decisions."""
        bearers = {each.userid: each for each in self._added}
        learnt = identities.learn_deletions(connection, corp_pk, removed, bearers)
        here = [*self._added, *(observed for _, observed in self._returned)]
        aliases.drop(connection, corp_pk, [each.userid for each in here])
        members.add(connection, corp_pk, self._added)
        members.change(connection, corp_pk, self._changed)
        for stored, observed in self._returned:
            former = {stored.member.userid} - {observed.userid} - self._taken
            aliases.remember(connection, corp_pk, stored.member_pk, former)
        return [*learnt, *self._decisions]

    def _decide(self, stored: StoredMember | None, observed: Member) -> None:
        found = decide_member(stored, observed, reason=self._reason)
        if not found:
            return
        self._decisions += found
        if stored is None:
            self._added.append(observed)
        else:
            self._changed.append((stored.member_pk, observed))

    def _take_back(self, tombstone: StoredMember, answer: Member) -> None:
        is_proven = tombstone.member_pk in self._proven
        found = decide_member(
            tombstone,
            recognised(tombstone, answer),
            reason=self._reason,
            returning=ReturnProof.PROVEN if is_proven else ReturnProof.UNPROVEN,
        )
        self._decisions += found
        if found[0].name == "AddMember":
            # The tombstone stays one: its userid may have a new owner.
            self._added.append(answer)
        else:
            self._restore(tombstone, recognised(tombstone, answer))

    def _take_back_elsewhere(self, tombstone: StoredMember, answer: Member) -> None:
        self._decisions += return_elsewhere(
            tombstone,
            answer,
            reason=self._reason,
            userid_free=tombstone.member.userid not in self._taken,
        )
        self._restore(tombstone, answer)

    def _restore(self, tombstone: StoredMember, observed: Member) -> None:
        self._changed.append((tombstone.member_pk, observed))
        self._returned.append((tombstone, observed))


def _list_proven(
    connection: Connection,
    corp_pk: CorpPk,
    tombstones: Mapping[Userid, StoredMember],
    newcomers: Iterable[Member],
) -> frozenset[MemberPk]:
    """The deleted whose return is proved to be theirs (design.md §4.3)."""
    returning = {
        stored.member_pk: match_mobile(observed)
        for observed in newcomers
        if (stored := tombstones.get(observed.userid)) is not None
        and stored.removal is RemovalCause.DELETION
        and not is_handed_on(stored, observed)
    }
    if not returning:
        return frozenset()
    return evidence.list_proven(connection, corp_pk, returning)


def _list_taken(
    connection: Connection, corp_pk: CorpPk, returned: Mapping[Userid, StoredMember]
) -> frozenset[Userid]:
    """Which former userids of those who are back somebody else bears."""
    former = {
        each.member.userid
        for userid, each in returned.items()
        if each.member.userid != userid
    }
    if not former:
        return frozenset()
    return frozenset(
        each.member.userid
        for each in members.list_known(connection, corp_pk, former)
        if each.state is MemberState.ACTIVE
    )
