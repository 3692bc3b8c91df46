"""What was said of people, for as long as it has not settled what became of them."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from domain.events.fold import Mail
from domain.events.hints import hint_from_json
from domain.ids import CorpPk, Key, Userid
from store.database import Connection

_MAIL = "event_id, kind, change, hint, sent_at, received_at"


def keep(connection: Connection, corp_pk: CorpPk, mail: Iterable[Mail]) -> None:
    """Remember what this mail, about members, says.

    Repeats: what is known already is left alone.
    """
    said = list(mail)
    if not said:
        return
    # The hint itself stays in the inbox, and is not made anew from what was read of it.
    connection.execute(
        f"""
        INSERT INTO testimony (corp_pk, userid, {_MAIL})
        SELECT %(corp_pk)s, substr(key, 8), {_MAIL} FROM inbox
        JOIN unnest(%(ids)s::bigint[], %(received)s::timestamptz[])
            AS given (id, at) ON event_id = id AND received_at = at
        ON CONFLICT DO NOTHING
        """,  # noqa: S608 - the inserted text is a constant of this module
        {
            "corp_pk": corp_pk,
            "ids": [each.event_id for each in said],
            "received": [each.received_at for each in said],
        },
    )


def keep_of(connection: Connection, corp_pk: CorpPk, event_id: int) -> None:
    """Remember what a piece of mail about a member says that nobody will settle now.

    Repeats: what is known already is left alone.
    """
    connection.execute(
        f"""
        INSERT INTO testimony (corp_pk, userid, {_MAIL})
        SELECT %s, substr(key, 8), {_MAIL} FROM inbox
        WHERE event_id = %s AND key LIKE 'member:_%%'
        ON CONFLICT DO NOTHING
        """,  # noqa: S608 - the inserted text is a constant of this module
        [corp_pk, event_id],
    )


def list_kept(
    connection: Connection, corp_pk: CorpPk, userids: Collection[Userid]
) -> list[Mail]:
    """What is remembered of these people, and of who was said to be called so now."""
    if not userids:
        return []
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            f"SELECT 'member:' || userid AS key, {_MAIL} FROM testimony"  # noqa: S608 - a constant of this module
            " WHERE corp_pk = %(corp_pk)s AND (userid = ANY(%(userids)s)"
            " OR hint->>'new_userid' = ANY(%(userids)s))",
            {"corp_pk": corp_pk, "userids": list(userids)},
        )
        return [_mail(**row) for row in cursor]


def list_people(connection: Connection, corp_pk: CorpPk) -> frozenset[Userid]:
    """Everybody of whom something is remembered."""
    rows = connection.execute(
        "SELECT DISTINCT userid FROM testimony WHERE corp_pk = %s", [corp_pk]
    ).fetchall()
    return frozenset(Userid(row[0]) for row in rows)


def list_waiting(
    connection: Connection, mailbox: str, keys: Collection[Key]
) -> list[Mail]:
    """The mail about these keys that no drain has settled."""
    if not keys:
        return []
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            f"SELECT key, {_MAIL} FROM inbox"  # noqa: S608 - a constant of this module
            " WHERE mailbox = %s AND state = 'pending' AND key = ANY(%s)",
            [mailbox, list(keys)],
        )
        return [_mail(**row) for row in cursor]


def list_waiting_departments(connection: Connection, mailbox: str) -> list[Mail]:
    """The mail about departments that no drain has settled."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            f"SELECT key, {_MAIL} FROM inbox"  # noqa: S608 - a constant of this module
            " WHERE mailbox = %s AND state = 'pending' AND key LIKE 'department:%%'",
            [mailbox],
        )
        return [_mail(**row) for row in cursor]


def forget(connection: Connection, corp_pk: CorpPk, userids: Iterable[str]) -> None:
    """It is settled what became of these people."""
    wanted = list(userids)
    if not wanted:
        return
    connection.execute(
        "DELETE FROM testimony WHERE corp_pk = %s AND userid = ANY(%s)",
        [corp_pk, wanted],
    )


def forget_others(
    connection: Connection,
    corp_pk: CorpPk,
    userids: Collection[str],
    *,
    before: datetime,
) -> None:
    """A full read that began then has settled what became of everybody but these."""
    connection.execute(
        "DELETE FROM testimony"
        " WHERE corp_pk = %s AND userid <> ALL(%s) AND received_at < %s",
        [corp_pk, list(userids), before],
    )


def prune(connection: Connection, *, days: int, limit: int) -> int:
    """Forget what was said so long ago of people who are not there any more.

    Of who is, it stays open what became of them: a removal may wait for a person.
    """
    return connection.execute(
        """
        DELETE FROM testimony WHERE (corp_pk, userid, event_id) IN (
            SELECT corp_pk, userid, event_id FROM testimony
            WHERE received_at < clock_timestamp() - make_interval(days => %s)
                AND NOT EXISTS (SELECT FROM members
                    WHERE members.corp_pk = testimony.corp_pk
                        AND members.userid = testimony.userid
                        AND members.state = 'active')
            ORDER BY received_at LIMIT %s FOR UPDATE OF testimony SKIP LOCKED)
        """,
        [days, limit],
    ).rowcount


def _mail(*, key: str, hint: dict[str, object], **row: Any) -> Mail:
    return Mail(key=Key(key), hint=hint_from_json(hint), **row)
