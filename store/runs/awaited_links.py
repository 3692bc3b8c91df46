"""What a rehearsal leaves open: links that wait for what WeCom says about mobiles."""

from dataclasses import dataclass

from domain.ids import CompanyId, CorpPk
from domain.links.links import LinkReason
from store.database import Connection
from store.links import lookups

# So many are named; of the others it is said how many they are.
_NAMED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedLinks:
    """Who would wait after a resync, and what asking would cost within a day.

    Units: calls to user/getuserid, if each misses and if each hits.
    """

    calls_least: int
    calls_most: int
    people: int
    keys: list[str]


def read_awaited(
    connection: Connection, corp_pk: CorpPk, company_id: CompanyId
) -> AwaitedLinks:
    """Who waits in the rows that the connection sees."""
    standing = lookups.get_standing(connection, corp_pk)
    least, most = lookups.count_questions(connection, corp_pk, company_id, standing)
    rows = connection.execute(
        """
        SELECT 'member:' || userid FROM links JOIN members USING (corp_pk, member_pk)
        WHERE corp_pk = %s AND members.state = 'active' AND links.state = 'none'
            AND links.reason = %s
        ORDER BY userid
        """,
        [corp_pk, LinkReason.WAITING_FOR_LOOKUPS],
    ).fetchall()
    return AwaitedLinks(
        calls_least=least,
        calls_most=most,
        people=len(rows),
        keys=[key for (key,) in rows[:_NAMED]],
    )
