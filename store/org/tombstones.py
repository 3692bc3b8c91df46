"""Removed members, remembered for 180 days so that a return is one."""

from domain.ids import CorpPk
from store.database import Connection

KEPT_DAYS = 180

# What is kept of a person besides their row.
_ABOUT = ("aliases", "links", "link_claims", "notices", "item_preferences")


def list_corps(connection: Connection) -> list[CorpPk]:
    """Corps that have somebody to forget.

    Shape: a corp that withdrew keeps everybody, for the day it comes back.
    """
    rows = connection.execute(
        """
        SELECT corp_pk FROM corps WHERE state IN ('linked', 'paused') AND EXISTS (
            SELECT FROM members WHERE members.corp_pk = corps.corp_pk
                AND members.state = 'removed'
                AND removed_at < clock_timestamp() - make_interval(days => %s))
        """,
        [KEPT_DAYS],
    ).fetchall()
    return [CorpPk(row[0]) for row in rows]


def drop(connection: Connection, corp_pk: CorpPk, *, limit: int) -> int:
    """Forget some members who were removed long ago; how many they were.

    Shape: the corp must be locked: a drain may be taking one of them back. The journal
        keeps its lines; whoever returns is somebody new.
    """
    rows = connection.execute(
        """
        SELECT member_pk FROM members WHERE corp_pk = %s AND state = 'removed'
            AND removed_at < clock_timestamp() - make_interval(days => %s) LIMIT %s
        """,
        [corp_pk, KEPT_DAYS, limit],
    ).fetchall()
    pks = [row[0] for row in rows]
    for table in (*_ABOUT, "members"):
        connection.execute(
            f"DELETE FROM {table} WHERE corp_pk = %s AND member_pk = ANY(%s)",  # noqa: S608 - constant names
            [corp_pk, pks],
        )
    return len(pks)
