"""The stored members that a piece of work is about, each read once."""

from collections.abc import Collection, Iterable

from domain.ids import CorpPk, MemberPk, Userid
from domain.org.org import MemberState, StoredMember
from store.database import Connection, Pool, glance
from store.org import members


class KnownMembers:
    """Who was asked for so far; the lease keeps them as they are."""

    def __init__(self, pool: Pool, corp_pk: CorpPk) -> None:
        self._pool = pool
        self._corp_pk = corp_pk
        self._asked: set[Userid] = set()
        self._found: dict[MemberPk, StoredMember] = {}

    def of(self, userids: Collection[Userid]) -> list[StoredMember]:
        """Who bears or once bore one of these, or one that was asked for before."""
        if not self._asked.issuperset(userids):
            with glance(self._pool) as connection:
                self.read(connection, userids)
        return list(self._found.values())

    def bearing(
        self, connection: Connection, userids: Collection[Userid]
    ) -> list[StoredMember]:
        """Who bears or once bore one of these, and nobody else."""
        self.read(connection, userids)
        wanted = frozenset(userids)
        return [
            each
            for each in self._found.values()
            if each.member.userid in wanted
            or (each.state is MemberState.ACTIVE and each.aliases & wanted)
        ]

    def take(self, userids: Collection[Userid], found: Iterable[StoredMember]) -> None:
        """Who was found when these were asked for."""
        self._asked |= set(userids)
        self._found |= {each.member_pk: each for each in found}

    def read(self, connection: Connection, userids: Collection[Userid]) -> None:
        """Have these asked for."""
        new = set(userids) - self._asked
        if not new:
            return
        self.take(new, members.list_known(connection, self._corp_pk, new))
