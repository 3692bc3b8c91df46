"""Who pressed a button on an item's card, to be shown on it what that did."""

from dataclasses import dataclass, field

from domain.ids import CorpPk, MemberPk, Userid
from domain.items.items import ItemKind
from store.database import Connection
from store.sealing import DataKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAnswer:
    """What a card is to say in its place, to the one who pressed its button."""

    answer_id: int
    said: str
    kind: ItemKind
    language: str
    title: str
    userid: Userid
    response_code: str = field(repr=False)


def find_reader(
    connection: Connection, corp_pk: CorpPk, batch_id: str, userid: Userid
) -> MemberPk | None:
    """The member who got the card of this batch; None: it is not theirs."""
    row = connection.execute(
        """
        SELECT member_pk FROM notices JOIN members AS m USING (corp_pk, member_pk)
        WHERE corp_pk = %s AND batch_id = %s AND m.userid = %s AND m.state = 'active'
            AND notices.kind = 'item'
        """,
        [corp_pk, batch_id, userid],
    ).fetchone()
    return MemberPk(row[0]) if row else None


def add_item_answer(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    said: str,
    kind: ItemKind,
    language: str,
    title: str,
    userid: Userid,
    response_code: str,
    data_key: DataKey,
) -> None:
    """Have somebody see on their card what they muted."""
    told = {"userid": userid, "title": title, "response_code": response_code}
    connection.execute(
        "INSERT INTO item_answers (corp_pk, said, kind, language, sealed)"
        " VALUES (%s, %s, %s, %s, %s)",
        [corp_pk, said, kind.value, language, data_key.seal(told)],
    )


def find_item_answer(
    connection: Connection, corp_pk: CorpPk, *, data_key: DataKey
) -> ItemAnswer | None:
    """The oldest of them."""
    row = connection.execute(
        "SELECT answer_id, said, kind, language, sealed FROM item_answers"
        " WHERE corp_pk = %s ORDER BY answer_id LIMIT 1",
        [corp_pk],
    ).fetchone()
    if row is None:
        return None
    answer_id, said, kind, language, sealed = row
    opened = data_key.open(sealed)
    return ItemAnswer(
        answer_id=answer_id,
        said=said,
        kind=ItemKind(kind),
        language=language,
        title=opened["title"],
        userid=Userid(opened["userid"]),
        response_code=opened["response_code"],
    )


def drop_item_answer(connection: Connection, corp_pk: CorpPk, answer_id: int) -> None:
    """They have seen it, or cannot."""
    connection.execute(
        "DELETE FROM item_answers WHERE corp_pk = %s AND answer_id = %s",
        [corp_pk, answer_id],
    )
