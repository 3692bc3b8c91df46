"""Whom events of items concerned, and what became of it: for API and pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import class_row, dict_row

from domain.ids import CompanyId, CorpPk, MemberPk
from domain.items.items import ItemKind
from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEvent:
    """One person whom one event concerned.

    Shape: `state` is queued, sent, digested, suppressed, undeliverable or unknown;
        `userid` None where the nick is no member's.
    """

    mail_id: int
    event_id: str
    event: str
    kind: str
    item_id: str
    nick: str
    role: str
    userid: str | None
    state: str
    reason: str | None
    sent_at: datetime | None
    noted_at: datetime
    workspace_id: str | None


# Why a message was dropped when its turn came, in the words of suppression.
_DROPPED = """
    CASE notices.reason
        WHEN 'removed' THEN 'out_of_scope' WHEN 'withdrawn' THEN 'not_linked'
        WHEN 'nothing_left' THEN NULL ELSE notices.reason END
"""
_SELECT = f"""
    SELECT told.mail_id, told.event_id, told.event, told.kind, told.item_id, told.nick,
        told.role, told.noted_at, m.userid, items.workspace_id, CASE
            WHEN told.notice_id IS NULL AND told.waits_until IS NOT NULL THEN 'queued'
            WHEN told.notice_id IS NULL THEN 'suppressed'
            WHEN notices.state = 'dropped' THEN 'suppressed'
            WHEN notices.state = 'sent' AND notices.kind = 'digest' THEN 'digested'
            WHEN notices.state IS NULL THEN 'sent'
            ELSE notices.state END AS state,
        CASE WHEN notices.state = 'dropped' THEN {_DROPPED}
            ELSE told.reason END AS reason, notices.sent_at
    FROM item_notices AS told
    LEFT JOIN notices ON notices.corp_pk = told.corp_pk
        AND notices.notice_id = told.notice_id
    LEFT JOIN items ON items.company_id = told.company_id AND items.kind = told.kind
        AND items.item_id = told.item_id
    LEFT JOIN members AS m ON m.corp_pk = told.corp_pk
        AND m.member_pk = told.member_pk
"""  # noqa: S608 - a constant of this module


# Before whatever event there may be.
_NEWEST = (9_223_372_036_854_775_807, "")


def list_of_item(
    connection: Connection,
    company_id: CompanyId,
    kind: ItemKind,
    item_id: str,
    *,
    before: tuple[int, str] | None,
    limit: int,
) -> list[ToldEvent]:
    """The people whom an item's events concerned, the newest event first."""
    return _list_page(
        connection,
        "told.company_id = %(company_id)s AND told.kind = %(kind)s"
        " AND told.item_id = %(item_id)s",
        {"company_id": company_id, "kind": kind.value, "item_id": item_id},
        before=before,
        limit=limit,
    )


def list_of_member(
    connection: Connection,
    corp_pk: CorpPk,
    member_pk: MemberPk,
    *,
    before: tuple[int, str] | None,
    limit: int,
) -> list[ToldEvent]:
    """The events that concerned a member, the newest first."""
    return _list_page(
        connection,
        "told.corp_pk = %(corp_pk)s AND told.member_pk = %(member_pk)s",
        {"corp_pk": corp_pk, "member_pk": member_pk},
        before=before,
        limit=limit,
    )


def _list_page(
    connection: Connection,
    wanted: LiteralString,
    values: Mapping[str, object],
    *,
    before: tuple[int, str] | None,
    limit: int,
) -> list[ToldEvent]:
    mail_id, nick = before or _NEWEST
    with connection.cursor(row_factory=class_row(ToldEvent)) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE {wanted} AND (told.mail_id < %(mail_id)s
                OR told.mail_id = %(mail_id)s AND told.nick > %(nick)s)
            ORDER BY told.mail_id DESC, told.nick LIMIT %(limit)s
            """,
            {**values, "mail_id": mail_id, "nick": nick, "limit": limit},
        )
        return cursor.fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundItem:
    """An item that somebody may look for, with the company it is of."""

    company_id: CompanyId
    kind: ItemKind
    item_id: str
    workspace_id: str
    changed_at: datetime
    deleted: bool


def find_items(
    connection: Connection, company_id: CompanyId, *, ends_with: str, limit: int
) -> list[FoundItem]:
    """Items of a company whose id ends so, those that changed last first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """
            SELECT company_id, kind, item_id, workspace_id, changed_at, deleted
            FROM items
            WHERE company_id = %s AND right(item_id, length(%s)) = %s
            ORDER BY changed_at DESC LIMIT %s
            """,
            [company_id, ends_with, ends_with, limit],
        )
        return [_found(row) for row in cursor]


def count_states(events: Sequence[ToldEvent]) -> dict[str, int]:
    """How many of these are in which state."""
    counts: dict[str, int] = {}
    for each in events:
        counts[each.state] = counts.get(each.state, 0) + 1
    return counts


def _found(row: dict[str, Any]) -> FoundItem:
    return FoundItem(
        company_id=CompanyId(row["company_id"]),
        kind=ItemKind(row["kind"]),
        item_id=row["item_id"],
        workspace_id=row["workspace_id"],
        changed_at=row["changed_at"],
        deleted=row["deleted"],
    )
