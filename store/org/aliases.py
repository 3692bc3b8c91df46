"""Aliases: the userids that members had before."""

from collections.abc import Iterable

from domain.ids import CorpPk, MemberPk
from store.database import Connection


def remember(
    connection: Connection,
    corp_pk: CorpPk,
    member_pk: MemberPk,
    userids: Iterable[str],
) -> None:
    """Keep the userids that a member had before; the newest owner of one wins."""
    connection.execute(
        """
        INSERT INTO aliases (corp_pk, userid, member_pk)
        SELECT %s, unnest(%s::text[]), %s
        ON CONFLICT (corp_pk, userid) DO UPDATE SET member_pk = excluded.member_pk
        """,
        [corp_pk, sorted(userids), member_pk],
    )


def drop(connection: Connection, corp_pk: CorpPk, userids: Iterable[str]) -> None:
    """Forget these as former userids: someone bears them now."""
    wanted = list(userids)
    if not wanted:
        return
    connection.execute(
        "DELETE FROM aliases WHERE corp_pk = %s AND userid = ANY(%s)",
        [corp_pk, wanted],
    )


def absorb(
    connection: Connection, corp_pk: CorpPk, *, kept: MemberPk, absorbed: MemberPk
) -> None:
    """Let the former userids of one record be another's."""
    connection.execute(
        "UPDATE aliases SET member_pk = %s WHERE corp_pk = %s AND member_pk = %s",
        [kept, corp_pk, absorbed],
    )
