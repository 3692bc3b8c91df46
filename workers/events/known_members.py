"""The stored members that a piece of work is about, each read once."""

from collections.abc import Collection

from domain.ids import CorpPk, MemberPk, Userid
from domain.org import StoredMember
from store.database import Pool, glance
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
        new = set(userids) - self._asked
        if new:
            with glance(self._pool) as connection:
                found = members.list_known(connection, self._corp_pk, new)
            self._asked |= new
            self._found |= {each.member_pk: each for each in found}
        return list(self._found.values())
